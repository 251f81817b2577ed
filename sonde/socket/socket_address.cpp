#include <arpa/inet.h>
#include <cstring>

#include <sonde/socket/socket_address.hpp>

namespace sonde::socket {

socket_address::socket_address(const ip_address& address, std::uint16_t port) noexcept {
    const bytes_view octets = address.bytes();
    if (address.is_v4()) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        std::memcpy(&in.sin_addr, octets.data(), octets.size());
        std::memcpy(&storage, &in, sizeof in);
        size = sizeof in;
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(port);
        in.sin6_scope_id = address.scope_id();
        std::memcpy(&in.sin6_addr, octets.data(), octets.size());
        std::memcpy(&storage, &in, sizeof in);
        size = sizeof in;
    }
}

ip_address address_of(const void* sockaddr_bytes, std::size_t size) noexcept {
    sa_family_t domain = AF_UNSPEC;
    if (size < sizeof domain) return {};
    std::memcpy(&domain, sockaddr_bytes, sizeof domain);
    if (domain == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in in{};
        std::memcpy(&in, sockaddr_bytes, sizeof in);
        return ip_address::v4(ntohl(in.sin_addr.s_addr));
    }
    if (domain == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 in{};
        std::memcpy(&in, sockaddr_bytes, sizeof in);
        return ip_address::from_bytes(std::as_bytes(std::span{in.sin6_addr.s6_addr}), in.sin6_scope_id);
    }
    return {};
}

std::uint16_t port_of(const socket_address& address) noexcept {
    // The port stands at the same place in both families.
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    return ntohs(in.sin_port);
}

}  // namespace sonde::socket
