#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include <sonde/wire/nd.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t target_offset = 8;
constexpr std::size_t redirect_destination_offset = 24;
constexpr std::size_t prefix_offset = 16;

constexpr std::size_t header_size_of(nd_type type) noexcept {
    switch (type) {
        case nd_type::router_solicitation:
            return 8;
        case nd_type::router_advertisement:
            return 16;
        case nd_type::neighbor_solicitation:
        case nd_type::neighbor_advertisement:
            return 24;
        case nd_type::redirect:
            return 40;
    }
    return icmp_header_size;
}

ip_address load_address(bytes_view bytes, std::size_t offset) noexcept {
    return ip_address::from_bytes(bytes.subspan(offset, 16));
}

void store_address(bytes_span out, std::size_t offset, const ip_address& address) noexcept {
    std::ranges::copy(address.mapped_bytes(), out.subspan(offset).begin());
}

/// On the wire, where an IPv4-mapped address is no IPv4 address.
bool is_multicast(const ip_address& address) noexcept {
    return address.mapped_bytes()[0] == std::byte{0xff};
}

bool is_link_local(const ip_address& address) noexcept {
    const auto octets = address.mapped_bytes();
    return octets[0] == std::byte{0xfe} && (octets[1] & std::byte{0xc0}) == std::byte{0x80};
}

/// RFC 4861 section 8.1: a router is named by its link-local address, a neighbor by its own.
bool is_redirect(const ip_address& target, const ip_address& destination) noexcept {
    const bool neighbor = target.mapped_bytes() == destination.mapped_bytes();
    return !is_multicast(destination) && (is_link_local(target) || neighbor);
}

// One per message: whether its fields can be said, and the bytes behind the checksum, which are zero beforehand.

bool can_be_said(const router_solicitation&) noexcept {
    return true;
}
bool can_be_said(const router_advertisement& m) noexcept {
    return m.preference <= 3;
}
bool can_be_said(const neighbor_solicitation& m) noexcept {
    return !is_multicast(m.target);
}
bool can_be_said(const neighbor_advertisement& m) noexcept {
    return !is_multicast(m.target);
}
bool can_be_said(const nd_redirect& m) noexcept {
    return is_redirect(m.target, m.destination);
}

void store_body(const router_solicitation&, bytes_span) noexcept {}

void store_body(const router_advertisement& m, bytes_span out) noexcept {
    const unsigned flags =
        (m.managed ? 0x80U : 0U) | (m.other ? 0x40U : 0U) | (m.home_agent ? 0x20U : 0U) | (m.preference * 8U);
    store_be(out, 4, m.hop_limit);
    store_be(out, 5, static_cast<std::uint8_t>(flags));
    store_be(out, 6, m.router_lifetime);
    store_be(out, 8, m.reachable_time);
    store_be(out, 12, m.retransmission_time);
}

void store_body(const neighbor_solicitation& m, bytes_span out) noexcept {
    store_address(out, target_offset, m.target);
}

void store_body(const neighbor_advertisement& m, bytes_span out) noexcept {
    const unsigned flags = (m.router ? 0x80U : 0U) | (m.solicited ? 0x40U : 0U) | (m.override_cache ? 0x20U : 0U);
    store_be(out, 4, static_cast<std::uint8_t>(flags));
    store_address(out, target_offset, m.target);
}

void store_body(const nd_redirect& m, bytes_span out) noexcept {
    store_address(out, target_offset, m.target);
    store_address(out, redirect_destination_offset, m.destination);
}

router_advertisement load_router_advertisement(bytes_view bytes) noexcept {
    const auto flags = load_be<std::uint8_t>(bytes, 5);
    return {.hop_limit = load_be<std::uint8_t>(bytes, 4),
            .managed = (flags & 0x80U) != 0,
            .other = (flags & 0x40U) != 0,
            .home_agent = (flags & 0x20U) != 0,
            .preference = static_cast<std::uint8_t>((flags >> 3) & 3U),
            .router_lifetime = load_be<std::uint16_t>(bytes, 6),
            .reachable_time = load_be<std::uint32_t>(bytes, 8),
            .retransmission_time = load_be<std::uint32_t>(bytes, 12)};
}

neighbor_advertisement load_neighbor_advertisement(bytes_view bytes) noexcept {
    const auto flags = load_be<std::uint8_t>(bytes, 4);
    return {.router = (flags & 0x80U) != 0,
            .solicited = (flags & 0x40U) != 0,
            .override_cache = (flags & 0x20U) != 0,
            .target = load_address(bytes, target_offset)};
}

}  // namespace

parsed<std::optional<option>> next_nd_option(bytes_view& rest) noexcept {
    return next_option(rest, nd_option_format);
}

std::optional<mac_address> find_link_layer_address(bytes_view options, std::uint8_t type) noexcept {
    const auto found = find_option(options, type, nd_option_format);
    if (!found || found->data.size() != mac_address::size) return std::nullopt;
    return mac_address::from_bytes(found->data);
}

std::size_t emit_link_layer_address(std::uint8_t type, const mac_address& address, bytes_span out) noexcept {
    return emit_option({.kind = type, .data = address.bytes()}, nd_option_format, out);
}

parsed<nd_view> nd_view::parse(bytes_view message, checksum_check check, icmp_checksum sum) noexcept {
    const auto icmp = icmp_view::parse(message, check, sum);
    if (!icmp) return icmp.error();
    if (!is_nd_type(icmp->type()) || icmp->code() != 0) return parse_error::wrong_type;
    const nd_view view{message};
    if (message.size() < view.header_size()) return parse_error::truncated;
    if (view.header_size() > target_offset + 8 && is_multicast(load_address(message, target_offset))) {
        return parse_error::bad_address;
    }
    if (view.type() == nd_type::redirect &&
        !is_redirect(load_address(message, target_offset), load_address(message, redirect_destination_offset))) {
        return parse_error::bad_address;
    }
    if (!options_are_well_formed(view.options(), nd_option_format)) return parse_error::bad_option;
    return view;
}

std::size_t nd_view::header_size() const noexcept {
    return header_size_of(type());
}

nd_type nd_message::type() const noexcept {
    // The alternatives stand in the order of their types.
    return static_cast<nd_type>(static_cast<std::size_t>(nd_type::router_solicitation) + body.index());
}

std::size_t nd_message::header_size() const noexcept {
    return header_size_of(type());
}

std::size_t nd_message::emit(bytes_span out, checksum_fill fill, icmp_checksum sum) const noexcept {
    if (out.size() < size()) return 0;
    if (!std::visit([](const auto& m) { return can_be_said(m); }, body)) return 0;
    out = out.first(size());
    if (!options.empty()) std::memmove(out.data() + header_size(), options.data(), options.size());
    std::ranges::fill(out.first(header_size()), std::byte{0});
    store_be(out, 0, static_cast<std::uint8_t>(type()));
    std::visit([out](const auto& m) { store_body(m, out); }, body);
    if (fill == checksum_fill::compute) store_be(out, 2, internet_checksum(out, sum.pseudo_sum));
    return out.size();
}

nd_message nd_message::from(const nd_view& view) noexcept {
    nd_message message{.options = view.options()};
    const bytes_view bytes = view.bytes();
    switch (view.type()) {
        case nd_type::router_solicitation:
            break;
        case nd_type::router_advertisement:
            message.body = load_router_advertisement(bytes);
            break;
        case nd_type::neighbor_solicitation:
            message.body = neighbor_solicitation{load_address(bytes, target_offset)};
            break;
        case nd_type::neighbor_advertisement:
            message.body = load_neighbor_advertisement(bytes);
            break;
        case nd_type::redirect:
            message.body = nd_redirect{.target = load_address(bytes, target_offset),
                                       .destination = load_address(bytes, redirect_destination_offset)};
            break;
    }
    return message;
}

bool operator==(const nd_message& a, const nd_message& b) noexcept {
    return a.body == b.body && std::ranges::equal(a.options, b.options);
}

std::size_t nd_prefix_information::emit(bytes_span out) const noexcept {
    if (out.size() < size) return 0;
    out = out.first(size);
    std::ranges::fill(out, std::byte{0});
    store_be(out, 0, nd_option::prefix_information);
    store_be(out, 1, static_cast<std::uint8_t>(size / 8));
    store_be(out, 2, prefix_length);
    store_be(out, 3, static_cast<std::uint8_t>((on_link ? 0x80U : 0U) | (autonomous ? 0x40U : 0U)));
    store_be(out, 4, valid_lifetime);
    store_be(out, 8, preferred_lifetime);
    store_address(out, prefix_offset, prefix);
    return size;
}

// The option's data begins behind type and length, two bytes before where `emit` counts from.
parsed<nd_prefix_information> nd_prefix_information::from(const option& o) noexcept {
    if (o.kind != nd_option::prefix_information) return parse_error::wrong_type;
    if (o.data.size() != size - 2) return parse_error::bad_option;
    const auto flags = load_be<std::uint8_t>(o.data, 1);
    return nd_prefix_information{.prefix_length = load_be<std::uint8_t>(o.data, 0),
                                 .on_link = (flags & 0x80U) != 0,
                                 .autonomous = (flags & 0x40U) != 0,
                                 .valid_lifetime = load_be<std::uint32_t>(o.data, 2),
                                 .preferred_lifetime = load_be<std::uint32_t>(o.data, 6),
                                 .prefix = load_address(o.data, prefix_offset - 2)};
}

ip_address solicited_node_multicast(const ip_address& target) noexcept {
    std::array<std::byte, 16> octets{std::byte{0xff}, std::byte{0x02}};
    octets[11] = std::byte{0x01};
    octets[12] = std::byte{0xff};
    std::ranges::copy(std::span{target.mapped_bytes()}.last(3), octets.begin() + 13);
    return ip_address::from_bytes(octets);
}

}  // namespace sonde::wire
