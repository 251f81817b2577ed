// The tables that `header_layout` hands out, one per protocol. Inside of this room only.
#pragma once

#include <sonde/wire/header_layout.hpp>

namespace sonde::wire {

// layout_link.cpp
extern const header_layout null_loopback_layout;
extern const header_layout linux_cooked_layout;
extern const header_layout linux_cooked_v2_layout;
extern const header_layout ethernet_layout;
extern const header_layout vlan_layout;
extern const header_layout arp_layout;

// layout_ip.cpp
extern const header_layout ipv4_layout;
extern const header_layout ipv6_layout;
extern const header_layout ipv6_hop_by_hop_layout;
extern const header_layout ipv6_routing_layout;
extern const header_layout ipv6_fragment_layout;
extern const header_layout ipv6_destination_layout;

// layout_icmp.cpp, layout_icmpv6.cpp
extern const header_layout icmp_layout;
extern const header_layout icmp_extension_layout;
extern const header_layout icmpv6_layout;

// Forms that ICMP and ICMPv6 have alike: echo (RFC 792, RFC 4443 section 4), extended echo (RFC 8335 section 2).
inline constexpr header_field id_and_seq[] = {
    {"id", "Identifier", 32, 16},
    {"seq", "Sequence Number", 48, 16},
};

inline constexpr header_field extended_echo_fields[] = {
    {"id", "Identifier", 32, 16},
    {"seq", "Sequence Number", 48, 8},
    {"reserved", "Reserved", 56, 7, field_kind::hexadecimal},
    {"local", "L (local)", 63, 1, field_kind::flag},
};

inline constexpr header_field extended_reply_fields[] = {
    {"id", "Identifier", 32, 16},
    {"seq", "Sequence Number", 48, 8},
    {"state", "State", 56, 3},
    {"reserved", "Reserved", 59, 2, field_kind::hexadecimal},
    {"active", "A (active)", 61, 1, field_kind::flag},
    {"v4", "4 (IPv4 runs)", 62, 1, field_kind::flag},
    {"v6", "6 (IPv6 runs)", 63, 1, field_kind::flag},
};

// layout_routing.cpp
extern const header_layout igmp_layout;
extern const header_layout ospf_layout;

// layout_transport.cpp
extern const header_layout udp_layout;
extern const header_layout tcp_layout;

// layout_dhcp.cpp
extern const header_layout dhcp_layout;

}  // namespace sonde::wire
