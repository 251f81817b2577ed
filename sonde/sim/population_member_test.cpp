#include <gtest/gtest.h>

#include <sonde/sim/population_member.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(population_member, is_drawn_from_seed_and_address) {
    scenario s;
    s.seed = 3;
    population p{
        .name = "p", .addresses = net("10.0.0.0/8"), .answering = 0.25, .host = {.delay = 1ms, .jitter = 10ms}};
    int count = 0;
    for (std::uint32_t i = 0; i < 4000; ++i) {
        const ip_address a = ip_address::v4(0x0a00'0000U + i);
        count += population_has(s, p, a) ? 1 : 0;
        EXPECT_EQ(population_has(s, p, a), population_has(s, p, a));
        EXPECT_GE(population_delay(s, p, a), 1ms);
        EXPECT_LE(population_delay(s, p, a), 11ms);
    }
    EXPECT_NEAR(count, 1000, 120);
    EXPECT_NE(drawn_for(1, ip("10.0.0.1"), 0), drawn_for(2, ip("10.0.0.1"), 0));
    EXPECT_NE(drawn_for(1, ip("10.0.0.1"), 0), drawn_for(1, ip("10.0.0.1"), 1));
    p.answering = 1;
    EXPECT_TRUE(population_has(s, p, ip("2001:db8::1")));
    p.answering = 0;
    EXPECT_FALSE(population_has(s, p, ip("2001:db8::1")));
}

}  // namespace
}  // namespace sonde::sim
