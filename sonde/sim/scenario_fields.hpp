// The fields of one table of a scenario file: taken by name and type, with one error line for whatever is not as it
// should be, and for whatever nobody took.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/prefix.hpp>
#include <sonde/base/time.hpp>
#include <sonde/sim/scenario.hpp>
#include <sonde/sim/toml_document.hpp>

namespace sonde::sim {

/// The first error of a file. What is read after it does not matter.
class file_complaint {
public:
    explicit file_complaint(std::string_view file) : file_(shown(file)) {}

    /// `FILE:LINE: what; expected`. Only the first is kept.
    void error(std::uint32_t line, std::string_view what, std::string_view expected);
    /// `FILE:LINE: whole`
    void error(std::uint32_t line, std::string_view whole);
    [[nodiscard]] std::string at_line(std::uint32_t line, std::string_view what) const;
    [[nodiscard]] bool given() const noexcept { return error_.has_value(); }
    [[nodiscard]] failure take() const;

private:
    std::string file_;
    std::optional<std::string> error_;
};

/// `did you mean 'x'?` where one of `known` is near to `word`, otherwise `expected one of ...`.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known);

/// 10Mbit, 2.5Gbit, 64kbit, or a bare number: bits a second.
[[nodiscard]] std::optional<double> parse_bandwidth(std::string_view text);
/// 2%, 0.5%, or 0.02.
[[nodiscard]] std::optional<double> parse_share(std::string_view text);

/// Borrows the value and the complaint. Each `read` leaves its result alone where the key is missing, and takes the
/// key: what no `read` or `take` asked for is an unknown key to `finish`.
class scenario_fields {
public:
    /// `what` it is, for messages: `a node`. Empty, and complained about, when the value is no table.
    scenario_fields(file_complaint& complaint, const toml_value& value, std::string what);

    [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
    [[nodiscard]] file_complaint& complaint() noexcept { return complaint_; }
    [[nodiscard]] bool has(std::string_view key) const noexcept;
    [[nodiscard]] const toml_value* take(std::string_view key);
    /// Whatever it is, `finish` does not mind it.
    void allow(std::string_view key) { (void)take(key); }
    /// As a list: a value that is none is a list of one.
    [[nodiscard]] std::vector<const toml_value*> take_list(std::string_view key);
    /// `key` must be there; where it is not, `finish` says so.
    void require(std::string_view key, std::string_view expected);
    void wrong(const toml_value& value, std::string_view key, std::string_view expected);

    void read(std::string_view key, bool& out);
    void read(std::string_view key, std::string& out);
    void read(std::string_view key, duration& out);
    void read_share(std::string_view key, double& out);
    void read_bandwidth(std::string_view key, double& out);
    void read_rate(std::string_view key, double& out);
    void read_addresses(std::string_view key, std::vector<interface_address>& out);
    void read_prefixes(std::string_view key, std::vector<prefix>& out);
    void read_names(std::string_view key, std::vector<std::string>& out);

    template <std::unsigned_integral T>
    void read(std::string_view key, T& out, std::uint64_t least = 0,
              std::uint64_t most = std::numeric_limits<T>::max()) {
        if (const auto number = whole_number(key, least, most)) out = static_cast<T>(*number);
    }
    template <std::unsigned_integral T>
    void read(std::string_view key, std::optional<T>& out, std::uint64_t least = 0,
              std::uint64_t most = std::numeric_limits<T>::max()) {
        if (const auto number = whole_number(key, least, most)) out = static_cast<T>(*number);
    }
    template <class T>
    using words = std::vector<std::pair<std::string, T>>;
    template <class T>
    void read_word(std::string_view key, T& out, const words<T>& known) {
        const auto* value = take(key);
        if (value == nullptr) return;
        if (const auto index = word_index(*value, key, names_of(known))) out = known[*index].second;
    }

    template <class T>
    [[nodiscard]] static std::vector<std::string> names_of(const words<T>& known) {
        std::vector<std::string> names;
        for (const auto& [name, meaning] : known) names.push_back(name);
        return names;
    }
    [[nodiscard]] std::optional<std::size_t> word_index(const toml_value& value, std::string_view key,
                                                        const std::vector<std::string>& known);

    /// Complains about the keys that nobody took, and only then about those that are missing: the one may be the other,
    /// mistyped.
    void finish();

private:
    std::optional<std::uint64_t> whole_number(std::string_view key, std::uint64_t least, std::uint64_t most);
    std::optional<double> real_number(const toml_value& value) const;

    file_complaint& complaint_;
    const toml_table* table_;
    std::uint32_t line_;
    std::string what_;
    std::vector<std::string> asked_;
    std::vector<std::pair<std::string, std::string>> missing_;
};

/// `10.0.0.1` or `2001:db8::1/64`, that an interface may have. The error says what is wrong in one line.
[[nodiscard]] result<interface_address> parse_interface_address(std::string_view text);
/// A prefix, an address for itself alone, or (for both families) `default`.
[[nodiscard]] result<std::vector<prefix>> parse_destination(std::string_view text);

}  // namespace sonde::sim
