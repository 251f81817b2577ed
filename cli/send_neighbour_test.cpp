#include <algorithm>

#include <cli/send_neighbour.hpp>
#include <gtest/gtest.h>

#include <sonde/craft/builder.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::cli {
namespace {

const mac_address own_mac = mac_address::parse("02:00:00:00:00:0a").value();
const mac_address far_mac = mac_address::parse("02:00:00:00:00:0b").value();

ip_address address(const char* text) {
    return ip_address::parse(text).value();
}

socket::network_interface interface() {
    return {.index = 2, .name = "va", .mac = own_mac};
}

std::vector<std::byte> frame(const std::string& words) {
    const auto description = craft::description::parse(words);
    return craft::build(description.value()).value().bytes;
}

TEST(send_neighbour, asks_as_scapy_would) {
    EXPECT_EQ(neighbour_question(interface(), address("192.0.2.2"), address("192.0.2.1"), {}),
              frame("eth(src=02:00:00:00:00:0a, dst=broadcast)/"
                    "arp(hwsrc=02:00:00:00:00:0a, psrc=192.0.2.1, pdst=192.0.2.2)"));
    EXPECT_EQ(neighbour_question(interface(), address("192.0.2.2"), ip_address{}, {}),
              frame("eth(src=02:00:00:00:00:0a, dst=broadcast)/"
                    "arp(hwsrc=02:00:00:00:00:0a, psrc=0.0.0.0, pdst=192.0.2.2)"));
    EXPECT_EQ(neighbour_question(interface(), address("2001:db8::1:2345"), address("2001:db8::1"), {}),
              frame("eth(src=02:00:00:00:00:0a, dst=33:33:ff:01:23:45)/"
                    "ip6(src=2001:db8::1, dst=ff02::1:ff01:2345, hlim=255)/"
                    "icmp6(ns, target=2001:db8::1:2345, slla=02:00:00:00:00:0a)"));
    EXPECT_EQ(neighbour_question(interface(), address("fe80::2").with_scope(2), ip_address{}, {}),
              frame("eth(src=02:00:00:00:00:0a, dst=33:33:ff:00:00:02)/"
                    "ip6(src=::, dst=ff02::1:ff00:2, hlim=255)/icmp6(ns, target=fe80::2)"));
}

TEST(send_neighbour, asks_under_the_packets_own_tags) {
    auto words = craft::description::parse("vlan(id=5, prio=3, type=0x1234)/vlan(id=6)").value();
    EXPECT_EQ(neighbour_question(interface(), address("192.0.2.2"), address("192.0.2.1"), words.layers),
              frame("eth(src=02:00:00:00:00:0a, dst=broadcast)/vlan(id=5, prio=3)/vlan(id=6)/"
                    "arp(hwsrc=02:00:00:00:00:0a, psrc=192.0.2.1, pdst=192.0.2.2)"));
}

TEST(send_neighbour, believes_the_neighbour_alone) {
    const auto v4 = address("192.0.2.2");
    const auto v6 = address("2001:db8::2");
    const std::string ether = "eth(src=02:00:00:00:00:0b, dst=02:00:00:00:00:0a)/";
    const auto said = [&](const std::string& words, const ip_address& of) {
        return neighbour_answer(frame(ether + words), of);
    };
    EXPECT_EQ(said("arp(reply, hwsrc=02:00:00:00:00:0b, psrc=192.0.2.2)", v4), far_mac);
    EXPECT_FALSE(said("arp(reply, hwsrc=02:00:00:00:00:0b, psrc=192.0.2.3)", v4)) << "another";
    EXPECT_FALSE(said("arp(hwsrc=02:00:00:00:00:0b, psrc=192.0.2.2)", v4)) << "a request";
    EXPECT_FALSE(said("arp(reply, psrc=192.0.2.2)", v6));
    const std::string ip6 = "ip6(src=2001:db8::2, dst=2001:db8::1)/";
    EXPECT_EQ(said(ip6 + "icmp6(na, target=2001:db8::2, tlla=02:00:00:00:00:0c)", v6),
              mac_address::parse("02:00:00:00:00:0c").value());
    EXPECT_EQ(said(ip6 + "icmp6(na, target=2001:db8::2)", v6), far_mac) << "the option may be left out";
    EXPECT_FALSE(said(ip6 + "icmp6(na, target=2001:db8::3)", v6));
    EXPECT_FALSE(said(ip6 + "icmp6(ns, target=2001:db8::2)", v6));
    EXPECT_FALSE(said(ip6 + "icmp6(na, target=2001:db8::2, chksum=1)", v6));
    EXPECT_FALSE(said("ip6(src=2001:db8::2, dst=2001:db8::1, hlim=254)/icmp6(na, target=2001:db8::2)", v6))
        << "it came through a router";
}

TEST(send_neighbour, survives_every_length) {
    for (const char* words : {"eth/arp(reply, psrc=192.0.2.2)",
                              "eth/ip6(src=2001:db8::2)/icmp6(na, target=2001:db8::2, tlla=02:00:00:00:00:0c)"}) {
        const auto whole = frame(words);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_FALSE(neighbour_answer(bytes_view{whole}.first(size), address("192.0.2.2"))) << size;
            (void)neighbour_answer(bytes_view{whole}.first(size), address("2001:db8::2"));
        }
    }
}

}  // namespace
}  // namespace sonde::cli
