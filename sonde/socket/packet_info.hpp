// Which local address and interface a datagram leaves from, or came in through (IP_PKTINFO, IPV6_PKTINFO: ip(7), RFC
// 3542 section 6).
#pragma once

#include <cstring>
#include <netinet/in.h>

#include <sonde/base/ip_address.hpp>
#include <sonde/socket/control_message.hpp>
#include <sonde/socket/family_options.hpp>

namespace sonde::socket {

/// The larger of the two families'.
inline constexpr std::size_t packet_info_space = CMSG_SPACE(sizeof(in6_pktinfo));

/// `source` counts when it is of the family; `::` and 0 leave the choice to the kernel.
inline void append_packet_info(msghdr& message, family f, const ip_address& source, std::uint32_t interface) noexcept {
    if (f == family::v4) {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(interface);
        if (source.is_v4()) std::memcpy(&info.ipi_spec_dst, source.bytes().data(), sizeof info.ipi_spec_dst);
        append_control(message, IPPROTO_IP, IP_PKTINFO, info);
    } else {
        in6_pktinfo info{};
        info.ipi6_ifindex = interface;
        if (!source.is_v4()) std::memcpy(&info.ipi6_addr, source.bytes().data(), sizeof info.ipi6_addr);
        append_control(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
}

/// Where a datagram came in, and to which address.
struct packet_info {
    ip_address destination;
    std::uint32_t interface = 0;
};

[[nodiscard]] inline packet_info read_packet_info(const cmsghdr& header, family f) noexcept {
    if (f == family::v4) {
        const auto info = read_control<in_pktinfo>(header);
        return {ip_address::v4(ntohl(info.ipi_addr.s_addr)), static_cast<std::uint32_t>(info.ipi_ifindex)};
    }
    const auto info = read_control<in6_pktinfo>(header);
    return {ip_address::from_bytes(std::as_bytes(std::span{info.ipi6_addr.s6_addr})), info.ipi6_ifindex};
}

}  // namespace sonde::socket
