#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/random_stream.hpp>

namespace sonde::sim {
namespace {

using namespace std::chrono_literals;

TEST(random_stream, the_finalizer_is_splitmix64) {
    // The first outputs of splitmix64 from seed 0.
    EXPECT_EQ(mixed(0), 0xe220'a839'7b1d'cdafU);
    EXPECT_EQ(mixed(0x9e37'79b9'7f4a'7c15U), 0x6e78'9e6a'a1b9'65f4U);
}

TEST(random_stream, is_the_same_for_a_seed_and_another_for_every_purpose) {
    random_stream a{7};
    random_stream b{7};
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) {
        const auto n = a.number();
        EXPECT_EQ(n, b.number());
        seen.insert(n);
    }
    EXPECT_EQ(seen.size(), 100U);
    EXPECT_NE(random_stream(7, 1).number(), random_stream(7, 2).number());
    EXPECT_NE(random_stream(7).number(), random_stream(8).number());
}

TEST(random_stream, chances) {
    random_stream r{1};
    int count = 0;
    for (int i = 0; i < 10'000; ++i) count += r.happens(0.3) ? 1 : 0;
    EXPECT_NEAR(count, 3000, 200);
    random_stream one{2};
    random_stream same{2};
    EXPECT_FALSE(one.happens(0));
    EXPECT_TRUE(one.happens(1));
    EXPECT_EQ(one.from(5ms, 0ms), 5ms);
    EXPECT_EQ(one.number(), same.number()) << "what is certain draws nothing";
}

TEST(random_stream, durations_reach_both_bounds) {
    random_stream r{3};
    std::set<duration> seen;
    for (int i = 0; i < 200; ++i) seen.insert(r.from(10ns, 3ns));
    EXPECT_EQ(seen, (std::set<duration>{10ns, 11ns, 12ns, 13ns}));
}

}  // namespace
}  // namespace sonde::sim
