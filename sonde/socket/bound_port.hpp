// A local port of one's own.
#pragma once

#include <cstdint>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::socket {

/// Binds a socket to an address (`::` for any) and a port that the kernel chooses, which it returns. The failure names
/// the address.
[[nodiscard]] result<std::uint16_t> bind_any_port(int fd, family f, const ip_address& source);

}  // namespace sonde::socket
