#include <array>

#include <gtest/gtest.h>

#include <sonde/sim/flow_hash.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

std::uint64_t hash(const bytes& packet) {
    return flow_hash(packet, read_packet(packet)->facts);
}

TEST(flow_hash, is_the_flow_and_nothing_else) {
    for (const auto& [from, to] : {std::pair{"10.0.0.1", "10.0.0.2"}, std::pair{"2001:db8::1", "2001:db8::2"}}) {
        const envelope e{.from = ip(from), .to = ip(to)};
        envelope other = e;
        other.ttl = 3;
        other.tos = 0x10;
        other.identification = 7;
        EXPECT_EQ(hash(udp(e, 1, 2, 10)), hash(udp(other, 1, 2, 99)));
        EXPECT_NE(hash(udp(e, 1, 2)), hash(udp(e, 2, 2)));
        EXPECT_NE(hash(udp(e, 1, 2)), hash(udp(e, 1, 3)));
        EXPECT_NE(hash(udp(e, 1, 2)), hash(tcp(e, {.source_port = 1, .destination_port = 2})));
        std::swap(other.from, other.to);
        EXPECT_NE(hash(udp(e, 1, 2)), hash(udp(other, 1, 2)));
        EXPECT_NE(hash(echo_request(e, 1)), hash(echo_request(e, 2))) << "the checksum";
        EXPECT_NE(hash(wrapped(e, 47, {})), hash(wrapped(e, 50, {})));
    }
    envelope labelled{.from = ip("2001:db8::1"), .to = ip("2001:db8::2")};
    const auto without = hash(udp(labelled, 1, 2));
    labelled.flow_label = 1;
    EXPECT_NE(hash(udp(labelled, 1, 2)), without);
}

TEST(flow_hash, of_fragments_has_no_ports) {
    bytes packet = udp({.from = ip("10.0.0.1"), .to = ip("10.0.0.2")}, 1, 2);
    auto facts = read_packet(packet)->facts;
    facts.fragment = true;
    const auto first = flow_hash(packet, facts);
    packet[20] = std::byte{0xff};
    EXPECT_EQ(flow_hash(packet, facts), first);
    packet.resize(22);
    facts.fragment = false;
    EXPECT_EQ(flow_hash(packet, facts), first) << "cut short";
}

TEST(flow_hash, choices_are_even) {
    for (const std::size_t ways : {1U, 2U, 3U, 7U}) {
        std::array<int, 7> count{};
        for (std::uint64_t flow = 0; flow < 7000; ++flow) {
            const std::size_t choice = choice_of(flow, 42, ways);
            ASSERT_LT(choice, ways);
            ++count[choice];
        }
        const double share = 7000.0 / static_cast<double>(ways);
        for (std::size_t i = 0; i < ways; ++i) EXPECT_NEAR(count[i], share, share * 0.15);
    }
}

}  // namespace
}  // namespace sonde::sim
