// Network namespaces (network_namespaces(7)), by name as ip-netns(8) has them or by path.
#pragma once

#include <string>

#include <sonde/base/error.hpp>

namespace sonde::socket {

/// Takes the calling thread there: what it opens from then on is there. A word with a slash is a path
/// (`/proc/123/ns/net`), any other a name below /run/netns. Needs CAP_SYS_ADMIN. The failure names those that there
/// are.
[[nodiscard]] result<void> enter_network_namespace(const std::string& word);

}  // namespace sonde::socket
