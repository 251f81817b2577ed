// What `sonde trace` stands on besides ICMP sockets.
#include <array>
#include <cerrno>
#include <poll.h>

#include <fmt/format.h>

#include <sonde/socket/icmp_permission.hpp>
#include <sonde/socket/mechanism.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/segment_socket.hpp>
#include <sonde/socket/udp_socket.hpp>

namespace sonde::socket {

namespace {

constexpr int patience_ms = 100;
constexpr int most_wakes = 5;  // transmit stamps come first

ip_address loopback_of(family f) {
    return f == family::v4 ? ip_address::v4(0x7f000001) : ip_address::parse("::1").value();
}

/// A port of loopback where nobody listens: it was somebody's until just now.
result<std::uint16_t> closed_port(family f) {
    const auto other = udp_socket::open(f, {.source = loopback_of(f)});
    if (!other) return other.error();
    return other->port();
}

/// Whether the kernel said, through the error queue, that the port is unreachable.
bool is_told(udp_socket& socket) {
    receive_batch batch(4, 256);
    for (int wake = 0; wake < most_wakes; ++wake) {
        pollfd ready{socket.fd(), 0, 0};
        if (::poll(&ready, 1, patience_ms) != 1) return false;
        const std::size_t count = socket.receive_errors(batch);
        for (std::size_t i = 0; i < count; ++i) {
            if (socket.error(batch, i).from == queued_error::origin::icmp) return true;
        }
        socket.take_error();
    }
    return false;
}

}  // namespace

mechanism examine_udp_errors(family version) {
    const bool v4 = version == family::v4;
    mechanism m{.name = v4 ? "udp-errors-v4" : "udp-errors-v6",
                .title = v4 ? "UDP errors IPv4" : "UDP errors IPv6",
                .cost = "none",
                .needed_by = {"trace", "watch"}};
    auto socket = udp_socket::open(version, {});
    if (!socket) {
        m.why = socket.error().what;
        if (!v4 && socket.error().code.value() == EAFNOSUPPORT) {
            m.grant = {fmt::format("{}modprobe ipv6", sudo_prefix())};
        }
        return m;
    }
    const ip_address loopback = loopback_of(version);
    const auto port = closed_port(version);
    const std::array<std::byte, 8> nothing{};
    const outgoing out{.datagram = nothing,
                       .destination = loopback,
                       .port = port ? *port : std::uint16_t{1},
                       .source = {},
                       .interface = 0,
                       .hop_limit = {},
                       .traffic_class = {}};
    const auto sent = socket->send(std::span{&out, 1});
    if (sent.error_number != 0) {
        m.found = verdict::limited;
        m.why = system_failure(fmt::format("it opens, but nothing could be sent to {}", loopback.to_string()),
                               sent.error_number)
                    .what;
    } else if (is_told(*socket)) {
        m.found = verdict::works;
        m.why = fmt::format("a closed port of {} came back through the error queue", loopback.to_string());
    } else {
        m.found = verdict::limited;
        m.why = fmt::format("it opens and sends, but a closed port of {} said nothing: does a firewall drop ICMP?",
                            loopback.to_string());
    }
    return m;
}

mechanism examine_tcp_raw() {
    mechanism m{.name = "tcp-raw",
                .title = "raw TCP",
                .cost = "CAP_NET_RAW; without it trace connects instead",
                .needed_by = {"trace", "send", "recv"}};
    const auto socket = segment_socket::open({});
    if (socket) {
        m.found = verdict::works;
        m.why = "opened, with a port of its own";
    } else if (const int code = socket.error().code.value(); code == EPERM || code == EACCES) {
        m.why = capability_refusal(capability::net_raw);
        m.grant = net_raw_grants(examine_icmp_permission());
    } else {
        m.why = socket.error().what;
    }
    return m;
}

}  // namespace sonde::socket
