#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/socket/lab_test.hpp>
#include <sonde/socket/link_setup.hpp>
#include <sonde/socket/neighbour.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::socket {
namespace {

link_address_setting address(const char* text) {
    return link_address_setting::parse(text).value();
}
link_route route(const char* text) {
    return link_route::parse(text).value();
}
ip_address ip_of(const char* text) {
    return ip_address::parse(text).value();
}

TEST(LinkSettings, AddressesAreReadWithTheirHostBits) {
    EXPECT_EQ(address("192.168.69.100/24").to_string(), "192.168.69.100/24");
    EXPECT_EQ(address("fdaa::100/64").to_string(), "fdaa::100/64");
    EXPECT_EQ(address("192.0.2.1").to_string(), "192.0.2.1/32");
    EXPECT_EQ(address("fdaa::100/64").link().network(), ip_of("fdaa::"));
    EXPECT_EQ(address("192.168.69.100/25").link().length(), 25U);
    for (const char* bad :
         {"", "/24", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/2x", "192.0.2.1/-1", "::/0", "fe80::1/129", "224.0.0.1/4",
          "0.0.0.0/8", "ff02::1/64", "host/24", "1.2.3/24", "192.0.2.1/24/1"}) {
        EXPECT_FALSE(link_address_setting::parse(bad)) << bad;
    }
}

TEST(LinkSettings, RoutesAreReadAsIpWritesThem) {
    EXPECT_EQ(route("198.51.100.7/24").to_string(), "198.51.100.0/24");
    EXPECT_EQ(route("198.51.100.0/24 via 192.0.2.2").to_string(), "198.51.100.0/24 via 192.0.2.2");
    EXPECT_EQ(route(" 2001:db8::/32  via  fe80::1 ").to_string(), "2001:db8::/32 via fe80::1");
    EXPECT_EQ(route("198.51.100.7").to_string(), "198.51.100.7/32");
    EXPECT_EQ(route("default via ::1").to_string(), "::/0 via ::1");
    EXPECT_EQ(route("default via 1.2.3.4").to_string(), "0.0.0.0/0 via 1.2.3.4");
    for (const char* bad : {"", "default", "via 1.2.3.4", " via 1.2.3.4", "10.0.0.0/8 via", "10.0.0.0/8 via ::1",
                            "10.0.0.0/8 via x", "10.0.0.0/99", "10.0.0.0/8 by 1.2.3.4"}) {
        EXPECT_FALSE(link_route::parse(bad)) << bad;
    }
}

class LinkSetup : public ::testing::Test {
protected:
    void SetUp() override {
        auto opened = tun_tap::open({.name = "setup0"});
        if (!opened) GTEST_SKIP() << "SKIP " << opened.error().what;
        device_.emplace(std::move(*opened));
        index_ = interface_index("setup0");
        const auto up = change_link(index_, {.up = true, .link_local = false});
        ASSERT_TRUE(up) << up.error().what;
    }
    [[nodiscard]] static network_interface now() { return find_interface("setup0").value(); }

    std::optional<tun_tap> device_;
    std::uint32_t index_ = 0;
};

TEST_F(LinkSetup, UpMtuAndAlias) {
    EXPECT_TRUE(now().up);
    ASSERT_TRUE(change_link(index_, {.mtu = 1400, .alias = "of a test"}));
    EXPECT_EQ(now().mtu, 1400U);
    EXPECT_TRUE(now().up) << "what is not given stays";
    EXPECT_EQ(find_tun_device("setup0").value()->alias, "of a test");
    ASSERT_TRUE(change_link(index_, {.up = false}));
    EXPECT_FALSE(now().up);
    EXPECT_EQ(now().mtu, 1400U);
}

TEST_F(LinkSetup, ARefusedMtuHasTheKernelsWords) {
    const auto refused = change_link(index_, {.mtu = 10});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what.substr(0, 41), "cannot set up setup0: Invalid argument (m") << refused.error().what;
}

TEST_F(LinkSetup, AddressesOfBothFamilies) {
    for (const char* text : {"192.0.2.1/24", "2001:db8::1/64"}) {
        ASSERT_TRUE(add_address(index_, address(text))) << text;
        const auto twice = add_address(index_, address(text));
        ASSERT_FALSE(twice);
        EXPECT_EQ(twice.error().code.value(), EEXIST);
        EXPECT_NE(twice.error().what.find(text), std::string::npos) << twice.error().what;
    }
    ASSERT_EQ(now().addresses.size(), 2U) << "and no link-local one made up";
    EXPECT_EQ(now().addresses[0].prefix_length, 24U);
    EXPECT_EQ(now().addresses[1].prefix_length, 64U);
    // Usable at once: no duplicate address detection.
    EXPECT_EQ(next_hop_towards(ip_of("2001:db8::2"), 0)->source, ip_of("2001:db8::1"));
    for (const char* text : {"192.0.2.1/24", "2001:db8::1/64"}) {
        ASSERT_TRUE(remove_address(index_, address(text))) << text;
        EXPECT_EQ(remove_address(index_, address(text)).error().code.value(), EADDRNOTAVAIL);
    }
    EXPECT_TRUE(now().addresses.empty());
}

TEST_F(LinkSetup, RoutesWithAndWithoutAGateway) {
    ASSERT_TRUE(add_address(index_, address("192.0.2.1/24")));
    ASSERT_TRUE(add_address(index_, address("2001:db8::1/64")));
    const struct {
        const char* route;
        const char* destination;
        const char* hop;
    } cases[] = {{"198.51.100.0/24", "198.51.100.7", "198.51.100.7"},
                 {"203.0.113.0/24 via 192.0.2.9", "203.0.113.7", "192.0.2.9"},
                 {"2001:db8:1::/48", "2001:db8:1::7", "2001:db8:1::7"},
                 {"2001:db8:2::/48 via 2001:db8::9", "2001:db8:2::7", "2001:db8::9"}};
    for (const auto& c : cases) {
        const auto added = add_route(index_, route(c.route));
        ASSERT_TRUE(added) << added.error().what;
        const auto hop = next_hop_towards(ip_of(c.destination), 0);
        ASSERT_TRUE(hop) << c.route;
        EXPECT_EQ(hop->address, ip_of(c.hop));
        EXPECT_EQ(hop->interface, index_);
        EXPECT_EQ(add_route(index_, route(c.route)).error().code.value(), EEXIST);
    }
    for (const auto& c : cases) {
        ASSERT_TRUE(remove_route(index_, route(c.route))) << c.route;
        EXPECT_FALSE(next_hop_towards(ip_of(c.destination), 0)) << c.route;
        EXPECT_EQ(remove_route(index_, route(c.route)).error().code.value(), ESRCH);
    }
}

TEST_F(LinkSetup, AGatewayThatIsNotThereHasTheKernelsWords) {
    const auto refused = add_route(index_, route("203.0.113.0/24 via 198.51.100.9"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what,
              "cannot add the route 203.0.113.0/24 via 198.51.100.9 by setup0: Network is unreachable (Nexthop has "
              "invalid gateway)");
}

TEST_F(LinkSetup, DeletedItIsGone) {
    ASSERT_TRUE(delete_link(index_));
    EXPECT_EQ(interface_index("setup0"), 0U);
    EXPECT_EQ(delete_link(index_).error().code.value(), ENODEV);
    EXPECT_EQ(change_link(index_, {.up = true}).error().code.value(), ENODEV);
    std::array<std::byte, 64> room{};
    EXPECT_EQ(device_->read(room).error_number, EBADFD);
}

TEST_F(LinkSetup, WithoutThePrivilegeItSaysSo) {
    const int code = lab::in_child([&] {
        if (!drop_all_capabilities()) return 1;
        const auto refused = add_address(index_, address("192.0.2.1/24"));
        if (refused || refused.error().code.value() != EPERM) return 2;
        if (refused.error().what.find("needs CAP_NET_ADMIN, which this process lacks") == std::string::npos) return 3;
        return refused.error().remedy.find("setcap") == std::string::npos ? 4 : 0;
    });
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace sonde::socket
