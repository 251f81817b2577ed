#include <gtest/gtest.h>

#include <sonde/socket/icmp_counters.hpp>

namespace sonde::socket {
namespace {

constexpr std::string_view snmp =
    "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
    "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs\nIcmp: 698 3 17 2\n"
    "IcmpMsg: InType0\nIcmpMsg: 348\n";
constexpr std::string_view snmp6 = "Ip6InReceives          \t12\nIcmp6InCsumErrors      \t5\nIcmp6InErrors\t9\n";

TEST(icmp_counters, adds_both_families) {
    EXPECT_EQ(parse_icmp_checksum_errors(snmp, snmp6), 22U);
    EXPECT_EQ(parse_icmp_checksum_errors(snmp, {}), 17U);
    EXPECT_EQ(parse_icmp_checksum_errors({}, snmp6), 5U);
}

TEST(icmp_counters, survives_every_truncation) {
    for (std::size_t size = 0; size < snmp.size(); ++size) {
        EXPECT_LE(parse_icmp_checksum_errors(snmp.substr(0, size), {}), 17U);
    }
    EXPECT_EQ(parse_icmp_checksum_errors("Icmp: InCsumErrors\n", "Icmp6InCsumErrors"), 0U);
    EXPECT_EQ(parse_icmp_checksum_errors("Icmp: InCsumErrors\nIcmp: x\n", {}), 0U);
}

}  // namespace
}  // namespace sonde::socket
