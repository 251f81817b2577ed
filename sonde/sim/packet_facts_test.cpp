#include <gtest/gtest.h>

#include <sonde/sim/packet_facts.hpp>
#include <sonde/sim/sim_rig_test.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(packet_facts, of_both_families) {
    const auto v4 = read_packet(udp({.from = ip("10.0.0.1"), .to = ip("10.0.0.2")}, 1, 2));
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->facts.upper, 20);
    EXPECT_EQ(v4->facts.protocol, 17);
    EXPECT_EQ(v4->size, 44U);
    const bytes packet = udp({.from = ip("2001:db8::1"), .to = ip("2001:db8::2"), .ttl = 9}, 1, 2);
    const auto v6 = read_packet(packet);
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->facts.upper, 40);
    EXPECT_EQ(source_of(packet, family::v6), ip("2001:db8::1"));
    EXPECT_EQ(destination_of(packet, family::v6), ip("2001:db8::2"));
    EXPECT_EQ(ttl_of(packet, family::v6), 9);
}

TEST(packet_facts, behind_extension_headers) {
    bytes body = wire::rig::hex("3a00 0104 00000000 1100 0009 00000007");
    body.resize(body.size() + 8);
    body[0] = std::byte{44};
    const bytes packet = wrapped({.from = ip("2001:db8::1"), .to = ip("2001:db8::2")}, 60, body);
    const auto reading = read_packet(packet);
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->facts.upper, 56);
    EXPECT_EQ(reading->facts.protocol, 17);
    EXPECT_TRUE(reading->facts.fragment);
    EXPECT_TRUE(reading->facts.later_fragment);
}

TEST(packet_facts, what_is_no_packet) {
    EXPECT_FALSE(read_packet({}));
    bytes packet = udp({.from = ip("10.0.0.1"), .to = ip("10.0.0.2")}, 1, 2);
    for (const std::byte first : {std::byte{0x44}, std::byte{0x4f}, std::byte{0x55}, std::byte{0x05}}) {
        bytes wrong = packet;
        wrong[0] = first;
        EXPECT_FALSE(read_packet(wrong));
    }
    const bytes mapped = wrapped({.from = ip("2001:db8::1"), .to = ip("2001:db8::2")}, 59, {});
    for (const std::size_t at : {8U, 24U}) {
        bytes wrong = mapped;
        std::ranges::copy(ip("10.0.0.1").mapped_bytes(), wrong.begin() + static_cast<std::ptrdiff_t>(at));
        EXPECT_FALSE(read_packet(wrong));
    }
}

TEST(packet_facts, survives_what_comes) {
    for (const char* to : {"10.0.0.2", "2001:db8::2"}) {
        const envelope e{.from = ip(to), .to = ip(to)};
        wire::rig::survive(udp(e, 1, 2), [](bytes_view cut) {
            const auto reading = read_packet(cut);
            if (reading) {
                EXPECT_LE(reading->size, cut.size());
                EXPECT_LE(reading->facts.upper, reading->size);
            }
        });
    }
}

}  // namespace
}  // namespace sonde::sim
