// TCP segments made by hand: a raw socket, and a local port that no connection of this machine gets meanwhile.
#pragma once

#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/raw_socket.hpp>

namespace sonde::socket {

struct segment_socket_options {
    sonde::family family = family::v4;
    ip_address source = {};       ///< bound to, unless `::`
    std::uint32_t interface = 0;  ///< index: sends and receives through it alone
};

/// Receives what handshakes are answered with: SYN-ACK and reset segments to its port and those that follow (`ports`
/// together; behind 65,535 comes 1,024), and nothing else. The kernel knows nobody who asked for them, so it resets
/// what is opened. Needs CAP_NET_RAW, raised around the opening alone. One thread at a time. Source: tcp(7), raw(7),
/// RFC 9293.
class segment_socket {
public:
    [[nodiscard]] static result<segment_socket> open(const segment_socket_options& options);

    /// From how many ports in a row answers are heard: enough for the flows of any balancer.
    static constexpr std::uint32_t ports = 8192;

    /// The source port to write into segments, or the first of several: this one is reserved, the others are not.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] raw_socket& raw() noexcept { return raw_; }
    [[nodiscard]] const raw_socket& raw() const noexcept { return raw_; }

private:
    segment_socket(raw_socket raw, descriptor reserved, std::uint16_t port) noexcept
        : raw_(std::move(raw)), reserved_(std::move(reserved)), port_(port) {}

    raw_socket raw_;
    descriptor reserved_;  // bound, never connected
    std::uint16_t port_;
};

}  // namespace sonde::socket
