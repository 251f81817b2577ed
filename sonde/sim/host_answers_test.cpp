#include <gtest/gtest.h>

#include <sonde/sim/host_answers.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

const envelope v4{.from = ip("10.0.0.1"), .to = ip("10.0.0.2")};
const envelope v6{.from = ip("2001:db8::1"), .to = ip("2001:db8::2")};

host_answer answer(const bytes& packet, const host_behaviour& behaviour, bool to_broadcast = false) {
    bytes out(answer_max);
    const auto reading = read_packet(packet).value();
    const auto own = destination_of(packet, reading.facts.family);
    return answer_at_host({.behaviour = behaviour, .own = own, .to_broadcast = to_broadcast}, packet, reading.facts,
                          out);
}

TEST(host_answers, how_each_packet_ends) {
    const host_behaviour host{.udp = {.at = {{1, port_state::open}, {2, port_state::filtered}, {3, port_state::echo}}}};
    EXPECT_EQ(answer(echo_request(v4), host).ended, fate::answered);
    EXPECT_EQ(answer(udp(v6, 9, 1), host).ended, fate::absorbed);
    EXPECT_EQ(answer(udp(v6, 9, 2), host).ended, fate::filtered);
    EXPECT_EQ(answer(udp(v6, 9, 3), host).size, 64U);
    const auto closed = answer(udp(v6, 9, 4), host);
    EXPECT_EQ(closed.ended, fate::answered);
    EXPECT_EQ(closed.size, 0U);
    ASSERT_TRUE(closed.report);
    EXPECT_EQ(closed.report->code, 4);
    EXPECT_EQ(answer(wrapped(v4, 1, bytes(7)), host).ended, fate::malformed);
    EXPECT_EQ(answer(wrapped(v6, 17, bytes(7)), host).ended, fate::malformed);
    EXPECT_EQ(answer(wrapped(v6, 59, bytes(7)), host).ended, fate::absorbed);
}

TEST(host_answers, to_a_broadcast_only_echo) {
    const host_behaviour host{.udp = {.otherwise = port_state::echo}};
    EXPECT_GT(answer(echo_request(v4), host, true).size, 0U);
    EXPECT_EQ(answer(echo_request(v4), {.broadcast_echo = false}, true).ended, fate::filtered);
    EXPECT_EQ(answer(udp(v4, 1, 2), host, true).size, 0U);
    EXPECT_FALSE(answer(udp(v4, 1, 2), {}, true).report);
    EXPECT_EQ(answer(tcp(v4, {.flags = wire::tcp_flag::syn}), {}, true).size, 0U);
    EXPECT_FALSE(answer(wrapped(v4, 200, {}), {}, true).report);
}

TEST(host_answers, the_largest_echo) {
    EXPECT_EQ(answer(echo_request(v4, 1, 65535 - 28), {}).size, 65535U);
    EXPECT_EQ(answer(echo_request(v6, 1, 65535 - 8), {}).size, 65575U);
}

}  // namespace
}  // namespace sonde::sim
