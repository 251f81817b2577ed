#include <sonde/wire/checksum.hpp>
#include <sonde/wire/dissector.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/option.hpp>

namespace sonde::wire {

namespace {

constexpr std::uint8_t loose_source_route = 131;
constexpr std::uint8_t strict_source_route = 137;
constexpr std::uint8_t home_address_option = 0xc9;

}  // namespace

// Tunnels (RFC 2003, RFC 2473, RFC 4213) are further layers of the same depth.
void dissector::internet(family f) noexcept {
    for (;;) {
        family_ = f;
        const upper_protocol next = f == family::v4 ? ipv4() : ipv6();
        if (!next) return;
        if (*next != ip_protocol::ipv4 && *next != ip_protocol::ipv6) return upper(*next);
        f = *next == ip_protocol::ipv4 ? family::v4 : family::v6;
    }
}

// What a datagram's length field says of it. False when that is more than the datagram around it has. What a quote's
// says may be garbage: some kernels quote it changed.
bool dissector::bound_by(std::size_t total, std::size_t header_size) noexcept {
    if (depth_ > 0) {
        if (total < header_size) return true;
        if (total < rest_.size()) limit(total);
        promised_ = std::max(rest_.size(), total);
        return true;
    }
    if (bounded_ && total > promised_) return false;
    if (!bounded_) {
        if (total < rest_.size()) out_.trailer_ = rest_.subspan(total);
        promised_ = std::max(promised_, total);
        bounded_ = true;
    }
    limit(total);
    return true;
}

dissector::upper_protocol dissector::ipv4() noexcept {
    const auto end = [&](parse_error problem) {
        give_up(protocol::ipv4, problem);
        return std::nullopt;
    };
    if (!rest_.empty() && load_be<std::uint8_t>(rest_, 0) >> 4 != 4) {
        payload(parse_error::bad_version);
        return std::nullopt;
    }
    if (rest_.size() < ipv4_header_size) return end(parse_error::truncated);
    const std::size_t header_size = std::size_t{4} * (load_be<std::uint8_t>(rest_, 0) & 0x0fU);
    const std::size_t total = load_be<std::uint16_t>(rest_, 2);
    const auto flags_and_offset = load_be<std::uint16_t>(rest_, 6);
    const auto next = load_be<std::uint8_t>(rest_, 9);
    std::optional<parse_error> problem;
    if (header_size < ipv4_header_size) problem = parse_error::bad_header_length;
    // Zero is what a device that segments for the kernel is handed: the datagram is what there is of it.
    if (!problem && total != 0) {
        const bool too_small = total < header_size && depth_ == 0;
        if (too_small || !bound_by(total, header_size)) problem = parse_error::bad_total_length;
    }
    if (problem) {
        if (take(protocol::ipv4, ipv4_header_size, checksum_status::none, problem)) payload();
        return std::nullopt;
    }
    if (header_size > rest_.size()) {
        return end(header_size > promised_ ? parse_error::bad_header_length : parse_error::truncated);
    }
    const bytes_view header = rest_.first(header_size);
    source_ = header.subspan(12, 4);
    destination_ = header.subspan(16, 4);
    checksum_status checksum = checksum_status::none;
    if (options_.checksums) {
        checksum = depth_ > 0                       ? checksum_status::partial
                   : internet_checksum(header) == 0 ? checksum_status::right
                                                    : checksum_status::wrong;
        note_source_route(header);
    }
    if (!take(protocol::ipv4, header_size, checksum)) return std::nullopt;
    fragment_ = fragment_ || (flags_and_offset & 0x3fffU) != 0;
    if ((flags_and_offset & 0x1fffU) != 0) {
        payload();
        return std::nullopt;
    }
    return next;
}

// RFC 791 page 18: as long as a source route is not used up, the header's destination is only the next stop. The
// pseudo-header has the last one.
void dissector::note_source_route(bytes_view header) noexcept {
    lost_ = false;
    bytes_view rest = header.subspan(ipv4_header_size);
    while (!rest.empty()) {
        const auto option = next_ipv4_option(rest);
        if (!option || !*option) return;
        const std::uint8_t kind = (*option)->kind;
        if (kind != loose_source_route && kind != strict_source_route) continue;
        const bytes_view data = (*option)->data;
        if (data.size() < 5) return;
        const std::size_t length = data.size() + 2;
        if (load_be<std::uint8_t>(data, 0) <= length) destination_ = data.last(4);
        return;
    }
}

dissector::upper_protocol dissector::ipv6() noexcept {
    if (!rest_.empty() && load_be<std::uint8_t>(rest_, 0) >> 4 != 6) {
        payload(parse_error::bad_version);
        return std::nullopt;
    }
    if (rest_.size() < ipv6_header_size) {
        give_up(protocol::ipv6, parse_error::truncated);
        return std::nullopt;
    }
    const std::size_t payload_length = load_be<std::uint16_t>(rest_, 4);
    const auto next_header = load_be<std::uint8_t>(rest_, 6);
    // Zero before hop-by-hop options is a jumbogram (RFC 2675): it is as long as what there is of it.
    const bool jumbo = payload_length == 0 && next_header == static_cast<std::uint8_t>(ipv6_extension::hop_by_hop);
    if (!jumbo && !bound_by(ipv6_header_size + payload_length, ipv6_header_size)) {
        if (take(protocol::ipv6, ipv6_header_size, checksum_status::none, parse_error::bad_total_length)) payload();
        return std::nullopt;
    }
    source_ = rest_.subspan(8, 16);
    destination_ = rest_.subspan(24, 16);
    lost_ = false;
    if (!take(protocol::ipv6, ipv6_header_size)) return std::nullopt;
    return ipv6_extensions(next_header);
}

bool dissector::has_extension(protocol id) noexcept {
    const std::size_t length = id == protocol::ipv6_fragment || rest_.size() < 2
                                   ? ipv6_extension_unit
                                   : ipv6_extension_unit * (load_be<std::uint8_t>(rest_, 1) + std::size_t{1});
    if (length <= rest_.size()) return true;
    give_up(id, length > promised_ ? parse_error::bad_header_length : parse_error::truncated);
    return false;
}

// RFC 8200 section 4. In whatever order they come; every one takes a layer, so the walk is bounded.
dissector::upper_protocol dissector::ipv6_extensions(std::uint8_t next_header) noexcept {
    for (;;) {
        protocol id = protocol::payload;
        switch (static_cast<ipv6_extension>(next_header)) {
            case ipv6_extension::hop_by_hop:
                id = protocol::ipv6_hop_by_hop;
                break;
            case ipv6_extension::routing:
                id = protocol::ipv6_routing;
                break;
            case ipv6_extension::fragment:
                id = protocol::ipv6_fragment;
                break;
            case ipv6_extension::destination_options:
                id = protocol::ipv6_destination;
                break;
        }
        if (id == protocol::payload) return next_header;
        if (!has_extension(id)) return std::nullopt;
        next_header = load_be<std::uint8_t>(rest_, 0);
        if (id == protocol::ipv6_fragment) {
            const auto offset_and_more = load_be<std::uint16_t>(rest_, 2);
            fragment_ = fragment_ || (offset_and_more & 0xfff9U) != 0;
            if (!take(id, ipv6_extension_unit)) return std::nullopt;
            if ((offset_and_more & 0xfff8U) == 0) continue;
            payload();
            return std::nullopt;
        }
        const bytes_view header = rest_.first(ipv6_extension_unit * (load_be<std::uint8_t>(rest_, 1) + std::size_t{1}));
        if (options_.checksums && id == protocol::ipv6_routing) note_routing(header);
        if (options_.checksums && id == protocol::ipv6_destination) note_home_address(header);
        if (!take(id, header.size())) return std::nullopt;
    }
}

// RFC 8200 section 8.1: on the way, the pseudo-header has the final destination, which is in the routing header: the
// last address of type 0, the home address of type 2 (RFC 6275), the first segment of type 4 (RFC 8754), which counts
// down.
void dissector::note_routing(bytes_view header) noexcept {
    const auto type = load_be<std::uint8_t>(header, 2);
    const auto segments_left = load_be<std::uint8_t>(header, 3);
    if (segments_left == 0) return;
    const bytes_view addresses = header.subspan(ipv6_extension_unit);
    const bool known = type == 0 || type == 2 || type == 4;
    lost_ = !known || addresses.size() < 16;
    if (lost_) return;
    destination_ = type == 0 ? addresses.first(addresses.size() / 16 * 16).last(16) : addresses.first(16);
}

// RFC 6275 section 6.3: the pseudo-header has the home address for the source.
void dissector::note_home_address(bytes_view header) noexcept {
    const auto home = find_option(header.subspan(2), home_address_option, ipv6_option_format);
    if (home && home->data.size() == 16) source_ = home->data;
}

}  // namespace sonde::wire
