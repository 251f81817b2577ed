#include <sonde/wire/layout_tables.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;
using enum field_fill;

// IANA's ICMPv6 Parameters.
constexpr value_name icmpv6_types[] = {
    {1, "destination unreachable"},
    {2, "packet too big"},
    {3, "time exceeded"},
    {4, "parameter problem"},
    {128, "echo request"},
    {129, "echo reply"},
    {130, "multicast listener query"},
    {131, "multicast listener report"},
    {132, "multicast listener done"},
    {133, "router solicitation"},
    {134, "router advertisement"},
    {135, "neighbor solicitation"},
    {136, "neighbor advertisement"},
    {137, "redirect"},
    {138, "router renumbering"},
    {139, "node information query"},
    {140, "node information response"},
    {141, "inverse neighbor discovery solicitation"},
    {142, "inverse neighbor discovery advertisement"},
    {143, "multicast listener report v2"},
    {144, "home agent address discovery request"},
    {145, "home agent address discovery reply"},
    {146, "mobile prefix solicitation"},
    {147, "mobile prefix advertisement"},
    {148, "certification path solicitation"},
    {149, "certification path advertisement"},
    {151, "multicast router advertisement"},
    {152, "multicast router solicitation"},
    {153, "multicast router termination"},
    {155, "RPL control"},
    {160, "extended echo request"},
    {161, "extended echo reply"},
};

constexpr header_field icmpv6_fields[] = {
    {"type", "Type", 0, 8, named, preset, 128, icmpv6_types},
    {"code", "Code", 8, 8},
    {"chksum", "Checksum", 16, 16, hexadecimal, checksum},
};

constexpr header_field quoting_fields[] = {
    {"length", "Length of the Quote (RFC 4884)", 32, 8},
    {"unused", "Unused", 40, 24, hexadecimal},
};

constexpr header_field too_big_fields[] = {{"mtu", "MTU", 32, 32, number, preset, 1280}};
constexpr header_field parameter_problem_fields[] = {{"pointer", "Pointer", 32, 32}};

constexpr header_field mld_fields[] = {
    {"max_resp", "Maximum Response Delay", 32, 16},
    {"reserved", "Reserved", 48, 16, hexadecimal},
    {"group", "Multicast Address", 64, 128, ipv6},
};

// RFC 9777 section 5.1 (RFC 3810's).
constexpr header_field mld2_query_fields[] = {
    {"max_resp", "Maximum Response Code", 32, 16, number, preset, 10'000},
    {"reserved", "Reserved", 48, 16, hexadecimal},
    {"group", "Multicast Address", 64, 128, ipv6},
    {"flags", "Flags", 192, 4, hexadecimal},
    {"suppress", "S Flag (suppress router-side processing)", 196, 1, flag},
    {"qrv", "Querier's Robustness Variable", 197, 3, number, preset, 2},
    {"qqic", "Querier's Query Interval Code", 200, 8, number, preset, 125},
    {"sources", "Number of Sources", 208, 16},
};

constexpr header_field mld2_report_fields[] = {
    {"reserved", "Reserved", 32, 16, hexadecimal},
    {"records", "Number of Multicast Address Records", 48, 16},
};

constexpr header_field router_solicitation_fields[] = {{"reserved", "Reserved", 32, 32, hexadecimal}};

// RFC 4191 section 2.1.
constexpr value_name router_preferences[] = {{0, "medium"}, {1, "high"}, {2, "reserved"}, {3, "low"}};

constexpr header_field router_advertisement_fields[] = {
    {"cur_hop_limit", "Cur Hop Limit", 32, 8, number, preset, 64},
    {"managed", "M (managed address configuration)", 40, 1, flag},
    {"other", "O (other configuration)", 41, 1, flag},
    {"home_agent", "H (home agent, RFC 6275)", 42, 1, flag},
    {"prf", "Default Router Preference (RFC 4191)", 43, 2, named, preset, 0, router_preferences},
    {"proxy", "P (proxy, RFC 4389)", 45, 1, flag},
    {"reserved", "Reserved", 46, 2, hexadecimal},
    {"router_lifetime", "Router Lifetime", 48, 16, number, preset, 1800},
    {"reachable_time", "Reachable Time", 64, 32},
    {"retrans_timer", "Retrans Timer", 96, 32},
};

constexpr header_field neighbor_solicitation_fields[] = {
    {"reserved", "Reserved", 32, 32, hexadecimal},
    {"target", "Target Address", 64, 128, ipv6, destination},
};

constexpr header_field neighbor_advertisement_fields[] = {
    {"router", "R (router)", 32, 1, flag},
    {"solicited", "S (solicited)", 33, 1, flag},
    {"override", "O (override)", 34, 1, flag},
    {"reserved", "Reserved", 35, 29, hexadecimal},
    {"target", "Target Address", 64, 128, ipv6, source},
};

constexpr header_field redirect_fields[] = {
    {"reserved", "Reserved", 32, 32, hexadecimal},
    {"target", "Target Address", 64, 128, ipv6},
    {"dst", "Destination Address", 192, 128, ipv6},
};

// RFC 8335.
constexpr option_style with_options = option_style::nd;

constexpr header_variant icmpv6_variants[] = {
    {"echo", "Echo Request", 128, id_and_seq, 8},
    {"reply", "Echo Reply", 129, id_and_seq, 8},
    {"unreachable", "Destination Unreachable", 1, quoting_fields, 8},
    {"too_big", "Packet Too Big", 2, too_big_fields, 8},
    {"time_exceeded", "Time Exceeded", 3, quoting_fields, 8},
    {"parameter_problem", "Parameter Problem", 4, parameter_problem_fields, 8},
    {"mld_query", "Multicast Listener Query", 130, mld_fields, 24},
    {"mld2_query", "Multicast Listener Query version 2", 130, mld2_query_fields, 28},
    {"mld_report", "Multicast Listener Report", 131, mld_fields, 24},
    {"mld_done", "Multicast Listener Done", 132, mld_fields, 24},
    {"mld2_report", "Multicast Listener Report version 2", 143, mld2_report_fields, 8},
    {"rs", "Router Solicitation", 133, router_solicitation_fields, 8, with_options},
    {"ra", "Router Advertisement", 134, router_advertisement_fields, 16, with_options},
    {"ns", "Neighbor Solicitation", 135, neighbor_solicitation_fields, 24, with_options},
    {"na", "Neighbor Advertisement", 136, neighbor_advertisement_fields, 24, with_options},
    {"redirect", "Redirect", 137, redirect_fields, 40, with_options},
    {"extended_echo", "Extended Echo Request", 160, extended_echo_fields, 8},
    {"extended_reply", "Extended Echo Reply", 161, extended_reply_fields, 8},
};

constexpr header_field prefix_fields[] = {
    {"prefix_length", "Prefix Length", 0, 8, number, preset, 64},
    {"on_link", "L (on-link)", 8, 1, flag, preset, 1},
    {"autonomous", "A (autonomous address configuration)", 9, 1, flag, preset, 1},
    {"router_address", "R (router address, RFC 6275)", 10, 1, flag},
    {"reserved", "Reserved", 11, 5, hexadecimal},
    {"valid_lifetime", "Valid Lifetime", 16, 32, number, preset, 2'592'000},
    {"preferred_lifetime", "Preferred Lifetime", 48, 32, number, preset, 604'800},
    {"reserved2", "Reserved", 80, 32, hexadecimal},
};

constexpr header_field reserved_16[] = {{"reserved", "Reserved", 0, 16, hexadecimal}};
constexpr header_field reserved_48[] = {{"reserved", "Reserved", 0, 48, hexadecimal}};

constexpr header_field route_fields[] = {
    {"prefix_length", "Prefix Length", 0, 8},
    {"reserved", "Reserved", 8, 3, hexadecimal},
    {"prf", "Route Preference", 11, 2, named, preset, 0, router_preferences},
    {"reserved2", "Reserved", 13, 3, hexadecimal},
    {"lifetime", "Route Lifetime", 16, 32, number, preset, 1800},
};

constexpr header_field lifetime_fields[] = {
    {"reserved", "Reserved", 0, 16, hexadecimal},
    {"lifetime", "Lifetime", 16, 32, number, preset, 1800},
};

// RFC 4861 section 4.6; nonce RFC 3971, route information RFC 4191, DNS RFC 8106.
constexpr option_layout nd_options[] = {
    {1, "slla", "Source Link-Layer Address", option_kind::mac, 6},
    {2, "tlla", "Target Link-Layer Address", option_kind::mac, 6},
    {3, "prefix", "Prefix Information", option_kind::ipv6, 16, {}, prefix_fields},
    {4, "redirected", "Redirected Header", option_kind::bytes, 0, {}, reserved_48},
    {5, "mtu", "MTU", option_kind::number, 4, {}, reserved_16},
    {14, "nonce", "Nonce", option_kind::bytes},
    {24, "route", "Route Information", option_kind::bytes, 0, {}, route_fields},
    {25, "rdnss", "Recursive DNS Server", option_kind::addresses, 16, {}, lifetime_fields},
    {31, "dnssl", "DNS Search List", option_kind::bytes, 0, {}, lifetime_fields},
    {37, "captive_portal", "Captive Portal", option_kind::text},
    {38, "pref64", "PREF64 (RFC 8781)", option_kind::bytes},
};

}  // namespace

// As in `icmp_layout`, the forms begin after the checksum.
constinit const header_layout icmpv6_layout{
    .id = protocol::icmpv6,
    .name = "icmp6",
    .title = "Internet Control Message Protocol version 6",
    .source = "RFC 4443 section 2.1",
    .size = 4,
    .fields = icmpv6_fields,
    .selector = "type",
    .variants = icmpv6_variants,
    .options = nd_options,
};

}  // namespace sonde::wire
