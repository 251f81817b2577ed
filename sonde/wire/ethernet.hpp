// Ethernet (IEEE 802.3), and the VLAN tags that stand before the ethertype (IEEE 802.1Q, 802.1ad, and 0x9100 of
// before).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/wire/parse_error.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::wire {

inline constexpr std::size_t ethernet_header_size = 14;  ///< without tags
inline constexpr std::size_t vlan_tag_size = 4;
inline constexpr std::size_t vlan_tags_max = 4;
/// The shortest frame of a real link, without its check sequence; the device pads to it.
inline constexpr std::size_t ethernet_frame_min = 60;

/// Whether that ethertype announces a VLAN tag.
[[nodiscard]] constexpr bool is_vlan_ethertype(std::uint16_t type) noexcept {
    return type == ethertype::vlan || type == ethertype::service_vlan || type == ethertype::double_vlan;
}

/// One VLAN tag (IEEE 802.1Q section 9.6).
struct vlan_tag {
    std::uint16_t type = ethertype::vlan;  ///< tag protocol identifier, one of `is_vlan_ethertype`
    std::uint8_t priority = 0;             ///< priority code point, 0 to 7
    bool drop_eligible = false;
    std::uint16_t id = 0;  ///< VLAN identifier, 0 to 4095; 0 is a priority without a VLAN

    friend constexpr bool operator==(const vlan_tag&, const vlan_tag&) noexcept = default;
};

/// An Ethernet frame without preamble and check sequence. Does not own the bytes, which must outlive it.
class ethernet_view {
public:
    /// Fails with `truncated` where addresses, tags or ethertype are cut short. A tag beyond the first `vlan_tags_max`
    /// is payload, announced by `ethertype()`.
    [[nodiscard]] static parsed<ethernet_view> parse(bytes_view frame) noexcept;

    [[nodiscard]] mac_address destination() const noexcept { return mac_address::from_bytes(bytes_.first(6)); }
    [[nodiscard]] mac_address source() const noexcept { return mac_address::from_bytes(bytes_.subspan(6, 6)); }
    [[nodiscard]] std::size_t tag_count() const noexcept { return tag_count_; }
    /// The tag at `index` below `tag_count()`, outermost first.
    [[nodiscard]] vlan_tag tag(std::size_t index) const noexcept;
    /// What the payload is, behind all tags. Below 1536 it is the payload's length, of an IEEE 802.2 LLC frame.
    [[nodiscard]] std::uint16_t ethertype() const noexcept { return load_be<std::uint16_t>(bytes_, header_size() - 2); }
    [[nodiscard]] bool is_llc() const noexcept { return ethertype() < 1536; }
    [[nodiscard]] std::size_t header_size() const noexcept { return ethernet_header_size + vlan_tag_size * tag_count_; }
    /// Everything behind the header. A short frame's padding is in it: only the payload's own length tells them apart.
    [[nodiscard]] bytes_view payload() const noexcept { return bytes_.subspan(header_size()); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    ethernet_view(bytes_view bytes, std::size_t tag_count) noexcept : bytes_(bytes), tag_count_(tag_count) {}
    bytes_view bytes_;
    std::size_t tag_count_;
};

/// What an Ethernet frame means. The payload is borrowed.
struct ethernet_message {
    mac_address destination = {};
    mac_address source = {};
    std::array<vlan_tag, vlan_tags_max> tags = {};  ///< the first `tag_count` of them, outermost first
    std::size_t tag_count = 0;
    std::uint16_t ethertype = 0;
    bytes_view payload = {};

    [[nodiscard]] std::size_t header_size() const noexcept { return ethernet_header_size + vlan_tag_size * tag_count; }
    [[nodiscard]] std::size_t size() const noexcept { return header_size() + payload.size(); }

    /// Writes the frame, without padding, and returns the bytes written. Nothing is written and the result is 0 when
    /// `out` has fewer than `size()` bytes or no frame can say it: too many tags, a tag whose type or numbers are out
    /// of range, an ethertype that announces one more tag while `tag_count` is below `vlan_tags_max`. The payload may
    /// stand in `out` at its place already. `parse(emit(m)) == m`.
    std::size_t emit(bytes_span out) const noexcept;

    [[nodiscard]] static ethernet_message from(const ethernet_view& view) noexcept;

    /// The same meaning, byte for byte, wherever the payload stands.
    friend bool operator==(const ethernet_message& a, const ethernet_message& b) noexcept;
};

/// The group address that an IP multicast address is sent to (RFC 1112 section 6.4, RFC 2464 section 7). For any other
/// address the broadcast address.
[[nodiscard]] mac_address multicast_mac(const ip_address& group) noexcept;

}  // namespace sonde::wire
