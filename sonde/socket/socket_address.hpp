// ip_address to and from the kernel's sockaddr.
#pragma once

#include <array>
#include <cstddef>
#include <netinet/in.h>
#include <sys/socket.h>

#include <sonde/base/ip_address.hpp>

namespace sonde::socket {

/// An address (no port) with its length, as system calls take it. A value type.
struct socket_address {
    /// As large as an address of these families gets: sockaddr_storage's 128 bytes are cleared for each message.
    alignas(sockaddr_in6) std::array<std::byte, sizeof(sockaddr_in6)> storage{};
    socklen_t size = 0;

    socket_address() noexcept = default;
    explicit socket_address(const ip_address& address, std::uint16_t port = 0) noexcept;

    [[nodiscard]] const sockaddr* data() const noexcept {
        return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
    }
    [[nodiscard]] sockaddr* data() noexcept { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
};

/// From what a system call filled in: `::` for another family than IPv4 and IPv6, or fewer bytes than it needs.
[[nodiscard]] ip_address address_of(const void* sockaddr_bytes, std::size_t size) noexcept;

/// The port field, which on an ICMP datagram socket is the identifier.
[[nodiscard]] std::uint16_t port_of(const socket_address& address) noexcept;

}  // namespace sonde::socket
