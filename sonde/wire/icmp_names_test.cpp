#include <array>
#include <map>
#include <span>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <sonde/wire/icmp_names.hpp>

namespace sonde::wire {
namespace {

struct expected {
    std::uint8_t type;
    std::uint8_t code;
    std::uint32_t info;
    const char* name;
    const char* text;
};

void check(family f, std::span<const expected> table) {
    for (const auto& e : table) {
        EXPECT_EQ(icmp_error_name(f, e.type, e.code), e.name) << int{e.type} << '/' << int{e.code};
        EXPECT_EQ(icmp_error_text(f, e.type, e.code, e.info), e.text) << int{e.type} << '/' << int{e.code};
    }
}

TEST(icmp_names, icmp) {
    static constexpr auto table = std::to_array<expected>({
        {3, 0, 0, "network_unreachable", "Destination Net Unreachable"},
        {3, 1, 0, "host_unreachable", "Destination Host Unreachable"},
        {3, 2, 0, "protocol_unreachable", "Destination Protocol Unreachable"},
        {3, 3, 0, "port_unreachable", "Destination Port Unreachable"},
        {3, 4, 1400, "fragmentation_needed", "Frag needed and DF set (mtu = 1400)"},
        {3, 5, 0, "source_route_failed", "Source Route Failed"},
        {3, 6, 0, "destination_network_unknown", "Destination Net Unknown"},
        {3, 7, 0, "destination_host_unknown", "Destination Host Unknown"},
        {3, 8, 0, "source_host_isolated", "Source Host Isolated"},
        {3, 9, 0, "network_administratively_prohibited", "Destination Net Prohibited"},
        {3, 10, 0, "host_administratively_prohibited", "Destination Host Prohibited"},
        {3, 11, 0, "network_unreachable_for_type_of_service", "Destination Net Unreachable for Type of Service"},
        {3, 12, 0, "host_unreachable_for_type_of_service", "Destination Host Unreachable for Type of Service"},
        {3, 13, 0, "communication_administratively_prohibited", "Packet filtered"},
        {3, 14, 0, "host_precedence_violation", "Precedence Violation"},
        {3, 15, 0, "precedence_cutoff_in_effect", "Precedence Cutoff"},
        {3, 16, 0, "type_3_code_16", "Dest Unreachable, Bad Code: 16"},
        {4, 0, 0, "source_quench", "Source Quench"},
        {5, 0, 0xc0000201, "redirect_for_network", "Redirect Network(New nexthop: 192.0.2.1)"},
        {5, 1, 0xc0000201, "redirect_for_host", "Redirect Host(New nexthop: 192.0.2.1)"},
        {5, 2, 0xc0000201, "redirect_for_type_of_service_and_network",
         "Redirect Type of Service and Network(New nexthop: 192.0.2.1)"},
        {5, 3, 0xc0000201, "redirect_for_type_of_service_and_host",
         "Redirect Type of Service and Host(New nexthop: 192.0.2.1)"},
        {5, 4, 0xc0000201, "type_5_code_4", "Redirect, Bad Code: 4(New nexthop: 192.0.2.1)"},
        {11, 0, 0, "time_exceeded_in_transit", "Time to live exceeded"},
        {11, 1, 0, "fragment_reassembly_time_exceeded", "Frag reassembly time exceeded"},
        {11, 2, 0, "type_11_code_2", "Time exceeded, Bad Code: 2"},
        {12, 0, 20, "parameter_problem", "Parameter problem: pointer = 20"},
        {12, 1, 20, "required_option_missing", "Parameter problem: pointer = 20"},
        {12, 2, 20, "bad_length", "Parameter problem: pointer = 20"},
        {12, 3, 20, "type_12_code_3", "Parameter problem: pointer = 20"},
        {44, 2, 0, "type_44_code_2", "Bad ICMP type: 44"},
    });
    check(family::v4, table);
}

TEST(icmp_names, icmpv6) {
    static constexpr auto table = std::to_array<expected>({
        {1, 0, 0, "no_route_to_destination", "Destination unreachable: No route"},
        {1, 1, 0, "communication_administratively_prohibited", "Destination unreachable: Administratively prohibited"},
        {1, 2, 0, "beyond_scope_of_source_address", "Destination unreachable: Beyond scope of source address"},
        {1, 3, 0, "address_unreachable", "Destination unreachable: Address unreachable"},
        {1, 4, 0, "port_unreachable", "Destination unreachable: Port unreachable"},
        {1, 5, 0, "source_address_failed_policy", "Destination unreachable: Unknown code 5"},
        {1, 6, 0, "reject_route_to_destination", "Destination unreachable: Unknown code 6"},
        {1, 7, 0, "error_in_source_routing_header", "Destination unreachable: Unknown code 7"},
        {1, 9, 0, "type_1_code_9", "Destination unreachable: Unknown code 9"},
        {2, 0, 1280, "packet_too_big", "Packet too big: mtu=1280"},
        {2, 1, 1280, "type_2_code_1", "Packet too big: mtu=1280, code=1"},
        {3, 0, 0, "hop_limit_exceeded_in_transit", "Time exceeded: Hop limit"},
        {3, 1, 0, "fragment_reassembly_time_exceeded", "Time exceeded: Defragmentation failure"},
        {3, 2, 0, "type_3_code_2", "Time exceeded: code 2"},
        {4, 0, 40, "erroneous_header_field", "Parameter problem: Wrong header field at 40"},
        {4, 1, 40, "unrecognized_next_header", "Parameter problem: Unknown header at 40"},
        {4, 2, 40, "unrecognized_option", "Parameter problem: Unknown option at 40"},
        {4, 3, 40, "incomplete_header_chain", "Parameter problem: code 3 at 40"},
        {4, 11, 40, "type_4_code_11", "Parameter problem: code 11 at 40"},
        {5, 0, 0, "type_5_code_0", "unknown icmp type: 5"},
    });
    check(family::v6, table);
}

// Programs tell errors apart by their names, and every text is a format that must not throw.
TEST(icmp_names, every_type_and_code_has_a_text_and_a_name_of_its_own) {
    for (const family f : {family::v4, family::v6}) {
        std::map<std::string, std::pair<unsigned, unsigned>> seen;
        for (unsigned type = 0; type < 256; ++type) {
            for (unsigned code = 0; code < 256; ++code) {
                const auto t = static_cast<std::uint8_t>(type);
                const auto c = static_cast<std::uint8_t>(code);
                EXPECT_FALSE(icmp_error_text(f, t, c, 0xffff'ffff).empty());
                EXPECT_TRUE(seen.emplace(icmp_error_name(f, t, c), std::pair{type, code}).second)
                    << type << '/' << code;
            }
        }
    }
}

}  // namespace
}  // namespace sonde::wire
