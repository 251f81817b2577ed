// The sockets of a command that asks many targets of either family: opened at the start, and then no privilege is left.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <cli/target_list.hpp>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::cli {

/// Calls `open` for each family that a target has, or may turn out to have when its name is resolved, and gives up
/// every capability. False where none could be opened, or a capability stayed; what went wrong has been said, with
/// `title` before it. Where names are still to be resolved, a family without a socket is no trouble yet.
[[nodiscard]] bool open_families(std::string_view title, const std::vector<listed_target>& targets,
                                 std::optional<family> only, const std::function<std::optional<failure>(family)>& open);

}  // namespace sonde::cli
