#include <cli/tap_plan.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

socket::link_address_setting address(const char* text) {
    return socket::link_address_setting::parse(text).value();
}

TEST(tap_plan, the_articles_ten_commands) {
    tap_creation c{.name = "tap0",
                   .owner = user_account{"alice", 1000, 1000},
                   .group = {},
                   .addresses = {address("192.168.69.100/24"), address("fe80::100/64"), address("fdaa::100/64")},
                   .routes = {socket::link_route::parse("10.0.0.0/8 via 192.168.69.1").value(),
                              socket::link_route::parse("2001:db8::/32").value()},
                   .mtu = 1400,
                   .masquerade = true};
    EXPECT_EQ(creation_script(c),
              "ip tuntap add name tap0 mode tap user alice\n"
              "ip link set tap0 mtu 1400\n"
              "ip link set tap0 up\n"
              "ip addr add 192.168.69.100/24 dev tap0\n"
              "ip -6 addr add fe80::100/64 dev tap0 nodad\n"
              "ip -6 addr add fdaa::100/64 dev tap0 nodad\n"
              "ip route add 10.0.0.0/8 via 192.168.69.1 dev tap0\n"
              "ip -6 route add 2001:db8::/32 dev tap0\n"
              "nft 'create table inet sonde_tap0'\n"
              "nft 'add chain inet sonde_tap0 postrouting { type nat hook postrouting priority srcnat; }'\n"
              "nft 'add rule inet sonde_tap0 postrouting ip saddr 192.168.69.0/24 oifname != \"tap0\" masquerade'\n"
              "nft 'add rule inet sonde_tap0 postrouting ip6 saddr fdaa::/64 oifname != \"tap0\" masquerade'\n"
              "sysctl -w net.ipv4.ip_forward=1\n"
              "sysctl -w net.ipv6.conf.all.forwarding=1\n");
    EXPECT_EQ(masqueraded_families(c), (std::vector{family::v4, family::v6}));
    c.addresses = {address("192.168.69.100/24"), address("fe80::100/64")};
    EXPECT_EQ(masqueraded_families(c), (std::vector{family::v4})) << "nobody forwards link-local addresses";
    c.masquerade = false;
    EXPECT_TRUE(masqueraded_families(c).empty());
}

TEST(tap_plan, what_the_shell_would_take_apart_is_quoted) {
    tap_creation c;
    c.name = "a;b$c";
    c.kind = socket::tun_kind::tun;
    c.group = {"net admins", 5};
    EXPECT_EQ(creation_script(c),
              "ip tuntap add name $'a;b$c' mode tun group $'net admins'\n"
              "ip link set $'a;b$c' up\n");
}

TEST(tap_plan, deletion) {
    EXPECT_EQ(deletion_script("tap0", false, {}), "ip link delete tap0\n");
    EXPECT_EQ(deletion_script("tap0", true, {{forwarding_switches.data(), 0}}),
              "nft 'delete table inet sonde_tap0'\n"
              "sysctl -w net.ipv4.ip_forward=0\n"
              "ip link delete tap0\n");
}

}  // namespace
}  // namespace sonde::cli
