#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/socket/lab_test.hpp>

namespace sonde::socket {
namespace {

TEST(interface, loopback) {
    const auto lo = find_interface("lo");
    ASSERT_TRUE(lo.has_value()) << lo.error().what;
    EXPECT_TRUE(lo->loopback && lo->up && lo->running);
    EXPECT_EQ(lo->mtu, 65536U);
    EXPECT_EQ(lo->link(), link_type::ethernet) << "its frames have an Ethernet header of zeros";
    EXPECT_TRUE(lo->mac.is_zero());
    const auto v4 = std::ranges::find(lo->addresses, ip_address::v4(0x7f000001), &interface_address::address);
    ASSERT_NE(v4, lo->addresses.end());
    EXPECT_EQ(v4->prefix_length, 8U);
    EXPECT_TRUE(v4->broadcast.is_unspecified());
    const auto v6 = std::ranges::find(lo->addresses, ip_address::parse("::1").value(), &interface_address::address);
    ASSERT_NE(v6, lo->addresses.end());
    EXPECT_EQ(v6->prefix_length, 128U);
}

TEST(interface, a_pair_with_addresses) {
    const lab::veth_pair pair;
    ASSERT_TRUE(pair.made());
    ASSERT_TRUE(lab::ip({"addr", "add", "198.51.100.9/28", "brd", "+", "dev", "va", "label", "va:x"}));
    ASSERT_TRUE(lab::ip({"addr", "add", "2001:db8::9/61", "dev", "va", "nodad"}));
    const auto va = find_interface("va");
    ASSERT_TRUE(va.has_value());
    EXPECT_FALSE(va->loopback);
    EXPECT_EQ(va->mtu, 1500U);
    EXPECT_FALSE(va->mac.is_zero());
    EXPECT_NE(va->mac, pair.b.mac);
    ASSERT_EQ(va->addresses.size(), 2U);
    EXPECT_EQ(va->addresses[0].address, ip_address::parse("198.51.100.9").value());
    EXPECT_EQ(va->addresses[0].prefix_length, 28U);
    EXPECT_EQ(va->addresses[0].broadcast, ip_address::parse("198.51.100.15").value());
    EXPECT_EQ(va->addresses[1].address, ip_address::parse("2001:db8::9").value());
    EXPECT_EQ(va->addresses[1].prefix_length, 61U);

    ASSERT_TRUE(lab::ip({"link", "set", "va", "down", "mtu", "9000"}));
    EXPECT_FALSE(find_interface("va")->up);
    EXPECT_EQ(find_interface("va")->mtu, 9000U);
    EXPECT_TRUE(find_interface("vb")->up);
    EXPECT_FALSE(find_interface("vb")->running) << "its other end is down";
}

TEST(interface, by_index) {
    const auto lo = find_interface("lo");
    EXPECT_EQ(find_interface(std::to_string(lo->index))->name, "lo");
    const auto all = interfaces();
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(std::ranges::is_sorted(*all, {}, &network_interface::index));
}

TEST(interface, the_failure_names_those_that_exist) {
    const auto none = find_interface("eht0");
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().what.starts_with("no interface 'eht0'; there are: lo")) << none.error().what;
    EXPECT_EQ(none.error().code.value(), ENODEV);
    EXPECT_FALSE(find_interface("").has_value());
    EXPECT_FALSE(find_interface("4294967295").has_value());
    EXPECT_EQ(find_interface("\x1b[2J").error().what.find('\x1b'), std::string::npos);
}

TEST(interface, a_link_without_addresses) {
    if (!lab::ip({"tuntap", "add", "dev", "ift", "mode", "tun"})) GTEST_SKIP() << "SKIP no TUN device can be made here";
    const auto tun = find_interface("ift");
    ASSERT_TRUE(tun.has_value());
    EXPECT_EQ(tun->hardware_type, 65534U);
    EXPECT_EQ(tun->link(), link_type::raw_ip);
    EXPECT_TRUE(tun->mac.is_zero());
    EXPECT_TRUE(lab::ip({"tuntap", "del", "dev", "ift", "mode", "tun"}));
}

TEST(interface, links_without_an_ethernet_header) {
    EXPECT_EQ(network_interface{.hardware_type = 65534}.link(), link_type::raw_ip) << "a TUN device";
    EXPECT_EQ(network_interface{.hardware_type = 1}.link(), link_type::ethernet);
    EXPECT_EQ(network_interface{.hardware_type = 803}.link(), link_type::linux_cooked_v2) << "802.11 with radiotap";
}

}  // namespace
}  // namespace sonde::socket
