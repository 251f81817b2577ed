// What a frame begins with.
#pragma once

#include <cstdint>

namespace sonde {

/// The values are the capture files' (LINKTYPE_*, https://www.tcpdump.org/linktypes.html).
enum class link_type : std::uint16_t {
    null_loopback = 0,   ///< BSD loopback: 4 bytes of address family in the host order of the capturing machine
    ethernet = 1,        ///< also Linux's loopback and TAP devices
    raw_ip = 101,        ///< IPv4 or IPv6, told by the version: TUN devices, raw sockets
    linux_cooked = 113,  ///< `-i any` of older tools: 16 bytes of packet type, hardware type, address, protocol
    raw_ipv4 = 228,
    raw_ipv6 = 229,
    linux_cooked_v2 = 276,  ///< `-i any`: 20 bytes, protocol first, with the interface's index
};

}  // namespace sonde
