#include <string>

#include <gtest/gtest.h>

#include <sonde/craft/builder.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::craft {
namespace {

using wire::protocol;

surroundings around(const char* source, const char* link = "02:00:00:00:00:01") {
    surroundings out;
    out.source = ip_address::parse(source).value();
    out.link_source = mac_address::parse(link).value();
    return out;
}

packet built(const std::string& text, const surroundings& where = around("127.0.0.1"), kernel_share kernel = {}) {
    const auto words = description::parse(text);
    EXPECT_TRUE(words) << text << ": " << words.error().what;
    auto made = build(*words, where, kernel);
    EXPECT_TRUE(made) << text << ": " << made.error().what;
    return *std::move(made);
}

std::string hex(bytes_view bytes) {
    std::string out;
    for (const std::byte b : bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        out += digits[std::to_integer<unsigned>(b) >> 4U];
        out += digits[std::to_integer<unsigned>(b) & 0x0fU];
    }
    return out;
}

std::uint64_t number(const packet& p, protocol id, const char* field) {
    const built_layer* layer = p.find(id);
    const auto* f = wire::find_field(*layer->layout, layer->variant, field);
    return wire::read_field(p.header(*layer), *f).value();
}

author by(const packet& p, protocol id, const char* field) {
    return p.find(id)->author_of(field).value();
}

TEST(Builder, TheArticlesPacket) {
    const auto p = built("ip(src=127.0.0.1, dst=127.0.0.1, id=11, ttl=64)/icmp(echo)");
    EXPECT_EQ(hex(p.bytes), "4500001c000b000040017cd47f0000017f0000010800f7ff00000000");
}

TEST(Builder, WhoWroteWhat) {
    const auto p = built("ip(dst=127.0.0.1, ttl=9)/icmp(echo)/\"x\"", around("127.0.0.1"),
                         {.total_length = true, .identification = true, .checksum = true, .source = true});
    EXPECT_EQ(by(p, protocol::ipv4, "ttl"), author::user);
    EXPECT_EQ(by(p, protocol::ipv4, "tos"), author::preset);
    EXPECT_EQ(by(p, protocol::ipv4, "ihl"), author::computed);
    for (const char* field : {"len", "id", "chksum", "src"}) {
        EXPECT_EQ(by(p, protocol::ipv4, field), author::kernel) << field;
        EXPECT_EQ(number(p, protocol::ipv4, field), 0U) << field;
    }
    EXPECT_EQ(by(p, protocol::icmp, "type"), author::user);
    EXPECT_EQ(by(p, protocol::icmp, "chksum"), author::computed);
    EXPECT_EQ(p.layers.back().layout, nullptr);
    EXPECT_EQ(p.layers.back().size, 1U);
}

TEST(Builder, ASourceThatAChecksumCoversIsNotLeftToTheKernel) {
    const auto p = built("ip(dst=127.0.0.1)/udp", around("127.0.0.1"), {.source = true});
    EXPECT_EQ(by(p, protocol::ipv4, "src"), author::computed);
    EXPECT_EQ(number(p, protocol::ipv4, "src"), 0x7f000001U);
    const auto own = built("ip(dst=127.0.0.1)/udp(chksum=1)", around("127.0.0.1"), {.source = true});
    EXPECT_EQ(by(own, protocol::ipv4, "src"), author::kernel);
}

TEST(Builder, WrongValuesStay) {
    const auto p = built("ip(version=5, ihl=9, len=7, chksum=0xbeef, proto=200)/udp(len=3, chksum=0)/\"abc\"");
    EXPECT_EQ(number(p, protocol::ipv4, "version"), 5U);
    EXPECT_EQ(number(p, protocol::ipv4, "ihl"), 9U);
    EXPECT_EQ(number(p, protocol::ipv4, "len"), 7U);
    EXPECT_EQ(number(p, protocol::ipv4, "chksum"), 0xbeefU);
    EXPECT_EQ(number(p, protocol::ipv4, "proto"), 200U);
    EXPECT_EQ(number(p, protocol::udp, "len"), 3U);
    EXPECT_EQ(number(p, protocol::udp, "chksum"), 0U);
}

/// Every layer in a packet in which it can stand.
std::string packet_with(const wire::header_layout& layout, const std::string& arguments) {
    const std::string layer = std::string(layout.name) + arguments;
    switch (layout.id) {
        case protocol::null_loopback:
        case protocol::linux_cooked:
        case protocol::linux_cooked_v2:
        case protocol::ethernet:
            return layer + "/ip(dst=127.0.0.1)/icmp";
        case protocol::vlan:
            return "eth/" + layer + "/ip(dst=127.0.0.1)/icmp";
        case protocol::arp:
            return "eth/" + layer;
        case protocol::ipv4:
        case protocol::ipv6:
            return "eth/" + layer + "/udp/\"x\"";
        case protocol::ipv6_hop_by_hop:
        case protocol::ipv6_routing:
        case protocol::ipv6_fragment:
        case protocol::ipv6_destination:
            return "eth/ip6(dst=::1)/" + layer + "/udp";
        case protocol::icmpv6:
            return "eth/ip6(dst=::1)/" + layer;
        case protocol::dhcp:
            return "eth/ip(dst=127.0.0.1)/udp/" + layer;
        default:
            return "eth/ip(dst=127.0.0.1)/" + layer;
    }
}

TEST(Builder, EveryLayerWithItsDefaultsIsAPacketWithoutAProblem) {
    for (const auto& layout : wire::all_layouts()) {
        std::vector<std::string> forms{""};
        for (const auto& variant : layout.variants) forms.push_back("(" + std::string(variant.name) + ")");
        for (const auto& form : forms) {
            const std::string text = packet_with(layout, form);
            const auto p = built(text);
            const auto link = layout.id == protocol::null_loopback     ? link_type::null_loopback
                              : layout.id == protocol::linux_cooked    ? link_type::linux_cooked
                              : layout.id == protocol::linux_cooked_v2 ? link_type::linux_cooked_v2
                                                                       : link_type::ethernet;
            const auto d = wire::dissect(link, p.bytes);
            for (const auto& layer : d.layers()) {
                // An error without the datagram that it quotes, and objects without an extension, are not whole.
                EXPECT_FALSE(layer.problem && layer.depth == 0 && layout.id != protocol::icmp_extension &&
                             layout.id != protocol::ipv6_routing)
                    << text << " " << (layer.problem ? wire::to_string(*layer.problem) : "");
                EXPECT_NE(layer.checksum, wire::checksum_status::wrong) << text;
            }
            if (layout.id == protocol::icmp_extension) continue;
            EXPECT_NE(d.find(layout.id), nullptr) << text;
        }
    }
}

TEST(Builder, FieldsReadBackAsGiven) {
    for (const auto& layout : wire::all_layouts()) {
        for (const auto& field : layout.fields) {
            if (field.bits > 64 || field.name == layout.selector) continue;
            const std::uint64_t value = field.bits == 64 ? 0x0102030405060708 : (std::uint64_t{1} << field.bits) - 1;
            std::string text = std::to_string(value);
            if (field.kind == wire::field_kind::mac) text = "ff:ff:ff:ff:ff:ff";
            if (field.kind == wire::field_kind::ipv4) text = "255.255.255.255";
            const auto p = built(std::string(layout.name) + "(" + std::string(field.name) + "=" + text + ")");
            const auto read = wire::read_field(p.header(p.layers.front()), field);
            EXPECT_EQ(read, value) << layout.name << "." << field.name;
            EXPECT_EQ(p.layers.front().author_of(field.name), author::user);
        }
    }
}

// RFC 8200 section 8.1, and what dissect makes of it: an independent reading of the same rule.
TEST(Builder, TheFinalDestinationIsInTheRoutingHeader) {
    constexpr const char* final = "20010db8000000000000000000000009";
    constexpr const char* between = "20010db8000000000000000000000005";
    const std::string ip6 = "ip6(src=2001:db8::1, dst=2001:db8::2)/";
    const std::string last = std::string("hex(") + between + final + ")/udp(sport=5, dport=6)/\"x\"";
    const std::string first = std::string("hex(") + final + between + ")/udp(sport=5, dport=6)/\"x\"";
    const auto direct = built("ip6(src=2001:db8::1, dst=2001:db8::9)/udp(sport=5, dport=6)/\"x\"");
    const auto expected = load_be<std::uint16_t>(direct.bytes, 46);
    for (const std::string& text : {ip6 + "routing(source_route, segleft=2)/" + last,
                                    ip6 + "routing(segment_routing, segleft=1, last_entry=1)/" + first,
                                    ip6 + "dstopts/routing(source_route, segleft=1)/" + last}) {
        const auto p = built(text);
        const auto d = wire::dissect(link_type::raw_ip, p.bytes);
        const auto* routing = d.find(protocol::ipv6_routing);
        const auto* udp = d.find(protocol::udp);
        ASSERT_TRUE(routing != nullptr && udp != nullptr) << text;
        EXPECT_EQ(routing->bytes.size(), 40U) << text;
        EXPECT_EQ(udp->checksum, wire::checksum_status::right) << text;
        EXPECT_EQ(load_be<std::uint16_t>(udp->bytes, 6), expected) << text;
    }
    const auto mobile = built(ip6 + "routing(mobility, home=2001:db8::9, segleft=1)/udp(sport=5, dport=6)/\"x\"");
    EXPECT_EQ(load_be<std::uint16_t>(mobile.bytes, 64 + 6), expected);
    const auto arrived = built("ip6(src=2001:db8::1, dst=2001:db8::9)/routing(source_route, segleft=0)/" + last);
    EXPECT_EQ(load_be<std::uint16_t>(arrived.bytes, 80 + 6), expected) << "no segment left: the header's destination";
    const auto home = built(
        "ip6(src=2001:db8::7, dst=2001:db8::9)/dstopts(home_address=2001:db8::1)/"
        "udp(sport=5, dport=6)/\"x\"");
    EXPECT_EQ(wire::dissect(link_type::raw_ip, home.bytes).find(protocol::udp)->checksum, wire::checksum_status::right);
    EXPECT_EQ(load_be<std::uint16_t>(home.bytes, home.layers[2].offset + 6), expected);
}

TEST(Builder, BytesBehindARoutingHeaderThatNothingFollowsArePayload) {
    const auto p = built("ip6(dst=::1)/routing(source_route)/hex(0102030405060708)");
    EXPECT_EQ(load_be<std::uint8_t>(p.bytes, 40), 59) << "no next header";
    EXPECT_EQ(load_be<std::uint8_t>(p.bytes, 41), 0) << "eight bytes of header";
    const auto explicit_length = built("ip6(dst=::1)/routing(source_route, len=7)/hex(0102030405060708)/udp");
    EXPECT_EQ(load_be<std::uint8_t>(explicit_length.bytes, 41), 7) << "what is given stands";
    EXPECT_EQ(load_be<std::uint8_t>(explicit_length.bytes, 40), 17);
}

TEST(Builder, ChecksumsAreRight) {
    for (const char* text :
         {"ip(dst=10.0.0.1)/udp(dport=9)/\"odd\"", "ip(dst=10.0.0.1)/tcp(flags=SA, mss=1460)/\"data\"",
          "ip(dst=10.0.0.1)/icmp(timestamp)", "ip(dst=224.0.0.1)/igmp(query)", "ip(dst=224.0.0.5)/ospf(hello)",
          "ip(dst=10.0.0.1)/icmp(unreachable, code=3)/ip(dst=10.0.0.9)/udp/\"12345678\""}) {
        const auto p = built(text, around("10.0.0.2"));
        const auto d = wire::dissect(link_type::raw_ip, p.bytes);
        std::size_t right = 0;
        for (const auto& layer : d.layers()) {
            EXPECT_NE(layer.checksum, wire::checksum_status::wrong) << text;
            right += layer.checksum == wire::checksum_status::right ? 1 : 0;
        }
        EXPECT_GE(right, 2U) << text;
    }
    for (const char* text : {"ip6(dst=2001:db8::1)/udp/\"x\"", "ip6(dst=2001:db8::1)/tcp",
                             "ip6(dst=2001:db8::1)/hopopts(router_alert=0)/icmp6(echo)/\"abc\"",
                             "ip6/icmp6(ns, target=2001:db8::1, slla=02:00:00:00:00:01)"}) {
        const auto p = built(text, around("2001:db8::2"));
        const auto d = wire::dissect(link_type::raw_ip, p.bytes);
        EXPECT_EQ(d.layers().back().id == protocol::payload ? d.layers()[d.layers().size() - 2].checksum
                                                            : d.layers().back().checksum,
                  wire::checksum_status::right)
            << text;
    }
}

TEST(Builder, ConventionsOfWhatFollows) {
    const auto dhcp = built("ip(dst=255.255.255.255)/udp/dhcp(message_type=discover)");
    EXPECT_EQ(number(dhcp, protocol::udp, "sport"), 68U);
    EXPECT_EQ(number(dhcp, protocol::udp, "dport"), 67U);
    const auto ns = built("eth/ip6/icmp6(ns, target=2001:db8::1:2)", around("2001:db8::9"));
    EXPECT_EQ(number(ns, protocol::ipv6, "hlim"), 255U);
    EXPECT_EQ(hex(ns.header(*ns.find(protocol::ipv6)).last(16)), "ff0200000000000000000001ff010002");
    EXPECT_EQ(hex(bytes_view{ns.bytes}.first(6)), "3333ff010002");
    EXPECT_EQ(number(built("ip(dst=224.0.0.5)/ospf"), protocol::ipv4, "ttl"), 1U);
    EXPECT_EQ(number(built("ip(dst=10.0.0.1)/ospf"), protocol::ipv4, "ttl"), 64U);
    const auto arp = built("eth/arp(pdst=10.0.0.1)", around("10.0.0.2"));
    EXPECT_EQ(hex(bytes_view{arp.bytes}.first(14)), "ffffffffffff0200000000010806");
    EXPECT_EQ(number(arp, protocol::arp, "psrc"), 0x0a000002U);
    const auto reply = built("eth/arp(reply, hwdst=02:00:00:00:00:09, pdst=10.0.0.1)", around("10.0.0.2"));
    EXPECT_EQ(hex(bytes_view{reply.bytes}.first(6)), "020000000009");
}

TEST(Builder, AnErrorQuotesWhatWentTheOtherWay) {
    const auto p = built("ip(dst=10.0.0.1)/icmp(unreachable)/ip/udp", around("10.0.0.2"));
    const bytes_view quoted = p.header(p.layers[2]);
    EXPECT_EQ(hex(quoted.subspan(12, 8)), "0a0000010a000002");
}

TEST(Builder, WhatNoLengthCanSayIsRefused) {
    const auto words = description::parse("ip/zeros(65535)");
    ASSERT_TRUE(words);
    const auto made = build(*words);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().column, 1U);
    EXPECT_NE(made.error().what.find("16 bits"), std::string::npos);
    EXPECT_TRUE(build(*description::parse("ip(len=5)/zeros(65535)")));
}

TEST(Builder, BytesTakenApartAreAllTheUsers) {
    const auto p = built("ip(dst=127.0.0.1)/tcp(mss=5)/\"x\"");
    const auto again = packet_of_bytes(link_type::raw_ip, p.bytes);
    EXPECT_EQ(again.bytes, p.bytes);
    ASSERT_EQ(again.layers.size(), 3U);
    EXPECT_EQ(again.layers[1].size, 24U);
    EXPECT_EQ(by(again, protocol::ipv4, "len"), author::user);
    EXPECT_TRUE(packet_of_bytes(link_type::ethernet, {}).bytes.empty());
}

TEST(Builder, GroupsHaveTheirLinkAddress) {
    const auto group = [](const char* text) { return group_address(ip_address::parse(text).value()); };
    EXPECT_EQ(group("224.128.0.5")->to_string(), "01:00:5e:00:00:05");
    EXPECT_EQ(group("ff02::1:ff00:1")->to_string(), "33:33:ff:00:00:01");
    EXPECT_EQ(group("255.255.255.255"), mac_address::broadcast());
    EXPECT_FALSE(group("10.0.0.1"));
}

TEST(Builder, WhereSolicitationsGo) {
    EXPECT_EQ(destination_of(*description::parse("ip6/icmp6(rs)"))->to_string(), "ff02::2");
    EXPECT_FALSE(destination_of(*description::parse("ip6/icmp6(ns)")));
    EXPECT_EQ(destination_of(*description::parse("ip6(dst=::1)/icmp6(rs)"))->to_string(), "::1");
}

}  // namespace
}  // namespace sonde::craft
