#include <algorithm>

#include <sonde/wire/arp.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t fixed_part_size = 8;
constexpr std::uint16_t hardware_ethernet = 1;
constexpr std::uint8_t hardware_address_length = mac_address::size;
constexpr std::uint8_t protocol_address_length = 4;

}  // namespace

parsed<arp_view> arp_view::parse(bytes_view packet) noexcept {
    if (packet.size() < fixed_part_size) return parse_error::truncated;
    if (load_be<std::uint16_t>(packet, 0) != hardware_ethernet ||
        load_be<std::uint16_t>(packet, 2) != ethertype::ipv4) {
        return parse_error::wrong_type;
    }
    if (load_be<std::uint8_t>(packet, 4) != hardware_address_length ||
        load_be<std::uint8_t>(packet, 5) != protocol_address_length) {
        return parse_error::bad_header_length;
    }
    if (packet.size() < arp_packet_size) return parse_error::truncated;
    return arp_view{packet.first(arp_packet_size)};
}

std::size_t arp_message::emit(bytes_span out) const noexcept {
    if (out.size() < arp_packet_size || !sender_ip.is_v4() || !target_ip.is_v4()) return 0;
    store_be(out, 0, hardware_ethernet);
    store_be(out, 2, ethertype::ipv4);
    store_be(out, 4, hardware_address_length);
    store_be(out, 5, protocol_address_length);
    store_be(out, 6, static_cast<std::uint16_t>(operation));
    std::ranges::copy(sender_mac.bytes(), out.subspan(8).begin());
    std::ranges::copy(sender_ip.bytes(), out.subspan(14).begin());
    std::ranges::copy(target_mac.bytes(), out.subspan(18).begin());
    std::ranges::copy(target_ip.bytes(), out.subspan(24).begin());
    return arp_packet_size;
}

arp_message arp_message::from(const arp_view& view) noexcept {
    return {.operation = view.operation(),
            .sender_mac = view.sender_mac(),
            .sender_ip = view.sender_ip(),
            .target_mac = view.target_mac(),
            .target_ip = view.target_ip()};
}

}  // namespace sonde::wire
