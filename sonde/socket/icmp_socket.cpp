#include <array>
#include <cerrno>
#include <random>
#include <sys/socket.h>

#include <fmt/format.h>

#include <sonde/socket/control_message.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/icmp_permission.hpp>
#include <sonde/socket/icmp_socket.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/socket_address.hpp>

#include <linux/icmp.h>
#include <linux/icmpv6.h>

namespace sonde::socket {

namespace {

constexpr std::uint8_t echo_reply_v4 = 0;
constexpr std::uint8_t echo_reply_v6 = 129;

descriptor open_descriptor(const family_options& f, int type) noexcept {
    return descriptor{::socket(f.domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, f.icmp_protocol)};
}

bool let_only_echo_replies_in(int fd, family f) noexcept {
    // A set bit blocks the type. Errors come through the error queue, which the filter does not touch.
    if (f == family::v4) {
        icmp_filter filter{};
        filter.data = ~(1U << echo_reply_v4);
        return set_option(fd, SOL_RAW, ICMP_FILTER, filter);
    }
    std::array<std::uint32_t, 8> filter{};
    filter.fill(~0U);
    filter[echo_reply_v6 / 32] &= ~(1U << (echo_reply_v6 % 32));
    return set_option(fd, SOL_ICMPV6, ICMPV6_FILTER, filter);
}

}  // namespace

icmp_socket::icmp_socket(descriptor fd, sonde::family f, icmp_socket_kind kind) noexcept
    : datagram_socket(std::move(fd), f), kind_(kind) {}

result<icmp_socket> icmp_socket::open(sonde::family f, const icmp_socket_options& options) {
    const family_options names = options_of(f);
    icmp_socket_kind kind = icmp_socket_kind::datagram;
    descriptor fd = open_descriptor(names, SOCK_DGRAM);
    if (!fd && (errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT)) {
        const scoped_capability raise(capability::net_raw);
        kind = icmp_socket_kind::raw;
        fd = open_descriptor(names, SOCK_RAW);
        if (!fd && (errno == EPERM || errno == EACCES)) return icmp_permission_failure();
    }
    const std::string_view name = f == family::v4 ? "IPv4" : "IPv6";
    if (!fd) {
        const int why = errno;
        if (why == EAFNOSUPPORT) return system_failure(fmt::format("this system has no {}", name), why);
        return system_failure(fmt::format("cannot open an ICMP socket for {}", name), why);
    }
    icmp_socket socket(std::move(fd), f, kind);
    if (const auto configured = socket.prepare(options); !configured) return configured.error();
    return socket;
}

result<void> icmp_socket::prepare(const icmp_socket_options& options) {
    if (kind_ == icmp_socket_kind::raw && !let_only_echo_replies_in(fd(), family())) {
        return system_failure("cannot filter ICMP types on a raw socket", errno);
    }
    const auto configured = configure({.receive_buffer = options.receive_buffer,
                                       .send_buffer = options.send_buffer,
                                       .mark = options.mark,
                                       .broadcast = options.broadcast});
    return configured ? choose_identifier(options.source) : configured;
}

result<void> icmp_socket::choose_identifier(const ip_address& source) {
    if (kind_ == icmp_socket_kind::raw) {
        std::random_device random;
        identifier_ = static_cast<std::uint16_t>(random());
        return {};
    }
    const ip_address unbound = family() == family::v4 ? ip_address::v4(0) : ip_address{};
    const socket_address wanted(family() == family::v6 && source.family() == family::v6 ? source : unbound);
    socket_address bound;
    bound.size = sizeof bound.storage;
    if (bind(fd(), wanted.data(), wanted.size) != 0 || getsockname(fd(), bound.data(), &bound.size) != 0) {
        return system_failure("cannot bind an ICMP datagram socket", errno);
    }
    identifier_ = port_of(bound);
    return {};
}

}  // namespace sonde::socket
