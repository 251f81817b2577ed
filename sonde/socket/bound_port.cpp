#include <cerrno>
#include <sys/socket.h>

#include <fmt/format.h>

#include <sonde/socket/bound_port.hpp>
#include <sonde/socket/socket_address.hpp>

namespace sonde::socket {

result<std::uint16_t> bind_any_port(int fd, family f, const ip_address& source) {
    const ip_address any = f == family::v4 ? ip_address::v4(0) : ip_address{};
    const socket_address wanted(source.is_unspecified() ? any : source);
    socket_address bound;
    bound.size = sizeof bound.storage;
    if (::bind(fd, wanted.data(), wanted.size) != 0 || ::getsockname(fd, bound.data(), &bound.size) != 0) {
        const int why = errno;
        return system_failure(source.is_unspecified() ? "cannot bind a socket to a port of its own"
                                                      : fmt::format("cannot send from {}", source.to_string()),
                              why);
    }
    return port_of(bound);
}

}  // namespace sonde::socket
