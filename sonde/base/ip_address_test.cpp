#include <array>
#include <string>
#include <unordered_set>

#include <gtest/gtest.h>

#include <sonde/base/ip_address.hpp>

namespace sonde {
namespace {

ip_address address(std::string_view text) {
    return ip_address::parse(text).value();
}

TEST(ip_address, parse_and_print) {
    EXPECT_EQ(address("192.0.2.1").to_string(), "192.0.2.1");
    EXPECT_EQ(address("0.0.0.0").to_string(), "0.0.0.0");
    EXPECT_EQ(address("255.255.255.255").to_string(), "255.255.255.255");
    EXPECT_EQ(address("2001:DB8:0:0:0:0:0:1").to_string(), "2001:db8::1");
    EXPECT_EQ(address("::").to_string(), "::");
    EXPECT_EQ(address("2001:db8:0:1:1:1:1:1").to_string(), "2001:db8:0:1:1:1:1:1") << "RFC 5952 section 4.2.2";
}

TEST(ip_address, what_is_no_address) {
    using namespace std::string_literals;
    for (const std::string& text : {""s,
                                    " "s,
                                    "1.2.3"s,
                                    "1.2.3.4.5"s,
                                    "256.1.1.1"s,
                                    "1.2.3.4 "s,
                                    " 1.2.3.4"s,
                                    "01.2.3.4.5"s,
                                    "0x7f.1"s,
                                    "1.2.3.-4"s,
                                    ":::"s,
                                    "1::2::3"s,
                                    "12345::"s,
                                    "1:2:3:4:5:6:7"s,
                                    "1:2:3:4:5:6:7:8:9"s,
                                    "[::1]"s,
                                    "::1/64"s,
                                    "example.org"s,
                                    "1.2.3.4\0"s,
                                    "::1\0x"s,
                                    "%"s,
                                    "%lo"s,
                                    std::string(100'000, ':'),
                                    std::string(100'000, '1')}) {
        const auto parsed = ip_address::parse(text);
        EXPECT_FALSE(parsed) << text.substr(0, 50);
        if (!parsed) {
            EXPECT_EQ(parsed.error().what.find('\n'), std::string::npos);
        }
    }
}

TEST(ip_address, v4_mapped_is_the_v4_address) {
    const ip_address mapped = address("::ffff:192.0.2.1");
    EXPECT_EQ(mapped, address("192.0.2.1"));
    EXPECT_TRUE(mapped.is_v4());
    EXPECT_EQ(mapped.bytes().size(), 4U);
    EXPECT_EQ(mapped.to_string(), "192.0.2.1");
    EXPECT_EQ(mapped, ip_address::v4(0xc0000201));
    EXPECT_EQ(ip_address::from_bytes(mapped.mapped_bytes()), mapped);
    EXPECT_FALSE(address("::192.0.2.1").is_v4()) << "IPv4-compatible (RFC 4291 section 2.5.5.1) is IPv6";
    EXPECT_FALSE(address("::fffe:192.0.2.1").is_v4());
}

TEST(ip_address, scopes) {
    EXPECT_EQ(address("fe80::1%7").scope_id(), 7U);
    EXPECT_EQ(address("fe80::1%4294967295").scope_id(), 4294967295U);
    EXPECT_EQ(address("fe80::1%4294967295").to_string(), "fe80::1%4294967295") << "no interface has that index";
    EXPECT_NE(address("fe80::1%7"), address("fe80::1%8"));
    EXPECT_TRUE(address("fe80::1%7").same_octets(address("fe80::1")));
    EXPECT_EQ(address("fe80::1%7").with_scope(0), address("fe80::1"));
    using namespace std::string_literals;
    for (const std::string& text :
         {"fe80::1%"s, "fe80::1%0"s, "fe80::1%no-such-link"s, "fe80::1%-1"s, "fe80::1%4294967296"s, "fe80::1%lo\0x"s,
          "fe80::1%a-name-that-is-too-long-for-an-interface"s, "fe80::1%1%1"s, "192.0.2.1%1"s, "::ffff:192.0.2.1%1"s}) {
        EXPECT_FALSE(ip_address::parse(text)) << text;
    }
}

TEST(ip_address, from_bytes_of_a_wrong_size_is_unspecified) {
    const std::array<std::byte, 17> bytes{std::byte{1}};
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const ip_address made = ip_address::from_bytes(bytes_view{bytes}.first(size));
        EXPECT_EQ(made == ip_address{}, size != 4 && size != 16) << size;
    }
}

TEST(ip_address, kinds) {
    EXPECT_TRUE(address("0.0.0.0").is_unspecified());
    EXPECT_TRUE(address("::").is_unspecified());
    EXPECT_TRUE(ip_address{}.is_unspecified());
    EXPECT_FALSE(address("::1").is_unspecified());
    EXPECT_TRUE(address("127.255.0.1").is_loopback());
    EXPECT_TRUE(address("::1").is_loopback());
    EXPECT_FALSE(address("128.0.0.1").is_loopback());
    EXPECT_FALSE(address("1::1").is_loopback());
    EXPECT_TRUE(address("224.0.0.1").is_multicast());
    EXPECT_TRUE(address("239.255.255.255").is_multicast());
    EXPECT_FALSE(address("240.0.0.1").is_multicast());
    EXPECT_TRUE(address("ff02::1").is_multicast());
    EXPECT_TRUE(address("169.254.1.1").is_link_local());
    EXPECT_TRUE(address("fe80::1").is_link_local());
    EXPECT_TRUE(address("febf::1").is_link_local());
    EXPECT_FALSE(address("fec0::1").is_link_local());
    EXPECT_TRUE(address("255.255.255.255").is_limited_broadcast());
    EXPECT_FALSE(address("192.0.2.255").is_limited_broadcast());
    EXPECT_FALSE(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").is_limited_broadcast());
}

TEST(ip_address, hashes_tell_neighbours_apart) {
    std::unordered_set<std::size_t> seen;
    for (std::uint32_t host = 0; host < 65536; ++host)
        seen.insert(std::hash<ip_address>{}(ip_address::v4(0x0a000000U + host)));
    for (std::uint32_t scope = 1; scope < 100; ++scope)
        seen.insert(std::hash<ip_address>{}(address("fe80::1").with_scope(scope)));
    EXPECT_EQ(seen.size(), 65536U + 99U);
}

TEST(ip_address, orders_by_octets) {
    EXPECT_LT(address("10.0.0.9"), address("10.0.0.10"));
    EXPECT_LT(address("::1"), address("2001:db8::"));
}

}  // namespace
}  // namespace sonde
