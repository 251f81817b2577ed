#include <sys/socket.h>

#include <fmt/format.h>

#include <sonde/socket/family_options.hpp>
#include <sonde/socket/neighbour.hpp>
#include <sonde/socket/netlink.hpp>

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace sonde::socket {

namespace {

void take_route(next_hop& out, bytes_view message) {
    const auto route = read_netlink<rtmsg>(message);
    out.local = route.rtm_type == RTN_LOCAL;
    out.broadcast = route.rtm_type == RTN_BROADCAST;
    for_each_attribute(message, sizeof(rtmsg), [&](std::uint16_t type, bytes_view data) {
        if (type == RTA_OIF) {
            out.interface = read_netlink<std::uint32_t>(data);
        } else if (type == RTA_GATEWAY) {
            out.address = ip_address::from_bytes(data);
        } else if (type == RTA_VIA && data.size() > sizeof(std::uint16_t)) {
            out.address = ip_address::from_bytes(data.subspan(sizeof(std::uint16_t)));
        } else if (type == RTA_PREFSRC) {
            out.source = ip_address::from_bytes(data);
        }
    });
}

}  // namespace

result<next_hop> next_hop_towards(const ip_address& destination, std::uint32_t interface) {
    auto netlink = netlink_socket::open();
    if (!netlink) return netlink.error();
    rtmsg route{};
    route.rtm_family = static_cast<unsigned char>(options_of(destination.family()).domain);
    route.rtm_dst_len = static_cast<unsigned char>(8 * destination.bytes().size());
    netlink_request request(RTM_GETROUTE, 0, route);
    request.put(RTA_DST, destination.bytes());
    const std::uint32_t out_by = interface != 0 ? interface : destination.scope_id();
    if (out_by != 0) request.put(RTA_OIF, out_by);
    next_hop found;
    found.address = destination;
    const auto outcome = netlink->exchange(request, [&](bytes_view message) { take_route(found, message); });
    if (!outcome.done()) return outcome.to_failure(fmt::format("no route to {}", destination.to_string()));
    return found;
}

std::optional<mac_address> link_address_of(const ip_address& neighbour, std::uint32_t interface) {
    auto netlink = netlink_socket::open();
    if (!netlink) return std::nullopt;
    ndmsg wanted{};
    wanted.ndm_family = static_cast<unsigned char>(options_of(neighbour.family()).domain);
    netlink_request request(RTM_GETNEIGH, NLM_F_DUMP, wanted);
    std::optional<mac_address> found;
    const auto outcome = netlink->exchange(request, [&](bytes_view message) {
        const auto entry = read_netlink<ndmsg>(message);
        constexpr int unusable = NUD_INCOMPLETE | NUD_FAILED;
        if (static_cast<std::uint32_t>(entry.ndm_ifindex) != interface || (entry.ndm_state & unusable) != 0) return;
        ip_address address;
        bytes_view mac;
        for_each_attribute(message, sizeof(ndmsg), [&](std::uint16_t type, bytes_view data) {
            if (type == NDA_DST) address = ip_address::from_bytes(data);
            if (type == NDA_LLADDR) mac = data;
        });
        if (address.same_octets(neighbour) && mac.size() == mac_address::size) found = mac_address::from_bytes(mac);
    });
    if (!outcome.done()) return std::nullopt;
    return found;
}

}  // namespace sonde::socket
