#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <sonde/wire/icmp_names.hpp>

namespace sonde::wire {

namespace {

constexpr int any_code = -1;
constexpr int any_type = -1;

/// `text` is a format with the arguments type, code, info and gateway. A row without a name only words what iputils
/// says of a code, or of a type, that it does not know.
struct row {
    family f;
    int type;
    int code;
    std::string_view name;
    std::string_view text;
};

// The texts are those of iputils' ping 20221126, which knows less than the RFCs that came after it: later versions
// word ICMPv6 destination unreachable codes 5 and 6. For each type the row for any code comes last, the first that fits
// wins.
constexpr auto rows = std::to_array<row>({
    // RFC 792; codes 6 to 12 RFC 1122 section 3.2.2.1, 13 to 15 RFC 1812 section 5.2.7.1.
    {family::v4, 3, 0, "network_unreachable", "Destination Net Unreachable"},
    {family::v4, 3, 1, "host_unreachable", "Destination Host Unreachable"},
    {family::v4, 3, 2, "protocol_unreachable", "Destination Protocol Unreachable"},
    {family::v4, 3, 3, "port_unreachable", "Destination Port Unreachable"},
    {family::v4, 3, 4, "fragmentation_needed", "Frag needed and DF set (mtu = {info})"},
    {family::v4, 3, 5, "source_route_failed", "Source Route Failed"},
    {family::v4, 3, 6, "destination_network_unknown", "Destination Net Unknown"},
    {family::v4, 3, 7, "destination_host_unknown", "Destination Host Unknown"},
    {family::v4, 3, 8, "source_host_isolated", "Source Host Isolated"},
    {family::v4, 3, 9, "network_administratively_prohibited", "Destination Net Prohibited"},
    {family::v4, 3, 10, "host_administratively_prohibited", "Destination Host Prohibited"},
    {family::v4, 3, 11, "network_unreachable_for_type_of_service", "Destination Net Unreachable for Type of Service"},
    {family::v4, 3, 12, "host_unreachable_for_type_of_service", "Destination Host Unreachable for Type of Service"},
    {family::v4, 3, 13, "communication_administratively_prohibited", "Packet filtered"},
    {family::v4, 3, 14, "host_precedence_violation", "Precedence Violation"},
    {family::v4, 3, 15, "precedence_cutoff_in_effect", "Precedence Cutoff"},
    {family::v4, 3, any_code, {}, "Dest Unreachable, Bad Code: {code}"},
    {family::v4, 4, 0, "source_quench", "Source Quench"},
    {family::v4, 4, any_code, {}, "Source Quench"},
    {family::v4, 5, 0, "redirect_for_network", "Redirect Network(New nexthop: {gateway})"},
    {family::v4, 5, 1, "redirect_for_host", "Redirect Host(New nexthop: {gateway})"},
    {family::v4, 5, 2, "redirect_for_type_of_service_and_network",
     "Redirect Type of Service and Network(New nexthop: {gateway})"},
    {family::v4, 5, 3, "redirect_for_type_of_service_and_host",
     "Redirect Type of Service and Host(New nexthop: {gateway})"},
    {family::v4, 5, any_code, {}, "Redirect, Bad Code: {code}(New nexthop: {gateway})"},
    {family::v4, 11, 0, "time_exceeded_in_transit", "Time to live exceeded"},
    {family::v4, 11, 1, "fragment_reassembly_time_exceeded", "Frag reassembly time exceeded"},
    {family::v4, 11, any_code, {}, "Time exceeded, Bad Code: {code}"},
    // Code 1 RFC 1122 section 3.2.2.5, code 2 from IANA's registry.
    {family::v4, 12, 0, "parameter_problem", "Parameter problem: pointer = {info}"},
    {family::v4, 12, 1, "required_option_missing", "Parameter problem: pointer = {info}"},
    {family::v4, 12, 2, "bad_length", "Parameter problem: pointer = {info}"},
    {family::v4, 12, any_code, {}, "Parameter problem: pointer = {info}"},
    {family::v4, 0, any_code, {}, "Echo Reply"},
    {family::v4, 8, any_code, {}, "Echo Request"},
    {family::v4, 13, any_code, {}, "Timestamp"},
    {family::v4, 14, any_code, {}, "Timestamp Reply"},
    {family::v4, 15, any_code, {}, "Information Request"},
    {family::v4, 16, any_code, {}, "Information Reply"},
    {family::v4, 17, any_code, {}, "Address Mask Request"},
    {family::v4, 18, any_code, {}, "Address Mask Reply"},
    {family::v4, any_type, any_code, {}, "Bad ICMP type: {type}"},

    // RFC 4443; destination unreachable 7 RFC 6550, 8 RFC 8883.
    {family::v6, 1, 0, "no_route_to_destination", "Destination unreachable: No route"},
    {family::v6, 1, 1, "communication_administratively_prohibited",
     "Destination unreachable: Administratively prohibited"},
    {family::v6, 1, 2, "beyond_scope_of_source_address", "Destination unreachable: Beyond scope of source address"},
    {family::v6, 1, 3, "address_unreachable", "Destination unreachable: Address unreachable"},
    {family::v6, 1, 4, "port_unreachable", "Destination unreachable: Port unreachable"},
    {family::v6, 1, 5, "source_address_failed_policy", "Destination unreachable: Unknown code 5"},
    {family::v6, 1, 6, "reject_route_to_destination", "Destination unreachable: Unknown code 6"},
    {family::v6, 1, 7, "error_in_source_routing_header", "Destination unreachable: Unknown code 7"},
    {family::v6, 1, 8, "headers_too_long", "Destination unreachable: Unknown code 8"},
    {family::v6, 1, any_code, {}, "Destination unreachable: Unknown code {code}"},
    {family::v6, 2, 0, "packet_too_big", "Packet too big: mtu={info}"},
    {family::v6, 2, any_code, {}, "Packet too big: mtu={info}, code={code}"},
    {family::v6, 3, 0, "hop_limit_exceeded_in_transit", "Time exceeded: Hop limit"},
    {family::v6, 3, 1, "fragment_reassembly_time_exceeded", "Time exceeded: Defragmentation failure"},
    {family::v6, 3, any_code, {}, "Time exceeded: code {code}"},
    // Code 3 RFC 7112, 4 RFC 8754, 5 to 10 RFC 8883.
    {family::v6, 4, 0, "erroneous_header_field", "Parameter problem: Wrong header field at {info}"},
    {family::v6, 4, 1, "unrecognized_next_header", "Parameter problem: Unknown header at {info}"},
    {family::v6, 4, 2, "unrecognized_option", "Parameter problem: Unknown option at {info}"},
    {family::v6, 4, 3, "incomplete_header_chain", "Parameter problem: code 3 at {info}"},
    {family::v6, 4, 4, "segment_routing_upper_layer_error", "Parameter problem: code 4 at {info}"},
    {family::v6, 4, 5, "unrecognized_next_header_by_intermediate_node", "Parameter problem: code 5 at {info}"},
    {family::v6, 4, 6, "extension_header_too_big", "Parameter problem: code 6 at {info}"},
    {family::v6, 4, 7, "extension_header_chain_too_long", "Parameter problem: code 7 at {info}"},
    {family::v6, 4, 8, "too_many_extension_headers", "Parameter problem: code 8 at {info}"},
    {family::v6, 4, 9, "too_many_options_in_extension_header", "Parameter problem: code 9 at {info}"},
    {family::v6, 4, 10, "option_too_big", "Parameter problem: code 10 at {info}"},
    {family::v6, 4, any_code, {}, "Parameter problem: code {code} at {info}"},
    {family::v6, 128, any_code, {}, "Echo request"},
    {family::v6, 129, any_code, {}, "Echo reply"},
    {family::v6, 130, any_code, {}, "MLD Query"},
    {family::v6, 131, any_code, {}, "MLD Report"},
    {family::v6, 132, any_code, {}, "MLD Reduction"},
    {family::v6, any_type, any_code, {}, "unknown icmp type: {type}"},
});

const row& find(family f, std::uint8_t type, std::uint8_t code) noexcept {
    const auto fits = [&](const row& r) {
        return r.f == f && (r.type == type || r.type == any_type) && (r.code == code || r.code == any_code);
    };
    return *std::ranges::find_if(rows, fits);  // each family ends in a row that fits all
}

}  // namespace

std::string icmp_error_name(family f, std::uint8_t type, std::uint8_t code) {
    const row& found = find(f, type, code);
    return found.name.empty() ? fmt::format("type_{}_code_{}", type, code) : std::string(found.name);
}

std::string icmp_error_text(family f, std::uint8_t type, std::uint8_t code, std::uint32_t info) {
    return fmt::format(fmt::runtime(find(f, type, code).text), fmt::arg("type", type), fmt::arg("code", code),
                       fmt::arg("info", info), fmt::arg("gateway", ip_address::v4(info).to_string()));
}

}  // namespace sonde::wire
