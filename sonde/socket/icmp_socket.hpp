// A socket that carries ICMP echo messages: an unprivileged datagram socket, or a raw one where those are forbidden.
#pragma once

#include <cstdint>
#include <optional>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/socket/datagram_socket.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

enum class icmp_socket_kind : std::uint8_t {
    datagram,  ///< SOCK_DGRAM: the kernel chooses the identifier and computes the checksum
    raw,       ///< SOCK_RAW with the kernel's ICMP type filter: echo replies and errors only
};

struct icmp_socket_options {
    int receive_buffer = 4 << 20;       ///< bytes to ask for; the system may give less
    int send_buffer = 4 << 20;          ///< the same; pings that wait for ARP or ND stay in it
    std::optional<std::uint32_t> mark;  ///< SO_MARK, needs CAP_NET_ADMIN or CAP_NET_RAW
    bool broadcast = false;             ///< SO_BROADCAST
    /// Source of all that is sent, where messages cannot carry their own (`messages_carry_source`). `::` and IPv4
    /// addresses leave the socket unbound.
    ip_address source = {};
};

/// Carries echo messages, from their type on. What it quotes of an error begins with the ICMP header. Source: icmp(7),
/// raw(7).
class icmp_socket : public datagram_socket {
public:
    /// A datagram socket, or a raw one when those are forbidden and CAP_NET_RAW is permitted. The failure names the
    /// mechanism and the commands that grant it; code EAFNOSUPPORT where the system lacks the family.
    [[nodiscard]] static result<icmp_socket> open(sonde::family f, const icmp_socket_options& options);

    [[nodiscard]] icmp_socket_kind kind() const noexcept { return kind_; }
    /// Of every message that leaves: a datagram socket's "port"; on a raw socket drawn at random, for the caller to
    /// write.
    [[nodiscard]] std::uint16_t identifier() const noexcept { return identifier_; }
    [[nodiscard]] bool delivers_ip_header() const noexcept {
        return kind_ == icmp_socket_kind::raw && family() == family::v4;
    }
    /// Whether `outgoing::source` has an effect. On an IPv6 datagram socket the kernel ignores it (seen): there the
    /// source is `icmp_socket_options::source`, for all messages.
    [[nodiscard]] bool messages_carry_source() const noexcept {
        return family() == family::v4 || kind_ == icmp_socket_kind::raw;
    }

private:
    icmp_socket(descriptor fd, sonde::family f, icmp_socket_kind kind) noexcept;

    [[nodiscard]] result<void> prepare(const icmp_socket_options& options);
    [[nodiscard]] result<void> choose_identifier(const ip_address& source);

    icmp_socket_kind kind_;
    std::uint16_t identifier_ = 0;
};

}  // namespace sonde::socket
