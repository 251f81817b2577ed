#include <sonde/wire/layout_tables.hpp>
#include <sonde/wire/number_names.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;
using enum field_fill;

// The family's number in the byte order of the machine that captured: what is read here is big-endian.
constexpr value_name address_families[] = {
    {2, "IPv4"},  {0x0200'0000, "IPv4"}, {10, "IPv6"},          {24, "IPv6"},          {28, "IPv6"},
    {30, "IPv6"}, {0x0a00'0000, "IPv6"}, {0x1800'0000, "IPv6"}, {0x1c00'0000, "IPv6"}, {0x1e00'0000, "IPv6"},
};

constexpr header_field null_loopback_fields[] = {
    {"family", "Address Family", 0, 32, named, next, 2, address_families},
};

// IANA's ARP Hardware Types where it has one; Linux adds its own from 512 on.
constexpr value_name hardware_types[] = {
    {1, "Ethernet"},    {6, "IEEE 802"},   {24, "IEEE 1394"}, {32, "InfiniBand"},   {512, "PPP"},
    {768, "IP tunnel"}, {772, "loopback"}, {778, "GRE"},      {801, "IEEE 802.11"}, {65534, "none"},
};

constexpr value_name packet_types[] = {
    {0, "to us"}, {1, "broadcast"}, {2, "multicast"}, {3, "to another host"}, {4, "from us"},
};

constexpr header_field linux_cooked_fields[] = {
    {"pkttype", "Packet Type", 0, 16, named, preset, 0, packet_types},
    {"hwtype", "ARPHRD Type", 16, 16, named, preset, 1, hardware_types},
    {"hwlen", "Link-Layer Address Length", 32, 16, number, preset, 6},
    {"src", "Link-Layer Address", 48, 48, mac, source},
    {"pad", "Rest of the Address", 96, 16, hexadecimal},
    {"proto", "Protocol", 112, 16, named, next, 0, ethertype_names},
};

constexpr header_field linux_cooked_v2_fields[] = {
    {"proto", "Protocol", 0, 16, named, next, 0, ethertype_names},
    {"reserved", "Reserved (MBZ)", 16, 16, hexadecimal},
    {"ifindex", "Interface Index", 32, 32, number, preset, 1},
    {"hwtype", "ARPHRD Type", 64, 16, named, preset, 1, hardware_types},
    {"pkttype", "Packet Type", 80, 8, named, preset, 0, packet_types},
    {"hwlen", "Link-Layer Address Length", 88, 8, number, preset, 6},
    {"src", "Link-Layer Address", 96, 48, mac, source},
    {"pad", "Rest of the Address", 144, 16, hexadecimal},
};

constexpr header_field ethernet_fields[] = {
    {"dst", "Destination Address", 0, 48, mac, destination},
    {"src", "Source Address", 48, 48, mac, source},
    {"type", "EtherType or Length", 96, 16, named, next, 0, ethertype_names},
};

constexpr header_field vlan_fields[] = {
    {"prio", "Priority Code Point", 0, 3},
    {"dei", "Drop Eligible Indicator", 3, 1, flag},
    {"id", "VLAN Identifier", 4, 12, number, preset, 1},
    {"type", "EtherType", 16, 16, named, next, 0, ethertype_names},
};

constexpr value_name arp_operations[] = {
    {1, "request"},       {2, "reply"},           {3, "reverse request"},
    {4, "reverse reply"}, {8, "inverse request"}, {9, "inverse reply"},
};

constexpr header_field arp_fields[] = {
    {"hwtype", "Hardware Type", 0, 16, named, preset, 1, hardware_types},
    {"ptype", "Protocol Type", 16, 16, named, preset, ethertype::ipv4, ethertype_names},
    {"hwlen", "Hardware Address Length", 32, 8, number, preset, 6},
    {"plen", "Protocol Address Length", 40, 8, number, preset, 4},
    {"op", "Operation", 48, 16, named, preset, 1, arp_operations},
    {"hwsrc", "Sender Hardware Address", 64, 48, mac, source},
    {"psrc", "Sender Protocol Address", 112, 32, ipv4, source},
    {"hwdst", "Target Hardware Address", 144, 48, mac},
    {"pdst", "Target Protocol Address", 192, 32, ipv4, destination},
};

constexpr header_variant arp_variants[] = {
    {"request", "Request", 1},
    {"reply", "Reply", 2},
};

}  // namespace

constinit const header_layout null_loopback_layout{
    .id = protocol::null_loopback,
    .name = "null",
    .title = "BSD Loopback",
    .source = "LINKTYPE_NULL",
    .size = 4,
    .fields = null_loopback_fields,
};

constinit const header_layout linux_cooked_layout{
    .id = protocol::linux_cooked,
    .name = "sll",
    .title = "Linux Cooked Capture",
    .source = "LINKTYPE_LINUX_SLL",
    .size = 16,
    .fields = linux_cooked_fields,
};

constinit const header_layout linux_cooked_v2_layout{
    .id = protocol::linux_cooked_v2,
    .name = "sll2",
    .title = "Linux Cooked Capture version 2",
    .source = "LINKTYPE_LINUX_SLL2",
    .size = 20,
    .fields = linux_cooked_v2_fields,
};

constinit const header_layout ethernet_layout{
    .id = protocol::ethernet,
    .name = "eth",
    .title = "Ethernet",
    .source = "IEEE 802.3",
    .size = 14,
    .fields = ethernet_fields,
};

// From the tag control information on: the tag protocol identifier before it is the outer header's type.
constinit const header_layout vlan_layout{
    .id = protocol::vlan,
    .name = "vlan",
    .title = "VLAN Tag",
    .source = "IEEE 802.1Q",
    .size = 4,
    .fields = vlan_fields,
};

constinit const header_layout arp_layout{
    .id = protocol::arp,
    .name = "arp",
    .title = "Address Resolution Protocol",
    .source = "RFC 826",
    .size = 28,
    .fields = arp_fields,
    .selector = "op",
    .variants = arp_variants,
};

}  // namespace sonde::wire
