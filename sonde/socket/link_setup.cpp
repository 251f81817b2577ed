#include <array>
#include <cerrno>
#include <charconv>
#include <net/if.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include <sonde/socket/family_options.hpp>
#include <sonde/socket/link_setup.hpp>
#include <sonde/socket/netlink.hpp>
#include <sonde/socket/privilege.hpp>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

namespace sonde::socket {

namespace {

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

std::uint8_t domain_of(const ip_address& address) noexcept {
    return static_cast<std::uint8_t>(options_of(address.family()).domain);
}

std::string name_of(std::uint32_t interface) {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(interface, name.data()) == nullptr) return fmt::format("interface number {}", interface);
    return shell_word(name.data());
}

/// Refused for want of a privilege: the command that has it.
void add_remedy(failure& f) {
    if (f.code.value() != EPERM) return;
    f.what += fmt::format("; {}", capability_refusal(capability::net_admin));
    f.remedy = fmt::format("As root, or with the capability:\n    {}setcap cap_net_raw,cap_net_admin+ep {}",
                           sudo_prefix(), shell_word(binary_path()));
}

result<void> carry_out(netlink_request& request, const std::string& what) {
    const scoped_capability guard(capability::net_admin);
    auto netlink = netlink_socket::open();
    if (!netlink) return netlink.error();
    const netlink_outcome outcome = netlink->exchange(request);
    if (outcome.done()) return {};
    failure f = outcome.to_failure(what);
    add_remedy(f);
    return f;
}

ifinfomsg link_header(std::uint32_t interface) noexcept {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = static_cast<int>(interface);
    return header;
}

result<void> change_address(std::uint32_t interface, const link_address_setting& a, std::uint16_t type,
                            std::uint16_t flags, std::string_view verb) {
    ifaddrmsg header{};
    header.ifa_family = domain_of(a.address);
    header.ifa_prefixlen = static_cast<std::uint8_t>(a.prefix_length);
    header.ifa_index = interface;
    header.ifa_flags = a.address.is_v4() ? 0 : IFA_F_NODAD;
    netlink_request request(type, flags, header);
    request.put(IFA_LOCAL, a.address.bytes());
    // Without it a host route to the address itself would be all that an IPv4 address brings.
    request.put(IFA_ADDRESS, a.address.bytes());
    auto done = carry_out(request, fmt::format("cannot {} {} {} {}", verb, a.to_string(),
                                               type == RTM_NEWADDR ? "to" : "from", name_of(interface)));
    if (done || done.error().code.value() != EINVAL || a.address.is_v4()) return done;
    failure f = done.error();
    f.what += "; there is no IPv6 where the MTU is below 1280 (RFC 8200 section 5)";
    return f;
}

result<void> change_route(std::uint32_t interface, const link_route& r, std::uint16_t type, std::uint16_t flags,
                          std::string_view verb) {
    rtmsg header{};
    header.rtm_family = domain_of(r.to.network());
    header.rtm_dst_len = static_cast<std::uint8_t>(r.to.length());
    header.rtm_table = RT_TABLE_MAIN;
    if (type == RTM_NEWROUTE) {
        header.rtm_protocol = RTPROT_BOOT;
        header.rtm_type = RTN_UNICAST;
    }
    header.rtm_scope = type == RTM_DELROUTE ? static_cast<unsigned char>(RT_SCOPE_NOWHERE)
                       : r.gateway          ? static_cast<unsigned char>(RT_SCOPE_UNIVERSE)
                                            : static_cast<unsigned char>(RT_SCOPE_LINK);
    netlink_request request(type, flags, header);
    request.put(RTA_DST, r.to.network().bytes()).put(RTA_OIF, interface);
    if (r.gateway) request.put(RTA_GATEWAY, r.gateway->bytes());
    return carry_out(request, fmt::format("cannot {} the route {} by {}", verb, r.to_string(), name_of(interface)));
}

/// Digits and nothing else, at most `most`.
std::optional<unsigned> parse_length(std::string_view digits, unsigned most) noexcept {
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() || length > most) return std::nullopt;
    return length;
}

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::string link_address_setting::to_string() const {
    return fmt::format("{}/{}", address.with_scope(0).to_string(), prefix_length);
}

result<link_address_setting> link_address_setting::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = ip_address::parse(text.substr(0, slash));
    if (!address) return address.error();
    const auto bits = static_cast<unsigned>(8 * address_size(address->family()));
    const auto length = slash == std::string_view::npos ? bits : parse_length(text.substr(slash + 1), bits);
    if (!length) return wrong(fmt::format("'{}': a prefix length from 0 to {} goes behind the slash", text, bits));
    if (address->is_multicast() || address->is_unspecified()) {
        return wrong(fmt::format("'{}' is no address that an interface can have", text));
    }
    return link_address_setting{address->with_scope(0), *length};
}

prefix link_address_setting::link() const {
    return prefix::parse(to_string()).value();
}

std::string link_route::to_string() const {
    const std::string text = fmt::format("{}/{}", to.network().to_string(), to.length());
    return gateway ? fmt::format("{} via {}", text, gateway->to_string()) : text;
}

result<link_route> link_route::parse(std::string_view text) {
    constexpr std::string_view word = " via ";
    const std::size_t via = text.find(word);
    link_route route;
    if (via != std::string_view::npos) {
        const auto gateway = ip_address::parse(trimmed(text.substr(via + word.size())));
        if (!gateway) return gateway.error();
        route.gateway = *gateway;
    }
    std::string destination(trimmed(text.substr(0, via)));
    if (destination == "default") {
        if (!route.gateway) return wrong("'default' needs to be told the family: write 0.0.0.0/0 or ::/0");
        destination = route.gateway->is_v4() ? "0.0.0.0/0" : "::/0";
    } else if (destination.find('/') == std::string::npos) {
        const auto lone = ip_address::parse(destination);
        if (!lone) return lone.error();
        destination += lone->is_v4() ? "/32" : "/128";
    }
    const auto to = prefix::parse(destination);
    if (!to) return to.error();
    route.to = *to;
    if (route.gateway && route.gateway->is_v4() != to->network().is_v4()) {
        return wrong(fmt::format("'{}': gateway and destination are not of one family", text));
    }
    return route;
}

result<void> change_link(std::uint32_t interface, const link_change& change) {
    const std::string what = fmt::format("cannot set up {}", name_of(interface));
    if (change.link_local) {
        // By itself and first: in one request the link would come up before, and the address with it.
        const std::uint8_t mode = *change.link_local ? IN6_ADDR_GEN_MODE_EUI64 : IN6_ADDR_GEN_MODE_NONE;
        netlink_request request(RTM_SETLINK, 0, link_header(interface));
        request.put_nested(IFLA_AF_SPEC, [&](netlink_request& families) {
            families.put_nested(AF_INET6, [&](netlink_request& v6) { v6.put(IFLA_INET6_ADDR_GEN_MODE, mode); });
        });
        if (const auto done = carry_out(request, what); !done) return done.error();
    }
    ifinfomsg header = link_header(interface);
    if (change.up) {
        header.ifi_change = IFF_UP;
        header.ifi_flags = *change.up ? IFF_UP : 0;
    }
    netlink_request request(RTM_NEWLINK, 0, header);
    if (change.mtu) request.put(IFLA_MTU, *change.mtu);
    if (change.alias) request.put(IFLA_IFALIAS, std::string_view{*change.alias});
    return carry_out(request, what);
}

result<void> delete_link(std::uint32_t interface) {
    netlink_request request(RTM_DELLINK, 0, link_header(interface));
    return carry_out(request, fmt::format("cannot delete {}", name_of(interface)));
}

result<void> add_address(std::uint32_t interface, const link_address_setting& address) {
    return change_address(interface, address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "add");
}

result<void> remove_address(std::uint32_t interface, const link_address_setting& address) {
    return change_address(interface, address, RTM_DELADDR, 0, "take");
}

result<void> add_route(std::uint32_t interface, const link_route& route) {
    return change_route(interface, route, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "add");
}

result<void> remove_route(std::uint32_t interface, const link_route& route) {
    return change_route(interface, route, RTM_DELROUTE, 0, "remove");
}

}  // namespace sonde::socket
