#include <sonde/wire/layout_tables.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;
using enum field_fill;

constexpr value_name igmp_types[] = {
    {0x11, "membership query"},     {0x12, "membership report v1"}, {0x13, "DVMRP"},
    {0x16, "membership report v2"}, {0x17, "leave group"},          {0x22, "membership report v3"},
};

// `max_resp` is `Unused` in RFC 1112 and `Reserved` in the reports of RFC 9776.
constexpr header_field igmp_fields[] = {
    {"type", "Type", 0, 8, named, preset, 0x11, igmp_types},
    {"max_resp", "Max Resp Time", 8, 8},
    {"chksum", "Checksum", 16, 16, hexadecimal, checksum},
};

constexpr header_field group_fields[] = {{"group", "Group Address", 32, 32, ipv4}};

constexpr header_field query3_fields[] = {
    {"group", "Group Address", 32, 32, ipv4},
    {"flags", "Flags", 64, 4, hexadecimal},
    {"suppress", "S Flag (suppress router-side processing)", 68, 1, flag},
    {"qrv", "Querier's Robustness Variable", 69, 3, number, preset, 2},
    {"qqic", "Querier's Query Interval Code", 72, 8, number, preset, 125},
    {"sources", "Number of Sources", 80, 16},
};

constexpr header_field report3_fields[] = {
    {"reserved", "Reserved", 32, 16, hexadecimal},
    {"records", "Number of Group Records", 48, 16},
};

constexpr header_variant igmp_variants[] = {
    {"query", "Membership Query", 0x11, group_fields, 8},
    {"query3", "Membership Query version 3", 0x11, query3_fields, 12},
    {"report1", "Membership Report version 1", 0x12, group_fields, 8},
    {"report2", "Membership Report version 2", 0x16, group_fields, 8},
    {"leave", "Leave Group", 0x17, group_fields, 8},
    {"report3", "Membership Report version 3", 0x22, report3_fields, 8},
};

constexpr value_name ospf_types[] = {
    {1, "hello"},
    {2, "database description"},
    {3, "link state request"},
    {4, "link state update"},
    {5, "link state acknowledgment"},
};

constexpr value_name ospf_authentications[] = {{0, "none"}, {1, "simple password"}, {2, "cryptographic"}};

constexpr header_field ospf_fields[] = {
    {"version", "Version #", 0, 8, number, preset, 2},
    {"type", "Type", 8, 8, named, preset, 1, ospf_types},
    {"len", "Packet Length", 16, 16, number, length},
    {"router", "Router ID", 32, 32, ipv4, source},
    {"area", "Area ID", 64, 32, ipv4},
    {"chksum", "Checksum", 96, 16, hexadecimal, checksum},
    {"autype", "AuType", 112, 16, named, preset, 0, ospf_authentications},
    {"auth", "Authentication", 128, 64, hexadecimal},
};

// RFC 2328 appendix A.2; DN RFC 4576, O RFC 5250, L RFC 5613, MT RFC 4915.
constexpr value_name ospf_options[] = {{0x80, "DN"}, {0x40, "O"},  {0x20, "DC"}, {0x10, "L"},
                                       {0x08, "NP"}, {0x04, "MC"}, {0x02, "E"},  {0x01, "MT"}};

constexpr header_field hello_fields[] = {
    {"mask", "Network Mask", 192, 32, ipv4, preset, 0xffff'ff00},
    {"hello_interval", "HelloInterval", 224, 16, number, preset, 10},
    {"options", "Options", 240, 8, flags, preset, 0x02, ospf_options},
    {"priority", "Rtr Pri", 248, 8, number, preset, 1},
    {"dead_interval", "RouterDeadInterval", 256, 32, number, preset, 40},
    {"dr", "Designated Router", 288, 32, ipv4},
    {"bdr", "Backup Designated Router", 320, 32, ipv4},
};

constexpr header_variant ospf_variants[] = {
    {"hello", "Hello", 1, hello_fields, 44},   {"dd", "Database Description", 2},
    {"lsr", "Link State Request", 3},          {"lsu", "Link State Update", 4},
    {"lsack", "Link State Acknowledgment", 5},
};

}  // namespace

constinit const header_layout igmp_layout{
    .id = protocol::igmp,
    .name = "igmp",
    .title = "Internet Group Management Protocol",
    .source = "RFC 9776 section 4 (RFC 3376, 2236, 1112)",
    .size = 4,
    .fields = igmp_fields,
    .selector = "type",
    .variants = igmp_variants,
};

constinit const header_layout ospf_layout{
    .id = protocol::ospf,
    .name = "ospf",
    .title = "Open Shortest Path First version 2",
    .source = "RFC 2328 appendix A.3",
    .size = 24,
    .fields = ospf_fields,
    .selector = "type",
    .variants = ospf_variants,
};

}  // namespace sonde::wire
