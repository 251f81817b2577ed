// What the routing table says of a destination, before anything is sent.
#pragma once

#include <cstdint>
#include <string>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::socket {

/// The source address that the kernel would choose, found by connecting a UDP socket, which sends nothing. `interface`
/// is an index, 0 for any; `source` is bound first unless it is `::`. The failure's code tells why not: ENETUNREACH,
/// EADDRNOTAVAIL, EACCES for a broadcast address, ...
[[nodiscard]] result<ip_address> local_address_for(const ip_address& destination, std::uint32_t interface,
                                                   const ip_address& source);

/// The index of an interface, 0 when there is none of that name.
[[nodiscard]] std::uint32_t interface_index(const std::string& name) noexcept;

}  // namespace sonde::socket
