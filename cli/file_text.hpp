// A whole file as text, as the user names it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sonde/base/error.hpp>

namespace sonde::cli {

/// More than any list or scenario needs; /dev/zero has more.
inline constexpr std::size_t file_text_limit = std::size_t{256} << 20;

/// Reads a file, or standard input for `-`; pipes and devices are read to their end, or to `file_text_limit`, which is
/// a failure. `what` names it in the failure: `cannot read WHAT 'PATH': ...`.
[[nodiscard]] result<std::string> file_text(const std::string& path, std::string_view what);

}  // namespace sonde::cli
