#include <algorithm>
#include <cstring>

#include <sonde/wire/ospf.hpp>

namespace sonde::wire {

namespace {

constexpr std::uint8_t version = 2;
constexpr std::size_t authentication_offset = 16;
constexpr std::size_t packet_max = 65535;

/// RFC 2328 section D.4: the authentication field does not go in.
std::uint16_t checksum_of(bytes_view packet) noexcept {
    return internet_checksum(packet.subspan(ospf_header_size),
                             ones_complement_sum(packet.first(authentication_offset)));
}

ip_address load_address(bytes_view bytes, std::size_t offset) noexcept {
    return ip_address::from_bytes(bytes.subspan(offset, 4));
}

void store_address(bytes_span out, std::size_t offset, const ip_address& address) noexcept {
    std::ranges::copy(address.bytes(), out.subspan(offset).begin());
}

}  // namespace

parsed<ospf_view> ospf_view::parse(bytes_view packet, checksum_check check) noexcept {
    if (packet.size() < ospf_header_size) return parse_error::truncated;
    if (load_be<std::uint8_t>(packet, 0) != version) return parse_error::bad_version;
    const auto length = load_be<std::uint16_t>(packet, 2);
    if (length < ospf_header_size || length > packet.size()) return parse_error::bad_total_length;
    const ospf_view view{packet.first(length)};
    const bool has_checksum = view.authentication_type() != ospf_authentication_type::cryptographic;
    if (check == checksum_check::verify && has_checksum && checksum_of(view.bytes()) != 0) {
        return parse_error::bad_checksum;
    }
    return view;
}

std::size_t ospf_message::emit(bytes_span out, checksum_fill fill) const noexcept {
    if (out.size() < size() || size() > packet_max || !router_id.is_v4() || !area_id.is_v4()) return 0;
    out = out.first(size());
    if (!body.empty()) std::memmove(out.data() + ospf_header_size, body.data(), body.size());
    store_be(out, 0, version);
    store_be(out, 1, static_cast<std::uint8_t>(type));
    store_be(out, 2, static_cast<std::uint16_t>(size()));
    store_address(out, 4, router_id);
    store_address(out, 8, area_id);
    store_be(out, 12, std::uint16_t{0});
    store_be(out, 14, static_cast<std::uint16_t>(authentication_type));
    std::ranges::copy(authentication, out.subspan(authentication_offset).begin());
    if (fill == checksum_fill::compute && authentication_type != ospf_authentication_type::cryptographic) {
        store_be(out, 12, checksum_of(out));
    }
    return out.size();
}

ospf_message ospf_message::from(const ospf_view& view) noexcept {
    ospf_message message{.type = view.type(),
                         .router_id = view.router_id(),
                         .area_id = view.area_id(),
                         .authentication_type = view.authentication_type(),
                         .body = view.body()};
    std::ranges::copy(view.authentication(), message.authentication.begin());
    return message;
}

bool operator==(const ospf_message& a, const ospf_message& b) noexcept {
    return a.type == b.type && a.router_id == b.router_id && a.area_id == b.area_id &&
           a.authentication_type == b.authentication_type && a.authentication == b.authentication &&
           std::ranges::equal(a.body, b.body);
}

std::size_t ospf_hello::emit(bytes_span out) const noexcept {
    const bool can_be_said = network_mask.is_v4() && designated_router.is_v4() && backup_designated_router.is_v4() &&
                             neighbors.size() % 4 == 0;
    if (!can_be_said || out.size() < size()) return 0;
    store_address(out, 0, network_mask);
    store_be(out, 4, hello_interval);
    store_be(out, 6, options);
    store_be(out, 7, router_priority);
    store_be(out, 8, router_dead_interval);
    store_address(out, 12, designated_router);
    store_address(out, 16, backup_designated_router);
    std::ranges::copy(neighbors, out.subspan(ospf_hello_size).begin());
    return size();
}

parsed<ospf_hello> ospf_hello::from(const ospf_view& view) noexcept {
    const bytes_view body = view.body();
    if (view.type() != ospf_type::hello) return parse_error::wrong_type;
    if (body.size() < ospf_hello_size) return parse_error::truncated;
    if (body.size() % 4 != 0) return parse_error::bad_total_length;
    return ospf_hello{.network_mask = load_address(body, 0),
                      .hello_interval = load_be<std::uint16_t>(body, 4),
                      .options = load_be<std::uint8_t>(body, 6),
                      .router_priority = load_be<std::uint8_t>(body, 7),
                      .router_dead_interval = load_be<std::uint32_t>(body, 8),
                      .designated_router = load_address(body, 12),
                      .backup_designated_router = load_address(body, 16),
                      .neighbors = body.subspan(ospf_hello_size)};
}

bool operator==(const ospf_hello& a, const ospf_hello& b) noexcept {
    return a.network_mask == b.network_mask && a.hello_interval == b.hello_interval && a.options == b.options &&
           a.router_priority == b.router_priority && a.router_dead_interval == b.router_dead_interval &&
           a.designated_router == b.designated_router && a.backup_designated_router == b.backup_designated_router &&
           std::ranges::equal(a.neighbors, b.neighbors);
}

}  // namespace sonde::wire
