// Words on a terminal: how wide it is, whether it takes colour, and where lines break.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::cli {

/// Columns of the terminal behind stdout; else $COLUMNS; else 80. Never below 40.
[[nodiscard]] std::size_t output_columns() noexcept;

/// Whether stdout is a terminal that takes colour: not when NO_COLOR is set or TERM is `dumb`.
[[nodiscard]] bool output_takes_colour() noexcept;

/// Whether what reads stdout takes box characters and other letters than ASCII, by the locale.
[[nodiscard]] bool output_takes_unicode() noexcept;

/// Breaks at spaces into lines of at most `columns` columns; a longer word keeps a line for itself. Never empty.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

/// `text` and spaces up to `columns` columns.
[[nodiscard]] std::string pad(std::string_view text, std::size_t columns);

enum class colour : std::uint8_t { none, bold, dim, red, green, yellow };

/// `text` between the escape sequences of `wanted`; as it is without colour.
[[nodiscard]] std::string paint(std::string_view text, colour wanted, bool takes_colour);

}  // namespace sonde::cli
