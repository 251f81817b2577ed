#include <gtest/gtest.h>

#include <sonde/sim/header_edit.hpp>
#include <sonde/sim/sim_rig_test.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(header_edit, the_checksum_stays_right) {
    wire::rig::seeded random{1};
    for (int i = 0; i < 2000; ++i) {
        bytes packet = udp({.from = random.v4(),
                            .to = random.v4(),
                            .ttl = static_cast<std::uint8_t>(1 + random.below(255)),
                            .tos = random.number<std::uint8_t>()},
                           1, 2);
        const auto ttl = packet[8];
        decrement_ttl(packet, family::v4);
        EXPECT_EQ(std::to_integer<unsigned>(packet[8]) + 1, std::to_integer<unsigned>(ttl));
        const auto tos = random.number<std::uint8_t>();
        set_traffic_class(packet, family::v4, tos);
        const ip_address to = random.v4();
        set_address(packet, address_field::destination, to);
        set_address(packet, address_field::source, to);
        const auto view = wire::ipv4_view::parse(packet, wire::checksum_check::verify);
        ASSERT_TRUE(view);
        EXPECT_EQ(view->tos(), tos);
        EXPECT_EQ(view->destination(), to);
        EXPECT_EQ(view->source(), to);
    }
}

TEST(header_edit, a_wrong_checksum_stays_wrong) {
    bytes packet = udp({.from = ip("10.0.0.1"), .to = ip("10.0.0.2")}, 1, 2);
    packet[10] ^= std::byte{4};
    decrement_ttl(packet, family::v4);
    EXPECT_FALSE(wire::ipv4_view::parse(packet, wire::checksum_check::verify));
}

TEST(header_edit, of_ipv6) {
    bytes packet = udp({.from = ip("2001:db8::1"), .to = ip("2001:db8::2"), .ttl = 7, .flow_label = 0xabcde}, 1, 2);
    decrement_ttl(packet, family::v6);
    set_traffic_class(packet, family::v6, 0xb7);
    set_address(packet, address_field::source, ip("2001:db8::9"));
    const auto view = wire::ipv6_view::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->hop_limit(), 6);
    EXPECT_EQ(view->traffic_class(), 0xb7);
    EXPECT_EQ(view->flow_label(), 0xabcdeU);
    EXPECT_EQ(view->source(), ip("2001:db8::9"));
}

}  // namespace
}  // namespace sonde::sim
