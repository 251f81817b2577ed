#include <algorithm>

#include <sonde/sim/header_edit.hpp>
#include <sonde/wire/checksum.hpp>

namespace sonde::sim {

namespace {

constexpr std::size_t v4_checksum_at = 10;

/// Writes the 16-bit word at an even offset of an IPv4 header.
void set_v4_word(bytes_span packet, std::size_t at, std::uint16_t to) noexcept {
    const auto from = load_be<std::uint16_t>(packet, at);
    store_be(packet, at, to);
    store_be(packet, v4_checksum_at, wire::updated_checksum(load_be<std::uint16_t>(packet, v4_checksum_at), from, to));
}

}  // namespace

void decrement_ttl(bytes_span packet, family f) noexcept {
    if (f == family::v6) {
        packet[7] = static_cast<std::byte>(std::to_integer<unsigned>(packet[7]) - 1U);
        return;
    }
    set_v4_word(packet, 8, static_cast<std::uint16_t>(load_be<std::uint16_t>(packet, 8) - 0x100U));
}

void set_traffic_class(bytes_span packet, family f, std::uint8_t value) noexcept {
    if (f == family::v6) {
        const auto rest = static_cast<std::uint16_t>(load_be<std::uint16_t>(packet, 0) & 0xf00fU);
        store_be(packet, 0, static_cast<std::uint16_t>(rest | (value << 4)));
        return;
    }
    const auto version = static_cast<std::uint16_t>(load_be<std::uint16_t>(packet, 0) & 0xff00U);
    set_v4_word(packet, 0, static_cast<std::uint16_t>(version | value));
}

void set_address(bytes_span packet, address_field field, const ip_address& value) noexcept {
    if (!value.is_v4()) {
        std::ranges::copy(value.bytes(), packet.subspan(field == address_field::source ? 8 : 24).begin());
        return;
    }
    const std::size_t at = field == address_field::source ? 12 : 16;
    set_v4_word(packet, at, load_be<std::uint16_t>(value.bytes(), 0));
    set_v4_word(packet, at + 2, load_be<std::uint16_t>(value.bytes(), 2));
}

}  // namespace sonde::sim
