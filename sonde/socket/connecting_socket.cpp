#include <cerrno>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <fmt/format.h>

#include <sonde/socket/bound_port.hpp>
#include <sonde/socket/connecting_socket.hpp>
#include <sonde/socket/control_message.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/socket_address.hpp>

#include <linux/net_tstamp.h>

namespace sonde::socket {

namespace {

failure refusal(std::string_view what, const ip_address& destination) {
    const int why = errno;
    return system_failure(fmt::format("cannot {} a connection to {}", what, destination.to_string()), why);
}

/// False: `errno` says why.
bool prepare(int fd, const connection_request& request) noexcept {
    const family_options names = options_of(request.destination.family());
    const linger reset_at_close{.l_onoff = 1, .l_linger = 0};
    const unsigned stamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPING, stamps);
    if (!set_option(fd, SOL_SOCKET, SO_LINGER, reset_at_close) || !ask_for_errors(fd, request.destination.family())) {
        return false;
    }
    const int hop_limit = request.hop_limit.value_or(0);
    if (request.hop_limit && !set_option(fd, names.level, names.send_hop_limit, hop_limit)) return false;
    const int traffic_class = request.traffic_class.value_or(0);
    if (request.traffic_class && !set_option(fd, names.level, names.traffic_class, traffic_class)) return false;
    const int interface = static_cast<int>(request.interface);
    if (interface == 0) return true;
    // The system takes an index that does not exist.
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(request.interface, name.data()) == nullptr) {
        errno = ENODEV;
        return false;
    }
    return set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, interface);
}

}  // namespace

result<connecting_socket> connecting_socket::begin(const connection_request& request) {
    const sonde::family f = request.destination.family();
    descriptor fd(::socket(options_of(f).domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!fd) return refusal("open a socket for", request.destination);
    if (!prepare(fd.get(), request)) return refusal("prepare", request.destination);
    if (!request.source.is_unspecified()) {
        if (const auto bound = bind_any_port(fd.get(), f, request.source); !bound) return bound.error();
    }
    connecting_socket socket(std::move(fd), f);
    const socket_address to(request.destination, request.port);
    if (::connect(socket.fd(), to.data(), to.size) != 0 && errno != EINPROGRESS) {
        // On loopback the reset comes before the call is over.
        if (errno != ECONNREFUSED) return refusal("begin", request.destination);
        socket.failed_at_once_ = errno;
    }
    return socket;
}

std::optional<queued_error> connecting_socket::next_error() noexcept {
    alignas(cmsghdr) std::array<std::byte, receive_control_size> control;
    socket_address name;
    iovec vector{quoted_.data(), quoted_.size()};
    msghdr message{};
    message.msg_name = name.data();
    message.msg_namelen = sizeof name.storage;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    return read_queued_error(message, bytes_view{quoted_}.first(static_cast<std::size_t>(size)), family_);
}

// The queue first: the socket's error is the same for a reset and a port that a router says is unreachable.
connecting_socket::report connecting_socket::look() noexcept {
    while (const auto entry = next_error()) {
        if (entry->from == queued_error::origin::icmp) {
            return {.what = state::icmp_error, .error_number = entry->error_number, .error = *entry};
        }
    }
    const int pending = take_pending_error(fd());
    const int why = failed_at_once_ != 0 ? failed_at_once_ : pending;
    if (why == ECONNREFUSED) return {.what = state::refused, .error_number = why};
    if (why != 0) return {.what = state::failed, .error_number = why};
    pollfd ready{fd(), POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0) return {.what = state::connected};
    return {};
}

}  // namespace sonde::socket
