// A UDP socket for probes: one local port, any destinations. Needs no privilege.
#pragma once

#include <cstdint>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/socket/datagram_socket.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

struct udp_socket_options {
    int receive_buffer = 1 << 20;  ///< bytes to ask for; the system may give less
    int send_buffer = 1 << 20;
    ip_address source = {};  ///< bound to, unless `::`: only answers to it are received
};

/// Carries payloads; the kernel makes the UDP header, with its checksum. What it quotes of an error is the payload.
/// Source: udp(7).
class udp_socket : public datagram_socket {
public:
    /// The failure names what was refused; code EAFNOSUPPORT where the system lacks the family, EADDRNOTAVAIL where
    /// `source` is not this machine's.
    [[nodiscard]] static result<udp_socket> open(sonde::family f, const udp_socket_options& options);

    /// The source port of all that is sent.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    udp_socket(descriptor fd, sonde::family f) noexcept : datagram_socket(std::move(fd), f) {}
    std::uint16_t port_ = 0;
};

}  // namespace sonde::socket
