#include <algorithm>
#include <vector>

#include <sonde/report/expected_checksum.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/header_layout.hpp>

namespace sonde::report {

namespace {

using wire::protocol;

// The number in the pseudo-header; 0 for protocols that have none.
std::uint8_t pseudo_header_number(protocol id) noexcept {
    switch (id) {
        case protocol::udp:
            return wire::ip_protocol::udp;
        case protocol::tcp:
            return wire::ip_protocol::tcp;
        case protocol::icmpv6:
            return wire::ip_protocol::icmpv6;
        default:
            return 0;
    }
}

struct end_points {
    ip_address source;
    ip_address destination;
};

std::optional<end_points> addresses_above(std::span<const wire::layer> layers, std::size_t index) {
    for (std::size_t i = index; i > 0; --i) {
        const wire::layer& l = layers[i - 1];
        if (l.id == protocol::ipv6_routing || l.id == protocol::ipv6_destination) return std::nullopt;
        if (l.id == protocol::ipv4 && l.bytes.size() == 20) {
            return end_points{ip_address::from_bytes(l.bytes.subspan(12, 4)),
                              ip_address::from_bytes(l.bytes.subspan(16, 4))};
        }
        if (l.id == protocol::ipv6 && l.bytes.size() == 40) {
            return end_points{ip_address::from_bytes(l.bytes.subspan(8, 16)),
                              ip_address::from_bytes(l.bytes.subspan(24, 16))};
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint16_t> expected_checksum(const packet_view& packet, std::size_t index) {
    const auto layers = packet.dissection.layers();
    const wire::layer& l = layers[index];
    const wire::header_layout* layout = wire::layout_of(l.id);
    if (layout == nullptr || l.id == protocol::ospf) return std::nullopt;
    const wire::header_field* field = wire::find_field(*layout, nullptr, "chksum");
    if (field == nullptr) return std::nullopt;
    const std::size_t size = l.bytes.size() + (l.id == protocol::ipv4 ? 0 : l.payload_size);
    const std::size_t at = field->offset / 8;
    if (l.offset > packet.frame.size() || size > packet.frame.size() - l.offset || at + 2 > size) return std::nullopt;
    const bytes_view message = packet.frame.subspan(l.offset, size);
    std::uint16_t sum = 0;
    if (const std::uint8_t number = pseudo_header_number(l.id); number != 0) {
        const auto ends = addresses_above(layers, index);
        if (!ends) return std::nullopt;
        sum = wire::pseudo_header_sum(ends->source, ends->destination, static_cast<std::uint32_t>(size), number);
    }
    std::vector<std::byte> copy(message.begin(), message.end());
    store_be(copy, at, std::uint16_t{0});
    const std::uint16_t expected = wire::internet_checksum(copy, sum);
    // RFC 768: zero would say that there is none.
    return l.id == protocol::udp && expected == 0 ? std::uint16_t{0xffff} : expected;
}

}  // namespace sonde::report
