#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include <sonde/socket/bound_port.hpp>
#include <sonde/socket/control_message.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/udp_socket.hpp>

namespace sonde::socket {

result<udp_socket> udp_socket::open(sonde::family f, const udp_socket_options& options) {
    descriptor fd(::socket(options_of(f).domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
    if (!fd) {
        const int why = errno;
        const std::string_view name = f == family::v4 ? "IPv4" : "IPv6";
        if (why == EAFNOSUPPORT) return system_failure(fmt::format("this system has no {}", name), why);
        return system_failure(fmt::format("cannot open a UDP socket for {}", name), why);
    }
    // Else an IPv6 socket would take the port of IPv4 too.
    if (f == family::v6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, int{1});
    udp_socket socket(std::move(fd), f);
    const auto configured =
        socket.configure({.receive_buffer = options.receive_buffer, .send_buffer = options.send_buffer});
    if (!configured) return configured.error();
    const auto port = bind_any_port(socket.fd(), f, options.source);
    if (!port) return port.error();
    socket.port_ = *port;
    return socket;
}

}  // namespace sonde::socket
