#include <sonde/wire/layout_tables.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;
using enum field_fill;

constexpr header_field udp_fields[] = {
    {"sport", "Source Port", 0, 16, number, preset, 53},
    {"dport", "Destination Port", 16, 16, number, preset, 53},
    {"len", "Length", 32, 16, number, length},
    {"chksum", "Checksum", 48, 16, hexadecimal, checksum},
};

// In the order in which they are read out, not of their bits: SYN, ACK.
constexpr value_name tcp_flags[] = {{0x01, "FIN"}, {0x02, "SYN"}, {0x04, "RST"}, {0x08, "PSH"},
                                    {0x10, "ACK"}, {0x20, "URG"}, {0x40, "ECE"}, {0x80, "CWR"}};

constexpr header_field tcp_fields[] = {
    {"sport", "Source Port", 0, 16, number, preset, 20},
    {"dport", "Destination Port", 16, 16, number, preset, 80},
    {"seq", "Sequence Number", 32, 32},
    {"ack", "Acknowledgment Number", 64, 32},
    {"dataofs", "Data Offset", 96, 4, number, length},
    {"reserved", "Reserved", 100, 4, hexadecimal},
    {"flags", "Control Bits", 104, 8, flags, preset, 0x02, tcp_flags},
    {"window", "Window", 112, 16, number, preset, 64240},
    {"chksum", "Checksum", 128, 16, hexadecimal, checksum},
    {"urgptr", "Urgent Pointer", 144, 16},
};

// RFC 9293 section 3.1; window scale and timestamps RFC 7323, selective acknowledgments RFC 2018.
constexpr option_layout tcp_options[] = {
    {0, "eol", "End of Option List", option_kind::none},
    {1, "nop", "No-Operation", option_kind::none},
    {2, "mss", "Maximum Segment Size", option_kind::number, 2},
    {3, "wscale", "Window Scale", option_kind::number, 1},
    {4, "sack_ok", "SACK Permitted", option_kind::none},
    {5, "sack", "SACK", option_kind::numbers, 4},
    {8, "timestamps", "Timestamps", option_kind::numbers, 4},
    {19, "md5", "MD5 Signature (RFC 2385)", option_kind::bytes},
    {28, "user_timeout", "User Timeout (RFC 5482)", option_kind::number, 2},
    {29, "tcp_ao", "TCP Authentication (RFC 5925)", option_kind::bytes},
    {30, "mptcp", "Multipath TCP (RFC 8684)", option_kind::bytes},
    {34, "fastopen", "TCP Fast Open Cookie (RFC 7413)", option_kind::bytes},
    {69, "encryption", "Encryption Negotiation (RFC 8547)", option_kind::bytes},
    {172, "accecn0", "Accurate ECN Order 0", option_kind::bytes},
    {174, "accecn1", "Accurate ECN Order 1", option_kind::bytes},
    {253, "experiment1", "RFC 3692 Experiment 1", option_kind::bytes},
    {254, "experiment2", "RFC 3692 Experiment 2", option_kind::bytes},
};

}  // namespace

constinit const header_layout udp_layout{
    .id = protocol::udp,
    .name = "udp",
    .title = "User Datagram Protocol",
    .source = "RFC 768",
    .size = 8,
    .fields = udp_fields,
};

constinit const header_layout tcp_layout{
    .id = protocol::tcp,
    .name = "tcp",
    .title = "Transmission Control Protocol",
    .source = "RFC 9293 section 3.1",
    .size = 20,
    .fields = tcp_fields,
    .style = option_style::tcp,
    .options = tcp_options,
};

}  // namespace sonde::wire
