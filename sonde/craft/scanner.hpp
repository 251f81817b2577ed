// The words of a packet description: names, values, quoted text and bytes, each with its column. Knows no protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/craft/description_error.hpp>

namespace sonde::craft {

/// A value as it stands in the text.
struct written_value {
    enum class form : std::uint8_t {
        word,   ///< `64`, `0x40`, `127.0.0.1`, `SYN+ACK`
        bytes,  ///< `"text"`, `'text'` or `hex(00ff)`
        list,   ///< `[1, 2]`
    };
    form kind = form::word;
    std::string word = {};
    std::vector<std::byte> bytes = {};
    std::vector<written_value> items = {};
    std::size_t column = 1;
};

/// `name`, `name=value`, or `name(argument, ...)` for an option that has fields of its own.
struct written_argument {
    std::string name;
    std::size_t column = 1;
    std::optional<written_value> value = {};
    std::vector<written_argument> arguments = {};
};

/// `name`, `name(argument, ...)`, or bytes without a header.
struct written_layer {
    std::string name;              ///< in lower case; empty for bytes
    std::vector<std::byte> bytes;  ///< of `"text"`, `hex(...)` and `zeros(N)`
    std::vector<written_argument> arguments;
    std::size_t column = 1;
    std::size_t end = 1;  ///< the column after its last character
};

/// The most bytes that one description may stand for: more is no packet of any door.
inline constexpr std::size_t most_bytes = 65535 + 64;

/// `layer/layer/...`. Never empty. Any text is read or refused in linear time.
[[nodiscard]] described<std::vector<written_layer>> scan(std::string_view text);

/// A whole number in decimal, or in hexadecimal after `0x`; nothing for all else and above 64 bits.
[[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view word);

/// Pairs of hexadecimal digits, blanks and colons between them allowed. `first_column` is that of the first digit.
[[nodiscard]] described<std::vector<std::byte>> bytes_in(std::string_view digits, std::size_t first_column);

}  // namespace sonde::craft
