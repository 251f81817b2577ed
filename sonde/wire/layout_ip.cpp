#include <sonde/wire/layout_tables.hpp>
#include <sonde/wire/number_names.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;
using enum field_fill;

// `evil` is RFC 3514's name of the reserved bit.
constexpr value_name ipv4_flags[] = {{4, "evil"}, {2, "DF"}, {1, "MF"}};

constexpr header_field ipv4_fields[] = {
    {"version", "Version", 0, 4, number, preset, 4},
    {"ihl", "Internet Header Length", 4, 4, number, length},
    {"tos", "Type of Service (DSCP, ECN)", 8, 8, hexadecimal},
    {"len", "Total Length", 16, 16, number, length},
    {"id", "Identification", 32, 16},
    {"flags", "Flags", 48, 3, flags, preset, 0, ipv4_flags},
    {"frag", "Fragment Offset", 51, 13},
    {"ttl", "Time to Live", 64, 8, number, preset, 64},
    {"proto", "Protocol", 72, 8, named, next, 0, ip_protocol_names},
    {"chksum", "Header Checksum", 80, 16, hexadecimal, checksum},
    {"src", "Source Address", 96, 32, ipv4, source},
    {"dst", "Destination Address", 128, 32, ipv4, destination},
};

// RFC 791 page 15: `Pointer` counts from the option's first byte; what it points into are addresses.
constexpr header_field route_fields[] = {{"pointer", "Pointer", 0, 8, number, preset, 4}};

constexpr value_name timestamp_flags[] = {
    {0, "timestamps only"}, {1, "addresses and timestamps"}, {3, "addresses prespecified"}};

constexpr header_field timestamp_fields[] = {
    {"pointer", "Pointer", 0, 8, number, preset, 5},
    {"overflow", "Overflow", 8, 4},
    {"flag", "Flag", 12, 4, named, preset, 0, timestamp_flags},
};

constexpr value_name router_alert_values[] = {{0, "every router examines the packet"}};

constexpr option_layout ipv4_options[] = {
    {0, "eol", "End of Option List", option_kind::none},
    {1, "nop", "No Operation", option_kind::none},
    {7, "record_route", "Record Route", option_kind::addresses, 4, {}, route_fields},
    {68, "timestamp", "Internet Timestamp", option_kind::numbers, 4, {}, timestamp_fields},
    {130, "security", "Security", option_kind::bytes},
    {131, "lsrr", "Loose Source and Record Route", option_kind::addresses, 4, {}, route_fields},
    {134, "cipso", "Commercial Security", option_kind::bytes},
    {136, "stream_id", "Stream Identifier", option_kind::number, 2},
    {137, "ssrr", "Strict Source and Record Route", option_kind::addresses, 4, {}, route_fields},
    {148, "router_alert", "Router Alert", option_kind::number, 2, router_alert_values},
};

constexpr header_field ipv6_fields[] = {
    {"version", "Version", 0, 4, number, preset, 6},
    {"tc", "Traffic Class (DSCP, ECN)", 4, 8, hexadecimal},
    {"fl", "Flow Label", 12, 20, hexadecimal},
    {"plen", "Payload Length", 32, 16, number, length},
    {"nh", "Next Header", 48, 8, named, next, ip_protocol::none, ip_protocol_names},
    {"hlim", "Hop Limit", 56, 8, number, preset, 64},
    {"src", "Source Address", 64, 128, ipv6, source},
    {"dst", "Destination Address", 192, 128, ipv6, destination},
};

constexpr header_field options_header_fields[] = {
    {"nh", "Next Header", 0, 8, named, next, ip_protocol::none, ip_protocol_names},
    {"len", "Header Extension Length", 8, 8, number, length},
};

// RFC 2711 section 2.1 and IANA's registry.
constexpr value_name ipv6_router_alert_values[] = {
    {0, "Multicast Listener Discovery"}, {1, "RSVP"}, {2, "Active Networks"}};

constexpr option_layout ipv6_options[] = {
    {0, "pad1", "Pad1", option_kind::none},
    {1, "padn", "PadN", option_kind::bytes},
    {4, "encapsulation_limit", "Tunnel Encapsulation Limit", option_kind::number, 1},
    {5, "router_alert", "Router Alert", option_kind::number, 2, ipv6_router_alert_values},
    {7, "calipso", "CALIPSO", option_kind::bytes},
    {0x30, "path_mtu", "Minimum Path MTU Hop-by-Hop", option_kind::numbers, 2},
    {0xc2, "jumbo", "Jumbo Payload", option_kind::number, 4},
    {0xc9, "home_address", "Home Address", option_kind::ipv6, 16},
};

constexpr value_name routing_types[] = {
    {0, "source route"}, {2, "mobility"}, {3, "RPL source route"}, {4, "segment routing"}};

constexpr header_field routing_fields[] = {
    {"nh", "Next Header", 0, 8, named, next, ip_protocol::none, ip_protocol_names},
    {"len", "Header Extension Length", 8, 8, number, length},
    {"type", "Routing Type", 16, 8, named, preset, 0, routing_types},
    {"segleft", "Segments Left", 24, 8},
};

// RFC 2460 section 4.4 (deprecated by RFC 5095), RFC 6275 section 6.4.1, RFC 8754 section 2.
constexpr header_field source_route_fields[] = {{"reserved", "Reserved", 32, 32, hexadecimal}};
constexpr header_field mobility_fields[] = {
    {"reserved", "Reserved", 32, 32, hexadecimal},
    {"home", "Home Address", 64, 128, ipv6},
};
constexpr header_field segment_routing_fields[] = {
    {"last_entry", "Last Entry", 32, 8},
    {"flags", "Flags", 40, 8, hexadecimal},
    {"tag", "Tag", 48, 16, hexadecimal},
};
constexpr header_field rpl_fields[] = {
    {"cmpri", "CmprI", 32, 4},
    {"cmpre", "CmprE", 36, 4},
    {"pad", "Pad", 40, 4},
    {"reserved", "Reserved", 44, 20, hexadecimal},
};

constexpr header_variant routing_variants[] = {
    {"source_route", "Source Route", 0, source_route_fields, 8},
    {"mobility", "Type 2 Routing Header", 2, mobility_fields, 24},
    {"rpl", "RPL Source Route", 3, rpl_fields, 8},
    {"segment_routing", "Segment Routing Header", 4, segment_routing_fields, 8},
};

constexpr header_field fragment_fields[] = {
    {"nh", "Next Header", 0, 8, named, next, ip_protocol::none, ip_protocol_names},
    {"reserved", "Reserved", 8, 8, hexadecimal},
    {"offset", "Fragment Offset", 16, 13},
    {"res2", "Res", 29, 2, hexadecimal},
    {"m", "M flag (more fragments)", 31, 1, flag},
    {"id", "Identification", 32, 32, hexadecimal},
};

}  // namespace

constinit const header_layout ipv4_layout{
    .id = protocol::ipv4,
    .name = "ip",
    .title = "Internet Protocol version 4",
    .source = "RFC 791 section 3.1",
    .size = 20,
    .fields = ipv4_fields,
    .style = option_style::tcp,
    .options = ipv4_options,
};

constinit const header_layout ipv6_layout{
    .id = protocol::ipv6,
    .name = "ip6",
    .title = "Internet Protocol version 6",
    .source = "RFC 8200 section 3",
    .size = 40,
    .fields = ipv6_fields,
};

constinit const header_layout ipv6_hop_by_hop_layout{
    .id = protocol::ipv6_hop_by_hop,
    .name = "hopopts",
    .title = "IPv6 Hop-by-Hop Options",
    .source = "RFC 8200 section 4.3",
    .size = 2,
    .fields = options_header_fields,
    .style = option_style::ipv6,
    .options = ipv6_options,
};

constinit const header_layout ipv6_routing_layout{
    .id = protocol::ipv6_routing,
    .name = "routing",
    .title = "IPv6 Routing Header",
    .source = "RFC 8200 section 4.4",
    .size = 4,
    .fields = routing_fields,
    .selector = "type",
    .variants = routing_variants,
};

constinit const header_layout ipv6_fragment_layout{
    .id = protocol::ipv6_fragment,
    .name = "frag",
    .title = "IPv6 Fragment Header",
    .source = "RFC 8200 section 4.5",
    .size = 8,
    .fields = fragment_fields,
};

constinit const header_layout ipv6_destination_layout{
    .id = protocol::ipv6_destination,
    .name = "dstopts",
    .title = "IPv6 Destination Options",
    .source = "RFC 8200 section 4.6",
    .size = 2,
    .fields = options_header_fields,
    .style = option_style::ipv6,
    .options = ipv6_options,
};

}  // namespace sonde::wire
