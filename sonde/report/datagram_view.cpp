#include <sonde/report/datagram_view.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::report {

namespace {

std::optional<wire::protocol> known(std::uint8_t number) noexcept {
    switch (number) {
        case wire::ip_protocol::icmp:
            return wire::protocol::icmp;
        case wire::ip_protocol::igmp:
            return wire::protocol::igmp;
        case wire::ip_protocol::tcp:
            return wire::protocol::tcp;
        case wire::ip_protocol::udp:
            return wire::protocol::udp;
        case wire::ip_protocol::icmpv6:
            return wire::protocol::icmpv6;
        case wire::ip_protocol::ospf:
            return wire::protocol::ospf;
        default:
            return std::nullopt;
    }
}

}  // namespace

const wire::header_layout* message_layout(std::uint8_t protocol) noexcept {
    const auto id = known(protocol);
    return id ? wire::layout_of(*id) : nullptr;
}

const wire::header_field* message_type_field(std::uint8_t protocol) noexcept {
    const wire::header_layout* layout = message_layout(protocol);
    if (layout == nullptr || layout->selector.empty()) return nullptr;
    return wire::find_field(*layout, nullptr, layout->selector);
}

std::string_view message_protocol_name(std::uint8_t protocol) noexcept {
    return protocol == wire::ip_protocol::icmpv6 ? "ICMPv6" : wire::ip_protocol_name(protocol);
}

datagram_view datagram_view::read(const delivered_datagram& d) noexcept {
    datagram_view view{.delivered = d, .source = d.from};
    if (d.family == family::v6) {
        view.message = d.bytes;
        view.destination = d.destination;
        view.hop_limit = d.hop_limit;
        return view;
    }
    // Lax: what the kernel accepted is to be shown, whatever its options are.
    const auto ip = wire::ipv4_view::parse_lax(d.bytes);
    if (!ip) {
        view.problem = ip.error();
        return view;
    }
    view.message = d.bytes.subspan(ip->header_size());
    view.source = ip->source();
    view.destination = ip->destination();
    view.hop_limit = ip->ttl();
    view.identification = ip->identification();
    return view;
}

std::optional<std::uint8_t> datagram_view::type() const noexcept {
    const wire::header_field* field = message_type_field(delivered.protocol);
    if (field == nullptr || problem) return std::nullopt;
    const auto value = wire::read_field(message, *field);
    if (!value) return std::nullopt;
    return static_cast<std::uint8_t>(*value);
}

bool datagram_view::is_echo_request() const noexcept {
    const bool icmp = delivered.protocol == wire::ip_protocol::icmp;
    if (!icmp && delivered.protocol != wire::ip_protocol::icmpv6) return false;
    return type() == wire::icmp_types_of(icmp ? family::v4 : family::v6).echo_request;
}

}  // namespace sonde::report
