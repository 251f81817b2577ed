#include <gtest/gtest.h>

#include <sonde/wire/protocol.hpp>

namespace sonde::wire {
namespace {

TEST(protocol, ip_protocol_names_are_ianas_keywords) {
    EXPECT_EQ(ip_protocol_name(ip_protocol::icmp), "ICMP");
    EXPECT_EQ(ip_protocol_name(ip_protocol::icmpv6), "IPv6-ICMP");
    EXPECT_EQ(ip_protocol_name(ip_protocol::ospf), "OSPF");
    EXPECT_EQ(ip_protocol_name(ip_protocol::ipv4), "IPv4");
    EXPECT_EQ(ip_protocol_name(47), "GRE");
    EXPECT_EQ(ip_protocol_name(253), "") << "for experiments (RFC 3692)";
}

TEST(protocol, a_keyword_is_read_in_any_case_and_by_its_other_names) {
    EXPECT_EQ(ip_protocol_number("ospf"), 89);
    EXPECT_EQ(ip_protocol_number("OSPFIGP"), 89);
    EXPECT_EQ(ip_protocol_number("icmp6"), 58);
    EXPECT_EQ(ip_protocol_number("icmpv6"), 58);
    EXPECT_EQ(ip_protocol_number("IPv6-icmp"), 58);
    EXPECT_EQ(ip_protocol_number("Igmp"), 2);
    EXPECT_FALSE(ip_protocol_number(""));
    EXPECT_FALSE(ip_protocol_number("ICM"));
    EXPECT_FALSE(ip_protocol_number("ICMPX"));
    EXPECT_FALSE(ip_protocol_number("1"));
}

TEST(protocol, what_has_a_name_is_read_back) {
    int named = 0;
    for (unsigned number = 0; number <= 255; ++number) {
        const auto name = ip_protocol_name(static_cast<std::uint8_t>(number));
        if (name.empty()) continue;
        ++named;
        EXPECT_EQ(ip_protocol_number(name), number) << name;
    }
    EXPECT_GE(named, 40);
}

TEST(protocol, ethertypes) {
    EXPECT_EQ(ethertype_name(ethertype::ipv4), "IPv4");
    EXPECT_EQ(ethertype_name(ethertype::ipv6), "IPv6");
    EXPECT_EQ(ethertype_name(ethertype::arp), "ARP");
    EXPECT_EQ(ethertype_name(ethertype::vlan), "802.1Q");
    EXPECT_EQ(ethertype_name(ethertype::service_vlan), "802.1ad");
    EXPECT_EQ(ethertype_name(0x05dc), "") << "a length";
}

}  // namespace
}  // namespace sonde::wire
