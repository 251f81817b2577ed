#include <gtest/gtest.h>

#include <sonde/craft/option_bytes.hpp>
#include <sonde/wire/option.hpp>

namespace sonde::craft {
namespace {

described<std::vector<std::byte>> options_in(const std::string& text) {
    const auto words = description::parse(text);
    if (!words) return words.error();
    return option_bytes(words->layers.front());
}

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int v : values) out.push_back(static_cast<std::byte>(v));
    return out;
}

TEST(OptionBytes, TcpIsPaddedToWords) {
    EXPECT_EQ(*options_in("tcp(mss=1460, wscale=7)"), bytes({2, 4, 5, 0xb4, 3, 3, 7, 0}));
    EXPECT_EQ(*options_in("tcp(nop, nop, sack_ok)"), bytes({1, 1, 4, 2}));
    EXPECT_EQ(*options_in("tcp(options=hex(02))"), bytes({2, 0, 0, 0}));
    EXPECT_EQ(*options_in("tcp"), bytes({}));
}

TEST(OptionBytes, IpRouterAlert) {
    EXPECT_EQ(*options_in("ip(router_alert=0)"), bytes({148, 4, 0, 0}));
}

TEST(OptionBytes, NeighbourDiscoveryCountsInEights) {
    EXPECT_EQ(*options_in("icmp6(ns, slla=02:00:00:00:00:01)"), bytes({1, 1, 2, 0, 0, 0, 0, 1}));
    EXPECT_EQ(*options_in("icmp6(rs, nonce=hex(01))"), bytes({14, 1, 1, 0, 0, 0, 0, 0}));
}

TEST(OptionBytes, ExtensionHeadersArePaddedWithTheHeader) {
    EXPECT_EQ(*options_in("hopopts"), bytes({1, 4, 0, 0, 0, 0}));
    EXPECT_EQ(*options_in("hopopts(router_alert=0)"), bytes({5, 2, 0, 0, 1, 0}));
    EXPECT_EQ(*options_in("dstopts(option9=hex(010203))"), bytes({9, 3, 1, 2, 3, 0}));
}

TEST(OptionBytes, DhcpEndsUnlessToldOtherwise) {
    EXPECT_EQ(*options_in("dhcp(message_type=discover)"), bytes({53, 1, 1, 255}));
    EXPECT_EQ(*options_in("dhcp(message_type=discover, end)"), bytes({53, 1, 1, 255}));
    EXPECT_EQ(*options_in("dhcp(message_type=discover, options=hex(00))"), bytes({53, 1, 1, 0}));
}

TEST(OptionBytes, WhatDoesNotFitIsRefused) {
    const std::string forty(80, '0');
    EXPECT_TRUE(options_in("tcp(options=hex(" + forty + "))"));
    const auto more = options_in("tcp(nop, options=hex(" + forty + "))");
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().column, 10U);
    EXPECT_NE(more.error().what.find("40 bytes"), std::string::npos);
    EXPECT_FALSE(options_in("tcp(option1=hex(00))"));
    EXPECT_FALSE(options_in("dhcp(option43=hex(" + std::string(512, '0') + "))"));
}

}  // namespace
}  // namespace sonde::craft
