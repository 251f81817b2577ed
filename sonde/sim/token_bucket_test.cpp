#include <gtest/gtest.h>

#include <sonde/sim/token_bucket.hpp>

namespace sonde::sim {
namespace {

using namespace std::chrono_literals;

int taken(token_bucket& bucket, time_point now, double rate, std::uint32_t burst) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += bucket.take(now, rate, burst) ? 1 : 0;
    return count;
}

TEST(token_bucket, a_burst_then_the_rate) {
    token_bucket bucket;
    const time_point start{100s};
    EXPECT_EQ(taken(bucket, start, 10, 5), 5);
    EXPECT_EQ(taken(bucket, start + 99ms, 10, 5), 0);
    EXPECT_EQ(taken(bucket, start + 100ms, 10, 5), 1);
    EXPECT_EQ(taken(bucket, start + 300ms, 10, 5), 2);
    EXPECT_EQ(taken(bucket, start + 1h, 10, 5), 5) << "no more than the burst";
}

TEST(token_bucket, no_limit_and_no_burst) {
    token_bucket bucket;
    EXPECT_EQ(taken(bucket, time_point{}, 0, 1), 100);
    EXPECT_EQ(taken(bucket, time_point{}, 1, 0), 1) << "a burst of 0 would never let one through";
}

}  // namespace
}  // namespace sonde::sim
