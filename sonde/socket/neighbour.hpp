// Who is the next to take a packet: the routing table's answer for a destination, and the neighbour table's for its
// link address. Reads the kernel's tables (rtnetlink(7)); sends nothing on any link and resolves nothing.
#pragma once

#include <cstdint>
#include <optional>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>

namespace sonde::socket {

/// A value type.
struct next_hop {
    std::uint32_t interface = 0;  ///< index
    ip_address address;           ///< the gateway, or the destination itself on a link of this machine
    ip_address source = {};       ///< `::` when the route prefers none
    bool local = false;           ///< the destination is this machine
    bool broadcast = false;       ///< it is a link's broadcast address
};

/// As the kernel would route a packet to `destination`; `interface` restricts it, 0 for any. The failure's code tells
/// why not: ENETUNREACH, EHOSTUNREACH, ...
[[nodiscard]] result<next_hop> next_hop_towards(const ip_address& destination, std::uint32_t interface);

/// What the neighbour table (ARP, ND) holds for `neighbour` on that interface; nothing when it has not been resolved.
[[nodiscard]] std::optional<mac_address> link_address_of(const ip_address& neighbour, std::uint32_t interface);

}  // namespace sonde::socket
