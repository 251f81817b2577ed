// A whole file as text, as the user names it.
#pragma once

#include <string>
#include <string_view>

#include <sonde/base/error.hpp>

namespace sonde::cli {

/// Reads a file, or standard input for `-`; pipes and devices are read to their end. `what` names it in the failure:
/// `cannot read WHAT 'PATH': ...`.
[[nodiscard]] result<std::string> file_text(const std::string& path, std::string_view what);

}  // namespace sonde::cli
