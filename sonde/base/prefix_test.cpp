#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <sonde/base/prefix.hpp>

namespace sonde {
namespace {

prefix net(std::string_view text) {
    return prefix::parse(text).value();
}

TEST(prefix, host_bits_are_cleared) {
    EXPECT_EQ(net("192.0.2.77/28").network().to_string(), "192.0.2.64");
    EXPECT_EQ(net("192.0.2.77/28").length(), 28U);
    EXPECT_EQ(net("255.255.255.255/0").network().to_string(), "0.0.0.0");
    EXPECT_EQ(net("2001:db8:ffff::1/33").network().to_string(), "2001:db8:8000::");
    EXPECT_EQ(net("::1/128").network().to_string(), "::1");
    EXPECT_EQ(net("ffff::/0").network().to_string(), "::");
}

TEST(prefix, what_is_no_prefix) {
    using namespace std::string_literals;
    for (const std::string& text :
         {""s, "/"s, "/24"s, "192.0.2.0"s, "192.0.2.0/"s, "192.0.2.0/33"s, "::/129"s, "::/-1"s, "192.0.2.0/+8"s,
          "192.0.2.0/ 8"s, "192.0.2.0/8 "s, "192.0.2.0/8/8"s, "192.0.2.0/a"s, "192.0.2.0/4294967296"s, "192.0.2/24"s,
          "::/64\0"s, "::ffff:192.0.2.0/120"s}) {
        EXPECT_FALSE(prefix::parse(text)) << text;
    }
}

TEST(prefix, host_counts) {
    EXPECT_EQ(net("192.0.2.1/32").host_count(), 1U);
    EXPECT_EQ(net("192.0.2.0/31").host_count(), 2U) << "RFC 3021";
    EXPECT_EQ(net("192.0.2.0/30").host_count(), 2U);
    EXPECT_EQ(net("192.0.2.0/24").host_count(), 254U);
    EXPECT_EQ(net("0.0.0.0/0").host_count(), 4294967294U);
    EXPECT_EQ(net("2001:db8::/128").host_count(), 1U);
    EXPECT_EQ(net("2001:db8::/127").host_count(), 2U) << "RFC 6164";
    EXPECT_EQ(net("2001:db8::/126").host_count(), 3U);
    EXPECT_EQ(net("2001:db8::/64").host_count(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(net("2001:db8::/65").host_count(), (std::uint64_t{1} << 63) - 1);
    EXPECT_EQ(net("::/0").host_count(), std::numeric_limits<std::uint64_t>::max());
}

void expect_ends(std::string_view text, std::string_view first, std::string_view last) {
    const prefix p = net(text);
    EXPECT_EQ(p.host(0).to_string(), first);
    EXPECT_EQ(p.host(p.host_count() - 1).to_string(), last);
}

TEST(prefix, first_and_last_host) {
    expect_ends("192.0.2.1/32", "192.0.2.1", "192.0.2.1");
    expect_ends("192.0.2.0/31", "192.0.2.0", "192.0.2.1");
    expect_ends("192.0.2.0/30", "192.0.2.1", "192.0.2.2");
    expect_ends("10.0.0.0/8", "10.0.0.1", "10.255.255.254");
    expect_ends("0.0.0.0/0", "0.0.0.1", "255.255.255.254");
    expect_ends("2001:db8::/127", "2001:db8::", "2001:db8::1");
    expect_ends("2001:db8::/120", "2001:db8::1", "2001:db8::ff");
    expect_ends("2001:db8::/64", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff");
    expect_ends("::/0", "::1", "::ffff:ffff:ffff:ffff");
    expect_ends("fe80::%7/126", "fe80::1%7", "fe80::3%7");
}

TEST(prefix, every_host_is_inside_and_comes_once) {
    const prefix p = net("10.0.255.0/23");
    ip_address previous = p.network();
    for (std::uint64_t i = 0; i < p.host_count(); ++i) {
        ASSERT_TRUE(p.contains(p.host(i)));
        ASSERT_LT(previous, p.host(i));
        previous = p.host(i);
    }
    EXPECT_EQ(previous.to_string(), "10.0.255.254");
}

TEST(prefix, contains) {
    EXPECT_TRUE(net("192.0.2.0/24").contains(ip_address::parse("192.0.2.255").value()));
    EXPECT_FALSE(net("192.0.2.0/24").contains(ip_address::parse("192.0.3.0").value()));
    EXPECT_TRUE(net("0.0.0.0/0").contains(ip_address::parse("255.1.2.3").value()));
    EXPECT_FALSE(net("::/0").contains(ip_address::parse("192.0.2.1").value())) << "families do not mix";
    EXPECT_FALSE(net("0.0.0.0/0").contains(ip_address::parse("::1").value()));
    EXPECT_TRUE(net("fe80::%3/10").contains(ip_address::parse("fe80::9%7").value()))
        << "a packet says nothing of scopes";
}

TEST(prefix, around_the_v4_mapped_addresses) {
    const prefix p = net("::/80");
    const ip_address last = p.host(p.host_count() - 1);
    EXPECT_EQ(last.to_string(), "255.255.255.255");
    EXPECT_FALSE(p.contains(last));
}

}  // namespace
}  // namespace sonde
