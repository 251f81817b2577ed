// UTF-8 (RFC 3629), one code point at a time, and what a code point does on a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sonde::report {

struct code_point {
    char32_t value = 0;
    std::size_t length = 1;  ///< bytes taken, at least 1
    bool valid = false;      ///< overlong forms, surrogates and what lies beyond U+10FFFF are not
};

/// The code point at the beginning of `text`, which is not empty; when it is not valid, its first byte alone.
[[nodiscard]] code_point decode_utf8(std::string_view text) noexcept;

/// Neither seen nor harmless: C0 and C1 controls, DEL, line and paragraph separators, bidirectional controls
/// (UAX #9), zero-width and tag characters, the byte order mark, non-characters.
[[nodiscard]] bool is_unprintable(char32_t value) noexcept;

/// Terminal columns of valid UTF-8 without controls: 2 for East Asian wide characters and emoji, 0 for combining ones.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

/// The longest beginning that takes at most `columns` columns.
[[nodiscard]] std::string_view fit_width(std::string_view text, std::size_t columns) noexcept;

}  // namespace sonde::report
