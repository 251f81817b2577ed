#include <algorithm>
#include <array>

#include <sonde/respond/frame_request.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::respond {

namespace {

constexpr std::size_t mac_pair = 12;
constexpr std::size_t tag_size = 4;
constexpr std::size_t most_tags = 4;
constexpr std::size_t icmp_header = 8;
constexpr std::uint8_t loose_source_route = 131;
constexpr std::uint8_t strict_source_route = 137;

bool is_tag(std::uint16_t ethertype) noexcept {
    return ethertype == wire::ethertype::vlan || ethertype == wire::ethertype::service_vlan;
}

bool has_source_route(bytes_view options) noexcept {
    while (!options.empty()) {
        const auto option = wire::next_ipv4_option(options);
        if (!option || !*option) return false;
        if ((*option)->kind == loose_source_route || (*option)->kind == strict_source_route) return true;
    }
    return false;
}

/// RFC 8200 section 4.2: an option that is not known is skipped only if its two highest bits are zero.
bool may_be_skipped(bytes_view options) noexcept {
    while (!options.empty()) {
        const auto type = std::to_integer<std::uint8_t>(options.front());
        if (type == 0) {  // Pad1 has no length
            options = options.subspan(1);
            continue;
        }
        if (options.size() < 2) return false;
        const std::size_t size = 2U + std::to_integer<std::size_t>(options[1]);
        if (size > options.size() || type >> 6 != 0) return false;
        options = options.subspan(size);
    }
    return true;
}

/// The walk over IPv6 extension headers: the next header's number, and its bytes.
struct extension_walk {
    std::uint8_t next = 0;
    bytes_view rest = {};
    bool fragment = false;
    bool source_route = false;
    bool broken = false;

    [[nodiscard]] bool stands_on_extension() const noexcept {
        return next == 0 || next == 43 || next == 44 || next == 60;
    }

    void step(bool first) noexcept {
        const bool is_fragment = next == 44;
        const std::size_t size = rest.size() < 8 ? 0
                                 : is_fragment   ? 8
                                                 : 8 * (1 + std::to_integer<std::size_t>(rest[1]));
        // RFC 8200 section 4.1: hop-by-hop options come first or not at all.
        if (size == 0 || size > rest.size() || (next == 0 && !first)) {
            broken = true;
            return;
        }
        if (is_fragment) {
            fragment = fragment || (load_be<std::uint16_t>(rest, 2) & 0xfff9U) != 0;  // RFC 6946: else it is atomic
        } else if (next == 43) {
            source_route = source_route || rest[3] != std::byte{0};
        } else if (!may_be_skipped(rest.subspan(2, size - 2))) {
            broken = true;
            return;
        }
        next = std::to_integer<std::uint8_t>(rest[0]);
        rest = rest.subspan(size);
    }
};

}  // namespace

std::optional<link_part> link_part::read(link_type link, bytes_view frame) noexcept {
    link_part part;
    if (link != link_type::ethernet) {
        if (frame.empty()) return std::nullopt;
        part.ethertype = std::to_integer<unsigned>(frame[0]) >> 4 == 6 ? wire::ethertype::ipv6 : wire::ethertype::ipv4;
        part.network = frame;
        return part;
    }
    std::size_t at = mac_pair;
    for (std::size_t tags = 0; at + 2 <= frame.size(); ++tags) {
        part.ethertype = load_be<std::uint16_t>(frame, at);
        if (!is_tag(part.ethertype) || tags == most_tags) {
            part.destination = frame.first(6);
            part.source = frame.subspan(6, 6);
            part.tags = frame.subspan(mac_pair, at - mac_pair);
            part.network = frame.subspan(at + 2);
            return part;
        }
        at += tag_size;
    }
    return std::nullopt;
}

std::size_t link_part::write_reply(bytes_span out, bytes_view to, const mac_address& from,
                                   std::optional<std::uint32_t> tag) const noexcept {
    if (destination.empty()) return 0;
    std::ranges::copy(to, out.begin());
    std::ranges::copy(from.bytes(), out.subspan(6).begin());
    std::size_t at = mac_pair;
    if (tag) {
        store_be(out, at, *tag);
        at += tag_size;
    }
    std::ranges::copy(tags, out.subspan(at).begin());
    at += tags.size();
    store_be(out, at, ethertype);
    return at + 2;
}

std::uint16_t icmp_datagram::pseudo_sum(std::size_t size) const noexcept {
    if (family == family::v4) return 0;
    std::array<std::byte, 8> tail{};
    store_be(tail, 0, static_cast<std::uint32_t>(size));
    store_be(tail, 7, wire::ip_protocol::icmpv6);
    return wire::ones_complement_sum(tail, wire::ones_complement_sum(header.subspan(8, 32)));
}

bool icmp_datagram::checksum_right() const noexcept {
    return wire::internet_checksum(message, pseudo_sum(message.size())) == 0;
}

icmp_reading icmp_reading::read(const link_part& link, link_type type, bool cut) noexcept {
    if (link.ethertype == wire::ethertype::ipv4) return read_v4(link.network, cut);
    if (link.ethertype == wire::ethertype::ipv6) return read_v6(link.network, cut);
    return icmp_reading(type == link_type::ethernet ? disposition::not_asked : disposition::malformed);
}

icmp_reading icmp_reading::read_v4(bytes_view packet, bool cut) noexcept {
    const auto view = wire::ipv4_view::parse(packet, wire::checksum_check::verify);
    if (!view) {
        if (view.error() == wire::parse_error::bad_checksum) return icmp_reading(disposition::bad_checksum);
        // Lengths that promise more than came: a frame cut on its way, and not one that was never right.
        const bool longer =
            packet.size() >= wire::ipv4_header_size && load_be<std::uint16_t>(packet, 2) > packet.size();
        return icmp_reading(view.error() == wire::parse_error::truncated || longer || cut ? disposition::truncated
                                                                                          : disposition::malformed);
    }
    if (view->protocol() != wire::ip_protocol::icmp) return icmp_reading(disposition::not_asked);
    icmp_datagram d;
    d.header = packet.first(view->header_size());
    d.source = packet.subspan(12, 4);
    d.destination = packet.subspan(16, 4);
    d.message = view->payload();
    d.hop_limit = view->ttl();
    d.fragment = view->is_fragment();
    d.source_route = has_source_route(view->options());
    if (!d.fragment && d.message.size() < icmp_header) return icmp_reading(disposition::malformed);
    return icmp_reading(d);
}

icmp_reading icmp_reading::read_v6(bytes_view packet, bool cut) noexcept {
    if (packet.size() < wire::ipv6_header_size) return icmp_reading(disposition::truncated);
    if (std::to_integer<unsigned>(packet[0]) >> 4 != 6) return icmp_reading(disposition::malformed);
    const std::size_t size = load_be<std::uint16_t>(packet, 4);
    if (wire::ipv6_header_size + size > packet.size()) return icmp_reading(disposition::truncated);

    extension_walk walk{.next = std::to_integer<std::uint8_t>(packet[6]),
                        .rest = packet.subspan(wire::ipv6_header_size, size)};
    for (bool first = true; walk.stands_on_extension(); first = false) {
        walk.step(first);
        if (walk.broken) return icmp_reading(cut ? disposition::truncated : disposition::malformed);
        if (walk.fragment) break;  // behind it stands a piece of something
    }
    // In a fragment more extension headers may follow in another one.
    if (walk.next != wire::ip_protocol::icmpv6 && !walk.stands_on_extension()) {
        return icmp_reading(disposition::not_asked);
    }
    icmp_datagram d;
    d.family = family::v6;
    d.header = packet.first(wire::ipv6_header_size);
    d.source = packet.subspan(8, 16);
    d.destination = packet.subspan(24, 16);
    d.message = walk.rest;
    d.hop_limit = std::to_integer<std::uint8_t>(packet[7]);
    d.fragment = walk.fragment;
    d.source_route = walk.source_route;
    if (!d.fragment && d.message.size() < icmp_header) return icmp_reading(disposition::malformed);
    return icmp_reading(d);
}

}  // namespace sonde::respond
