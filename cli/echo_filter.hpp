// Which frames a responder is woken for.
#pragma once

#include <sonde/socket/bpf_filter.hpp>

namespace sonde::cli {

/// For the kernel alone: it reads the kernel's ancillary data, so that it fits Ethernet and raw IP, tagged or not. Of
/// what comes in: ARP, IPv4's ICMP, IPv6 but TCP and UDP. Of what leaves: echo replies.
[[nodiscard]] socket::bpf_filter echo_filter();

}  // namespace sonde::cli
