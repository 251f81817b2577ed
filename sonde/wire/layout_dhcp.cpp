#include <sonde/wire/layout_tables.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;
using enum field_fill;

constexpr value_name operations[] = {{1, "BOOTREQUEST"}, {2, "BOOTREPLY"}};
constexpr value_name hardware_types[] = {{1, "Ethernet"}, {6, "IEEE 802"}};
constexpr value_name bootp_flags[] = {{0x8000, "BROADCAST"}};

// `chaddr` has 16 bytes, of which Ethernet takes six.
constexpr header_field dhcp_fields[] = {
    {"op", "Message op code", 0, 8, named, preset, 1, operations},
    {"htype", "Hardware Address Type", 8, 8, named, preset, 1, hardware_types},
    {"hlen", "Hardware Address Length", 16, 8, number, preset, 6},
    {"hops", "Hops", 24, 8},
    {"xid", "Transaction ID", 32, 32, hexadecimal},
    {"secs", "Seconds Elapsed", 64, 16},
    {"flags", "Flags", 80, 16, flags, preset, 0, bootp_flags},
    {"ciaddr", "Client IP Address", 96, 32, ipv4},
    {"yiaddr", "'Your' (client) IP Address", 128, 32, ipv4},
    {"siaddr", "Next Server IP Address", 160, 32, ipv4},
    {"giaddr", "Relay Agent IP Address", 192, 32, ipv4},
    {"chaddr", "Client Hardware Address", 224, 48, mac, source},
    {"chaddr_pad", "Rest of the Hardware Address", 272, 80, bytes},
    {"sname", "Server Host Name", 352, 512, text},
    {"file", "Boot File Name", 864, 1024, text},
    {"cookie", "Magic Cookie", 1888, 32, hexadecimal, preset, 0x6382'5363},
};

constexpr value_name message_types[] = {
    {1, "discover"},     {2, "offer"},       {3, "request"},          {4, "decline"},
    {5, "ack"},          {6, "nak"},         {7, "release"},          {8, "inform"},
    {9, "forcerenew"},   {10, "leasequery"}, {11, "leaseunassigned"}, {12, "leaseunknown"},
    {13, "leaseactive"},
};
constexpr value_name overloads[] = {{1, "file"}, {2, "sname"}, {3, "file and sname"}};

// RFC 2132; classless routes RFC 3442, name of the client RFC 4702, relay agent RFC 3046, domain search RFC 3397.
constexpr option_layout dhcp_options[] = {
    {0, "pad", "Pad", option_kind::none},
    {1, "subnet_mask", "Subnet Mask", option_kind::ipv4, 4},
    {2, "time_offset", "Time Offset", option_kind::number, 4},
    {3, "router", "Router", option_kind::addresses, 4},
    {4, "time_server", "Time Server", option_kind::addresses, 4},
    {6, "dns", "Domain Name Server", option_kind::addresses, 4},
    {7, "log_server", "Log Server", option_kind::addresses, 4},
    {12, "hostname", "Host Name", option_kind::text},
    {13, "boot_file_size", "Boot File Size", option_kind::number, 2},
    {15, "domain", "Domain Name", option_kind::text},
    {17, "root_path", "Root Path", option_kind::text},
    {19, "ip_forwarding", "IP Forwarding", option_kind::number, 1},
    {23, "default_ttl", "Default IP Time-to-live", option_kind::number, 1},
    {26, "mtu", "Interface MTU", option_kind::number, 2},
    {28, "broadcast", "Broadcast Address", option_kind::ipv4, 4},
    {33, "static_routes", "Static Route", option_kind::addresses, 4},
    {42, "ntp_server", "Network Time Protocol Servers", option_kind::addresses, 4},
    {43, "vendor", "Vendor Specific Information", option_kind::bytes},
    {44, "wins_server", "NetBIOS over TCP/IP Name Server", option_kind::addresses, 4},
    {46, "netbios_node_type", "NetBIOS over TCP/IP Node Type", option_kind::number, 1},
    {50, "requested_address", "Requested IP Address", option_kind::ipv4, 4},
    {51, "lease_time", "IP Address Lease Time", option_kind::number, 4},
    {52, "overload", "Option Overload", option_kind::number, 1, overloads},
    {53, "message_type", "DHCP Message Type", option_kind::number, 1, message_types},
    {54, "server_id", "Server Identifier", option_kind::ipv4, 4},
    {55, "parameter_list", "Parameter Request List", option_kind::numbers, 1},
    {56, "message", "Message", option_kind::text},
    {57, "max_size", "Maximum DHCP Message Size", option_kind::number, 2},
    {58, "renewal_time", "Renewal (T1) Time Value", option_kind::number, 4},
    {59, "rebinding_time", "Rebinding (T2) Time Value", option_kind::number, 4},
    {60, "vendor_class", "Vendor Class Identifier", option_kind::text},
    {61, "client_id", "Client Identifier", option_kind::bytes},
    {66, "tftp_server", "TFTP Server Name", option_kind::text},
    {67, "boot_file", "Bootfile Name", option_kind::text},
    {77, "user_class", "User Class", option_kind::bytes},
    {80, "rapid_commit", "Rapid Commit", option_kind::none},
    {81, "client_fqdn", "Client FQDN", option_kind::bytes},
    {82, "relay_agent", "Relay Agent Information", option_kind::bytes},
    {93, "client_architecture", "Client System Architecture", option_kind::numbers, 2},
    {114, "captive_portal", "DHCP Captive Portal", option_kind::text},
    {116, "auto_configure", "Auto-Configure", option_kind::number, 1},
    {118, "subnet_selection", "Subnet Selection", option_kind::ipv4, 4},
    {119, "domain_search", "Domain Search", option_kind::bytes},
    {121, "classless_routes", "Classless Static Route", option_kind::bytes},
    {150, "tftp_server_address", "TFTP Server Address", option_kind::addresses, 4},
    {252, "proxy_autodiscovery", "Web Proxy Autodiscovery", option_kind::text},
    {255, "end", "End", option_kind::none},
};

}  // namespace

constinit const header_layout dhcp_layout{
    .id = protocol::dhcp,
    .name = "dhcp",
    .title = "Dynamic Host Configuration Protocol",
    .source = "RFC 2131 section 2",
    .size = 240,
    .fields = dhcp_fields,
    .style = option_style::dhcp,
    .options = dhcp_options,
};

}  // namespace sonde::wire
