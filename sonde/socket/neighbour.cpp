#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <vector>

#include <fmt/format.h>

#include <sonde/base/bytes.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/family_options.hpp>
#include <sonde/socket/neighbour.hpp>

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace sonde::socket {

namespace {

constexpr std::size_t answer_size = 32768;

template <class T>
T read_at(bytes_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
    const auto bytes = std::as_bytes(std::span{&value, 1});
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_attribute(std::vector<std::byte>& out, std::uint16_t type, bytes_view data) {
    append(out, rtattr{static_cast<unsigned short>(sizeof(rtattr) + data.size()), type});
    out.insert(out.end(), data.begin(), data.end());
    out.resize(NLMSG_ALIGN(out.size()));
}

/// One request, and each message of its answer to `take`. Returns an errno value, 0 when all went well.
template <class Take>
int ask(std::uint16_t type, std::uint16_t flags, const std::vector<std::byte>& body, Take take) {
    const descriptor fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (!fd) return errno;
    std::vector<std::byte> request;
    append(request, nlmsghdr{static_cast<std::uint32_t>(sizeof(nlmsghdr) + body.size()), type,
                             static_cast<std::uint16_t>(NLM_F_REQUEST | flags), 1, 0});
    request.insert(request.end(), body.begin(), body.end());
    if (::send(fd.get(), request.data(), request.size(), 0) < 0) return errno;
    std::vector<std::byte> buffer(answer_size);
    for (;;) {
        const ssize_t size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno;
        bytes_view rest{buffer.data(), static_cast<std::size_t>(size)};
        while (rest.size() >= sizeof(nlmsghdr)) {
            const auto header = read_at<nlmsghdr>(rest, 0);
            if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > rest.size()) return EPROTO;
            const bytes_view message = rest.subspan(sizeof(nlmsghdr), header.nlmsg_len - sizeof(nlmsghdr));
            if (header.nlmsg_type == NLMSG_DONE) return 0;
            if (header.nlmsg_type == NLMSG_ERROR) {
                return message.size() < sizeof(int) ? EPROTO : -read_at<int>(message, 0);
            }
            take(message);
            if ((header.nlmsg_flags & NLM_F_MULTI) == 0) return 0;
            rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
        }
    }
}

template <class Take>
void for_each_attribute(bytes_view message, std::size_t fixed, Take take) {
    if (message.size() < NLMSG_ALIGN(fixed)) return;
    bytes_view rest = message.subspan(NLMSG_ALIGN(fixed));
    while (rest.size() >= sizeof(rtattr)) {
        const auto header = read_at<rtattr>(rest, 0);
        if (header.rta_len < sizeof(rtattr) || header.rta_len > rest.size()) return;
        take(header.rta_type, rest.subspan(sizeof(rtattr), header.rta_len - sizeof(rtattr)));
        rest = rest.subspan(std::min<std::size_t>(RTA_ALIGN(header.rta_len), rest.size()));
    }
}

void take_route(next_hop& out, bytes_view message) {
    if (message.size() < sizeof(rtmsg)) return;
    const auto route = read_at<rtmsg>(message, 0);
    out.local = route.rtm_type == RTN_LOCAL;
    out.broadcast = route.rtm_type == RTN_BROADCAST;
    for_each_attribute(message, sizeof(rtmsg), [&](std::uint16_t type, bytes_view data) {
        if (type == RTA_OIF && data.size() >= sizeof(int)) {
            out.interface = static_cast<std::uint32_t>(read_at<int>(data, 0));
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
    std::vector<std::byte> body;
    rtmsg route{};
    route.rtm_family = static_cast<unsigned char>(options_of(destination.family()).domain);
    route.rtm_dst_len = static_cast<unsigned char>(8 * destination.bytes().size());
    append(body, route);
    append_attribute(body, RTA_DST, destination.bytes());
    const std::uint32_t out_by = interface != 0 ? interface : destination.scope_id();
    if (out_by != 0) append_attribute(body, RTA_OIF, std::as_bytes(std::span{&out_by, 1}));
    next_hop found;
    found.address = destination;
    const int why = ask(RTM_GETROUTE, 0, body, [&](bytes_view message) { take_route(found, message); });
    if (why != 0) return system_failure(fmt::format("no route to {}", destination.to_string()), why);
    return found;
}

std::optional<mac_address> link_address_of(const ip_address& neighbour, std::uint32_t interface) {
    std::vector<std::byte> body;
    ndmsg wanted{};
    wanted.ndm_family = static_cast<unsigned char>(options_of(neighbour.family()).domain);
    append(body, wanted);
    std::optional<mac_address> found;
    const int why = ask(RTM_GETNEIGH, NLM_F_DUMP, body, [&](bytes_view message) {
        if (message.size() < sizeof(ndmsg)) return;
        const auto entry = read_at<ndmsg>(message, 0);
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
    if (why != 0) return std::nullopt;
    return found;
}

}  // namespace sonde::socket
