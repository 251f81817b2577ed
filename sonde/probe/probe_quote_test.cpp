#include <vector>

#include <gtest/gtest.h>

#include <sonde/probe/probe_quote.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/udp.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::probe {
namespace {

using wire::rig::hex;
using wire::rig::ip;

std::vector<std::byte> udp_packet(const ip_address& from, const ip_address& to, bytes_view payload) {
    std::vector<std::byte> datagram(8 + payload.size());
    (void)wire::udp_message{.source_port = 1, .destination_port = 2, .payload = payload}.emit(
        datagram, wire::checksum_fill::compute, {from, to});
    std::vector<std::byte> packet(40 + datagram.size());
    packet.resize(from.is_v4() ? wire::ipv4_message{.tos = 4,
                                                    .ttl = 9,
                                                    .protocol = 17,
                                                    .source = from,
                                                    .destination = to,
                                                    .payload = datagram}
                                     .emit(packet, wire::checksum_fill::compute)
                               : wire::ipv6_message{.traffic_class = 4,
                                                    .next_header = 17,
                                                    .hop_limit = 9,
                                                    .source = from,
                                                    .destination = to,
                                                    .payload = datagram}
                                     .emit(packet));
    return packet;
}

TEST(probe_quote, says_what_stands_in_it) {
    for (const auto& [from, to] :
         {std::pair{ip("192.0.2.1"), ip("192.0.2.2")}, std::pair{ip("2001:db8::1"), ip("2001:db8::2")}}) {
        const auto payload = hex("1234");
        auto packet = udp_packet(from, to, payload);
        const auto quote = probe_quote::read(from.family(), packet);
        ASSERT_TRUE(quote);
        EXPECT_EQ(quote->source, from);
        EXPECT_EQ(quote->destination, to);
        EXPECT_EQ(quote->hop_limit, 9);
        EXPECT_EQ(quote->traffic_class, 4);
        EXPECT_EQ(quote->protocol, 17);
        EXPECT_EQ(quote->transport.size(), 10U);
        EXPECT_EQ(quote->udp_payload_sum(), std::uint16_t{0x1234});
        EXPECT_FALSE(quote->unfinished_udp_checksum());
        EXPECT_FALSE(probe_quote::read(from.is_v4() ? family::v6 : family::v4, packet));
        packet.resize(packet.size() - 2);
        EXPECT_TRUE(probe_quote::read(from.family(), packet));
        packet.resize(packet.size() - 1);
        EXPECT_FALSE(probe_quote::read(from.family(), packet));
    }
}

TEST(probe_quote, survives_any_bytes) {
    for (const auto& [from, to] :
         {std::pair{ip("192.0.2.1"), ip("192.0.2.2")}, std::pair{ip("2001:db8::1"), ip("2001:db8::2")}}) {
        wire::rig::survive(udp_packet(from, to, hex("1234 5678")), [f = from.family()](bytes_view bytes) {
            if (const auto quote = probe_quote::read(f, bytes)) {
                (void)quote->udp_payload_sum();
                (void)quote->unfinished_udp_checksum();
                (void)quote->icmp_message_sum(100);
            }
        });
    }
    wire::rig::survive(hex("2000 0000 0010 0101 0001 0101 0000 0101 0000 0101"), [](bytes_view bytes) {
        const auto found = read_hop_extensions(bytes);
        EXPECT_EQ(found == nullptr, bytes.empty());
    });
}

TEST(probe_quote, extensions_are_owned_and_bounded) {
    EXPECT_EQ(read_hop_extensions({}), nullptr);
    auto structure = hex("2000 0000");
    for (int i = 0; i < 100; ++i) {
        const auto object = hex("0008 0101 0001 0101");
        structure.insert(structure.end(), object.begin(), object.end());
        const auto other = hex("0006 0901 abcd");
        structure.insert(structure.end(), other.begin(), other.end());
    }
    auto found = read_hop_extensions(structure);
    EXPECT_EQ(found->mpls.size(), 16U);
    EXPECT_EQ(found->others.size(), 16U);
    EXPECT_FALSE(found->bad);
    structure[2] = std::byte{1};
    EXPECT_TRUE(read_hop_extensions(structure)->bad);
    // RFC 5837: incoming interface with index, name and MTU.
    found = read_hop_extensions(hex("2000 0000 0014 020b 0000 0007 0865 7468 3000 0000 0000 05dc"));
    ASSERT_EQ(found->interfaces.size(), 1U);
    EXPECT_EQ(found->interfaces[0].index, 7U);
    EXPECT_EQ(found->interfaces[0].name, "eth0");
    EXPECT_EQ(found->interfaces[0].mtu, 1500U);
}

}  // namespace
}  // namespace sonde::probe
