#include <algorithm>
#include <array>

#include <cli/recv_explanation.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::cli {

namespace {

constexpr std::uint8_t eigrp = 88;
constexpr std::uint8_t pim = 103;
constexpr std::uint8_t vrrp = 112;

bool has(const recv_settings& s, family f) {
    return std::ranges::find(s.families, f) != s.families.end();
}

std::string headers(const recv_settings& s) {
    if (!has(s, family::v6)) return "with its IP header";
    return has(s, family::v4) ? "with its IP header, which IPv6 withholds" : "without its IPv6 header";
}

/// Where a protocol's datagrams go that nobody hears who is no member.
struct usual_group {
    std::uint8_t protocol;
    std::string_view address;
    std::string_view carries;
};
// IANA's IPv4 and IPv6 multicast address space registries.
constexpr std::array<usual_group, 14> usual_groups{{
    {wire::ip_protocol::ospf, "224.0.0.5", "hellos and all else for OSPF routers"},
    {wire::ip_protocol::ospf, "224.0.0.6", "what is for designated routers"},
    {wire::ip_protocol::ospf, "ff02::5", "hellos and all else for OSPF routers"},
    {wire::ip_protocol::ospf, "ff02::6", "what is for designated routers"},
    {wire::ip_protocol::igmp, "224.0.0.22", "reports of IGMPv3"},
    {wire::ip_protocol::igmp, "224.0.0.2", "leaves of IGMPv2"},
    {wire::ip_protocol::icmpv6, "ff02::2", "router solicitations"},
    {wire::ip_protocol::icmpv6, "ff02::16", "reports of MLDv2"},
    {eigrp, "224.0.0.10", "EIGRP routers"},
    {eigrp, "ff02::a", "EIGRP routers"},
    {pim, "224.0.0.13", "PIM routers"},
    {pim, "ff02::d", "PIM routers"},
    {vrrp, "224.0.0.18", "VRRP routers"},
    {vrrp, "ff02::12", "VRRP routers"},
}};

std::string multicast(const recv_settings& s) {
    std::string text = " Multicast comes for groups that this machine is in";
    std::string joined;
    for (const auto& m : s.groups) {
        fmt::format_to(std::back_inserter(joined), "{}{} on {}", joined.empty() ? "" : ", ",
                       m.group.with_scope(0).to_string(), report::escape_text(m.interface));
    }
    text += joined.empty() ? "." : fmt::format(", now also {}.", joined);
    std::string missing;
    for (const auto& usual : usual_groups) {
        const auto group = ip_address::parse(usual.address).value();
        const bool is_joined =
            std::ranges::any_of(s.groups, [&](const group_membership& m) { return m.group.same_octets(group); });
        if (usual.protocol != s.protocol || !has(s, group.family()) || is_joined) continue;
        fmt::format_to(std::back_inserter(missing), "{}--join {} ({})", missing.empty() ? "" : ", ", usual.address,
                       usual.carries);
    }
    if (!missing.empty()) text += fmt::format(" Others must be joined: {}.", missing);
    if (s.protocol == wire::ip_protocol::igmp) {
        text +=
            " Queries go to 224.0.0.1, which every machine is in; reports of IGMPv1 and IGMPv2 to the group that "
            "they are about.";
    }
    return text;
}

}  // namespace

std::string explain_raw_socket(const recv_settings& s, const socket::raw_ip_rules& rules) {
    const auto known = report::message_protocol_name(s.protocol);
    const std::string name = known.empty() ? fmt::format("protocol {}", s.protocol) : std::string(known);
    const bool transport = s.protocol == wire::ip_protocol::tcp || s.protocol == wire::ip_protocol::udp;
    const bool icmp = s.protocol == wire::ip_protocol::icmp || s.protocol == wire::ip_protocol::icmpv6;
    if (transport && !rules.raw_sees_tcp_and_udp) {
        return fmt::format(
            "On {} the kernel never passes {} to a raw socket: nothing will come. 'sonde sniff {}' sees it.",
            rules.title, name, s.protocol == wire::ip_protocol::tcp ? "tcp" : "udp");
    }
    std::string text = fmt::format(
        "A raw socket on {} gets a copy of each {} datagram that comes in for this machine, {}, after fragments are "
        "put together and after the firewall's INPUT rules: what those drop is not seen. Nor is what this machine "
        "sends to "
        "others, or others to each other ('sonde sniff' sees all of that).",
        rules.title, name, headers(s));
    text += multicast(s);
    if (transport) text += " (BSD systems never pass TCP and UDP to raw sockets.)";
    if (icmp && rules.raw_sees_own_echo_request) {
        text +=
            " On loopback what is sent comes in again, so an echo request shows up as well as its reply: every raw "
            "socket gets a copy of each incoming message.";
    }
    return text;
}

}  // namespace sonde::cli
