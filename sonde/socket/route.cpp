#include <cerrno>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/socket/socket_address.hpp>

namespace sonde::socket {

namespace {

constexpr std::uint16_t discard_port = 9;

bool leave_by(int fd, family f, std::uint32_t interface) noexcept {
    // The routing choice alone, without the privilege that SO_BINDTODEVICE once asked for; in network byte order.
    const std::uint32_t index = htonl(interface);
    return setsockopt(fd, options_of(f).level, f == family::v4 ? IP_UNICAST_IF : IPV6_UNICAST_IF, &index,
                      sizeof index) == 0;
}

}  // namespace

result<ip_address> local_address_for(const ip_address& destination, std::uint32_t interface, const ip_address& source) {
    const descriptor fd{::socket(options_of(destination.family()).domain, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!fd) return system_failure("socket", errno);
    if (interface != 0 && !leave_by(fd.get(), destination.family(), interface))
        return system_failure("interface", errno);
    if (!source.is_unspecified()) {
        const socket_address from(source);
        if (bind(fd.get(), from.data(), from.size) != 0) return system_failure("bind", errno);
    }
    const socket_address to(destination, discard_port);
    socket_address local;
    local.size = sizeof local.storage;
    if (connect(fd.get(), to.data(), to.size) != 0) return system_failure("connect", errno);
    if (getsockname(fd.get(), local.data(), &local.size) != 0) return system_failure("getsockname", errno);
    return address_of(local.data(), local.size);
}

std::uint32_t interface_index(const std::string& name) noexcept {
    return if_nametoindex(name.c_str());
}

}  // namespace sonde::socket
