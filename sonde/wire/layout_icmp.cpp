#include <sonde/wire/layout_tables.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;
using enum field_fill;

// IANA's ICMP Type Numbers.
constexpr value_name icmp_types[] = {
    {0, "echo reply"},
    {3, "destination unreachable"},
    {4, "source quench"},
    {5, "redirect"},
    {8, "echo request"},
    {9, "router advertisement"},
    {10, "router solicitation"},
    {11, "time exceeded"},
    {12, "parameter problem"},
    {13, "timestamp"},
    {14, "timestamp reply"},
    {15, "information request"},
    {16, "information reply"},
    {17, "address mask request"},
    {18, "address mask reply"},
    {30, "traceroute"},
    {40, "photuris"},
    {42, "extended echo request"},
    {43, "extended echo reply"},
};

constexpr header_field icmp_fields[] = {
    {"type", "Type", 0, 8, named, preset, 8, icmp_types},
    {"code", "Code", 8, 8},
    {"chksum", "Checksum", 16, 16, hexadecimal, checksum},
};

// RFC 1191 section 4 (the MTU of code 4) and RFC 4884 section 4.1 (the length of the quoted datagram in words).
constexpr header_field unreachable_fields[] = {
    {"unused", "Unused", 32, 8, hexadecimal},
    {"length", "Length of the Quote (RFC 4884)", 40, 8},
    {"mtu", "Next-Hop MTU (RFC 1191)", 48, 16},
};

constexpr header_field time_exceeded_fields[] = {
    {"unused", "Unused", 32, 8, hexadecimal},
    {"length", "Length of the Quote (RFC 4884)", 40, 8},
    {"unused2", "Unused", 48, 16, hexadecimal},
};

constexpr header_field parameter_problem_fields[] = {
    {"pointer", "Pointer", 32, 8},
    {"length", "Length of the Quote (RFC 4884)", 40, 8},
    {"unused", "Unused", 48, 16, hexadecimal},
};

constexpr header_field source_quench_fields[] = {{"unused", "Unused", 32, 32, hexadecimal}};
constexpr header_field redirect_fields[] = {{"gateway", "Gateway Internet Address", 32, 32, ipv4}};
constexpr header_field router_solicitation_fields[] = {{"reserved", "Reserved", 32, 32, hexadecimal}};

constexpr header_field router_advertisement_fields[] = {
    {"count", "Num Addrs", 32, 8},
    {"entry_size", "Addr Entry Size", 40, 8, number, preset, 2},
    {"lifetime", "Lifetime", 48, 16, number, preset, 1800},
};

constexpr header_field timestamp_fields[] = {
    {"id", "Identifier", 32, 16},
    {"seq", "Sequence Number", 48, 16},
    {"ts_ori", "Originate Timestamp", 64, 32},
    {"ts_rx", "Receive Timestamp", 96, 32},
    {"ts_tx", "Transmit Timestamp", 128, 32},
};

constexpr header_field address_mask_fields[] = {
    {"id", "Identifier", 32, 16},
    {"seq", "Sequence Number", 48, 16},
    {"mask", "Address Mask", 64, 32, ipv4},
};

// RFC 8335.
constexpr header_variant icmp_variants[] = {
    {"echo", "Echo", 8, id_and_seq, 8},
    {"reply", "Echo Reply", 0, id_and_seq, 8},
    {"unreachable", "Destination Unreachable", 3, unreachable_fields, 8},
    {"source_quench", "Source Quench", 4, source_quench_fields, 8},
    {"redirect", "Redirect", 5, redirect_fields, 8},
    {"router_advertisement", "Router Advertisement", 9, router_advertisement_fields, 8},
    {"router_solicitation", "Router Solicitation", 10, router_solicitation_fields, 8},
    {"time_exceeded", "Time Exceeded", 11, time_exceeded_fields, 8},
    {"parameter_problem", "Parameter Problem", 12, parameter_problem_fields, 8},
    {"timestamp", "Timestamp", 13, timestamp_fields, 20},
    {"timestamp_reply", "Timestamp Reply", 14, timestamp_fields, 20},
    {"information_request", "Information Request", 15, id_and_seq, 8},
    {"information_reply", "Information Reply", 16, id_and_seq, 8},
    {"address_mask", "Address Mask Request", 17, address_mask_fields, 12},
    {"address_mask_reply", "Address Mask Reply", 18, address_mask_fields, 12},
    {"extended_echo", "Extended Echo Request", 42, extended_echo_fields, 8},
    {"extended_reply", "Extended Echo Reply", 43, extended_reply_fields, 8},
};

constexpr header_field extension_fields[] = {
    {"version", "Version", 0, 4, number, preset, 2},
    {"reserved", "Reserved", 4, 12, hexadecimal},
    {"chksum", "Checksum", 16, 16, hexadecimal, checksum},
};

}  // namespace

// The four bytes after the checksum belong to the forms: a type that has none here has only the first four.
constinit const header_layout icmp_layout{
    .id = protocol::icmp,
    .name = "icmp",
    .title = "Internet Control Message Protocol",
    .source = "RFC 792",
    .size = 4,
    .fields = icmp_fields,
    .selector = "type",
    .variants = icmp_variants,
};

constinit const header_layout icmp_extension_layout{
    .id = protocol::icmp_extension,
    .name = "icmpext",
    .title = "ICMP Extension Structure",
    .source = "RFC 4884 section 7",
    .size = 4,
    .fields = extension_fields,
};

}  // namespace sonde::wire
