// TOML as plain data that knows its lines. The one file of the project that includes toml++ is behind this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sonde/base/error.hpp>

namespace sonde::sim {

struct toml_member;
struct toml_value;
using toml_array = std::vector<toml_value>;
using toml_table = std::vector<toml_member>;  ///< ascending by key

/// A date or a time: nothing here has a use for one.
struct toml_date {};

/// A value type.
struct toml_value {
    std::uint32_t line = 0;  ///< where it begins, from 1
    std::variant<toml_date, toml_table, toml_array, std::string, std::int64_t, double, bool> data;

    template <class T>
    [[nodiscard]] const T* as() const noexcept {
        return std::get_if<T>(&data);
    }
    /// `a table`, `text`, `a number`, ...: for messages.
    [[nodiscard]] std::string_view kind() const noexcept;
};

struct toml_member {
    std::string key;
    std::uint32_t line = 0;  ///< of the key
    toml_value value;
};

/// One line that is safe to show, whatever it is made of: what is not printable ASCII is written as \xNN, and what is
/// long is cut.
[[nodiscard]] std::string shown(std::string_view text);

/// The table that the whole text is: TOML 1.0, in ASCII outside of comments, without text in three quotes. The failure
/// is one line, `FILE:LINE: what is wrong`. Text of any kind is survived; nesting is bounded.
[[nodiscard]] result<toml_value> parse_toml(std::string_view text, std::string_view file);

}  // namespace sonde::sim
