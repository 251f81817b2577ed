// The options of one subcommand: CLI11, with the house's rules for durations, numbers, help and complaints.
//
//     options o("ping", "asks hosts whether they answer");
//     std::optional<std::uint64_t> count;
//     duration interval = 1s;
//     o.number("-c,--count", count, {1, 1'000'000}, "stop after N pings");
//     o.duration("-i,--interval", interval, 1s, "wait this long between pings");
//     o.app().add_flag("-n,--numeric", numeric, "no names");
//     if (const auto done = o.parse(argc, argv)) return *done;
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <sonde/base/error.hpp>
#include <sonde/base/time.hpp>

namespace sonde::cli {

/// Both ends included.
struct number_range {
    std::uint64_t least = 0;
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

/// A whole number in decimal, or in hexadecimal after `0x`. The error says what is wrong in one line.
[[nodiscard]] result<std::uint64_t> parse_number(std::string_view text, number_range range);

/// What the user wrote cannot be meant. Thrown by callbacks given to CLI11; `parse` turns it into its one line.
/// `option` may be empty.
[[noreturn]] void refuse(const std::string& option, const std::string& why);

/// Not movable: CLI11 holds references to the variables that it fills, which must outlive it. An option that is given
/// twice counts as given last.
class options {
public:
    /// `command` is the subcommand's name; -h and -V are there from the start.
    options(std::string_view command, const std::string& purpose);
    options(const options&) = delete;
    options& operator=(const options&) = delete;

    /// For flags, positionals and whatever else CLI11 does well.
    [[nodiscard]] CLI::App& app() noexcept { return app_; }

    /// `names` as CLI11 writes them: "-i,--interval". `bare_unit` is what a number without a unit counts.
    template <class Target>
    requires std::assignable_from<Target&, sonde::duration> CLI::Option* duration(const std::string& names,
                                                                                  Target& value,
                                                                                  sonde::duration bare_unit,
                                                                                  const std::string& help) {
        return add_duration(
            names, [&value](sonde::duration d) { value = d; }, bare_unit, help);
    }

    /// Target is an unsigned integer or an optional of one, wide enough for `range.most`.
    template <class Target>
    requires std::assignable_from<Target&, std::uint8_t> CLI::Option* number(const std::string& names, Target& value,
                                                                             number_range range,
                                                                             const std::string& help) {
        return add_number(
            names, [&value](std::uint64_t n) { value = static_cast<narrow<Target>>(n); }, range, help);
    }

    /// The option takes a word that `convert` reads; its failure's text is the complaint.
    CLI::Option* word(const std::string& names, std::function<result<void>(const std::string&)> convert,
                      const std::string& help);

    /// Nothing: go on. A value: the exit code, everything has been said (help and version on stdout, exit 0; one line
    /// on stderr, exit 2). argv[0] is the subcommand's name.
    [[nodiscard]] std::optional<int> parse(int argc, char** argv);

    /// `sonde ping`: what complaints begin with.
    [[nodiscard]] const std::string& title() const noexcept { return title_; }

private:
    template <class Target>
    struct unwrap {
        using type = Target;
    };
    template <class Value>
    struct unwrap<std::optional<Value>> {
        using type = Value;
    };
    template <class Target>
    using narrow = typename unwrap<Target>::type;

    CLI::Option* add_duration(const std::string& names, std::function<void(sonde::duration)> set,
                              sonde::duration bare_unit, const std::string& help);
    CLI::Option* add_number(const std::string& names, std::function<void(std::uint64_t)> set, number_range range,
                            const std::string& help);
    [[nodiscard]] std::string complaint(const CLI::ParseError& error) const;
    [[nodiscard]] std::string unexpected() const;

    std::string title_;
    CLI::App app_;
};

}  // namespace sonde::cli
