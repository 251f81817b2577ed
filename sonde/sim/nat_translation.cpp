#include <sonde/sim/nat_translation.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::sim {

namespace {

namespace protocol = wire::ip_protocol;

/// Offsets in the upper layer of what a NAT changes.
struct transport_places {
    std::optional<std::size_t> port = {};
    std::optional<std::size_t> checksum = {};
    bool covers_addresses = false;  // the checksum does
    bool zero_is_none = false;
};

bool is_icmp(const packet_facts& facts) noexcept {
    return facts.protocol == (facts.family == family::v4 ? protocol::icmp : protocol::icmpv6);
}

transport_places places_of(bytes_view packet, const packet_facts& facts, address_field which) noexcept {
    if (facts.later_fragment) return {};
    const std::size_t port = which == address_field::source ? 0 : 2;
    if (facts.protocol == protocol::tcp) return {.port = port, .checksum = 16, .covers_addresses = true};
    if (facts.protocol == protocol::udp) {
        return {.port = port, .checksum = 6, .covers_addresses = true, .zero_is_none = facts.family == family::v4};
    }
    if (!is_icmp(facts)) return {};
    transport_places places{.checksum = 2, .covers_addresses = facts.family == family::v6};
    if (packet.size() <= facts.upper) return places;
    const auto type = load_be<std::uint8_t>(packet, facts.upper);
    const auto types = wire::icmp_types_of(facts.family);
    if (type == types.echo_request || type == types.echo_reply) places.port = 4;
    return places;
}

/// The 16-bit field at an offset of the upper layer, when the packet has it.
std::optional<std::size_t> field(bytes_view packet, const packet_facts& facts,
                                 const std::optional<std::size_t>& at) noexcept {
    if (!at || packet.size() < facts.upper + *at + 2) return std::nullopt;
    return facts.upper + *at;
}

}  // namespace

transport_end end_of(bytes_view packet, const packet_facts& facts, address_field which) noexcept {
    transport_end end{.protocol = facts.protocol,
                      .address = which == address_field::source ? source_of(packet, facts.family)
                                                                : destination_of(packet, facts.family)};
    const auto port = field(packet, facts, places_of(packet, facts, which).port);
    if (port) end.port = load_be<std::uint16_t>(packet, *port);
    return end;
}

void set_end(bytes_span packet, const packet_facts& facts, address_field which, const transport_end& to) noexcept {
    const transport_places places = places_of(packet, facts, which);
    const transport_end from = end_of(packet, facts, which);
    set_address(packet, which, to.address);
    const auto port = field(packet, facts, places.port);
    if (port) store_be(packet, *port, to.port);
    const auto at = field(packet, facts, places.checksum);
    if (!at) return;
    const auto old = load_be<std::uint16_t>(packet, *at);
    if (old == 0 && places.zero_is_none) return;
    auto sum = old;
    if (port) sum = wire::updated_checksum(sum, from.port, to.port);
    if (places.covers_addresses) sum = wire::updated_checksum(sum, from.address, to.address);
    // A UDP checksum of zero would say that there is none (RFC 768).
    if (sum == 0 && facts.protocol == protocol::udp) sum = 0xffff;
    store_be(packet, *at, sum);
}

bool is_icmp_error_packet(bytes_view packet, const packet_facts& facts) noexcept {
    if (!is_icmp(facts) || facts.fragment || packet.size() < facts.upper + wire::icmp_header_size) return false;
    return wire::is_icmp_error(facts.family, load_be<std::uint8_t>(packet, facts.upper));
}

std::optional<quoted_packet> quoted_in(bytes_view packet, const packet_facts& facts) noexcept {
    if (!is_icmp_error_packet(packet, facts)) return std::nullopt;
    const std::size_t at = facts.upper + wire::icmp_header_size;
    const bytes_view quote = packet.subspan(at);
    if (facts.family == family::v4) {
        const auto view = wire::ipv4_view::parse_lax(quote);
        if (!view) return std::nullopt;
        return quoted_packet{.at = at,
                             .facts = {.family = family::v4,
                                       .protocol = view->protocol(),
                                       .upper = static_cast<std::uint16_t>(view->header_size()),
                                       .fragment = view->is_fragment(),
                                       .later_fragment = view->fragment_offset() != 0}};
    }
    const auto view = wire::ipv6_view::parse_lax(quote);
    if (!view) return std::nullopt;
    const auto upper = view->upper_layer();
    if (!upper) return std::nullopt;
    const std::size_t header = view->bytes().size() - upper->payload.size();
    return quoted_packet{.at = at,
                         .facts = {.family = family::v6,
                                   .protocol = upper->protocol,
                                   .upper = static_cast<std::uint16_t>(header),
                                   .fragment = upper->is_fragment,
                                   .later_fragment = upper->is_later_fragment()}};
}

void set_quoted_end(bytes_span packet, const packet_facts& facts, const quoted_packet& quoted, address_field which,
                    const transport_end& to) noexcept {
    const bytes_span body = packet.subspan(quoted.at);
    const std::uint16_t before = wire::ones_complement_sum(body);
    set_end(body, quoted.facts, which, to);
    const std::size_t checksum = facts.upper + std::size_t{2};
    store_be(packet, checksum,
             wire::updated_checksum(load_be<std::uint16_t>(packet, checksum), before, wire::ones_complement_sum(body)));
}

}  // namespace sonde::sim
