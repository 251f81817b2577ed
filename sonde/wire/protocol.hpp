// The protocols that sonde knows, and the numbers by which one announces the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sonde::wire {

/// What a layer of a packet is.
enum class protocol : std::uint8_t {
    null_loopback,    ///< BSD loopback header
    linux_cooked,     ///< LINKTYPE_LINUX_SLL
    linux_cooked_v2,  ///< LINKTYPE_LINUX_SLL2
    ethernet,
    vlan,  ///< one IEEE 802.1Q or 802.1ad tag
    arp,
    ipv4,
    ipv6,
    ipv6_hop_by_hop,
    ipv6_routing,
    ipv6_fragment,
    ipv6_destination,
    icmp,
    icmpv6,
    icmp_extension,  ///< RFC 4884: the extension header and its objects
    igmp,
    ospf,
    udp,
    tcp,
    dhcp,
    payload,  ///< bytes without a header that sonde knows
};
inline constexpr std::size_t protocol_count = static_cast<std::size_t>(protocol::payload) + 1;

namespace ethertype {
inline constexpr std::uint16_t ipv4 = 0x0800;
inline constexpr std::uint16_t arp = 0x0806;
inline constexpr std::uint16_t vlan = 0x8100;  ///< IEEE 802.1Q customer tag
inline constexpr std::uint16_t ipv6 = 0x86dd;
inline constexpr std::uint16_t service_vlan = 0x88a8;  ///< IEEE 802.1ad service tag
inline constexpr std::uint16_t double_vlan = 0x9100;   ///< outer tags of switches from before 802.1ad
}  // namespace ethertype

/// IANA's Assigned Internet Protocol Numbers.
namespace ip_protocol {
inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t igmp = 2;
inline constexpr std::uint8_t ipv4 = 4;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t ipv6 = 41;
inline constexpr std::uint8_t icmpv6 = 58;
inline constexpr std::uint8_t none = 59;
inline constexpr std::uint8_t ospf = 89;
}  // namespace ip_protocol

/// `ICMP`, `OSPF`, `GRE`, `ESP`...: IANA's keyword; empty for a number that has none here.
[[nodiscard]] std::string_view ip_protocol_name(std::uint8_t number) noexcept;
/// The number of a keyword in any case (`ospf`, `icmp6`, `ipv6-icmp`).
[[nodiscard]] std::optional<std::uint8_t> ip_protocol_number(std::string_view name) noexcept;

/// `IPv4`, `ARP`...; empty for one that has no name here.
[[nodiscard]] std::string_view ethertype_name(std::uint16_t type) noexcept;

}  // namespace sonde::wire
