#include <gtest/gtest.h>

#include <sonde/sim/link_pipe.hpp>

namespace sonde::sim {
namespace {

using namespace std::chrono_literals;
using outcome = crossing::outcome;

constexpr time_point start{1s};

TEST(link_pipe, a_delay) {
    link_pipe pipe{random_stream{1}};
    const crossing c = pipe.send(start, 100, {.delay = 7ms});
    EXPECT_EQ(c.what, outcome::carried);
    EXPECT_EQ(c.at, start + 7ms);
    EXPECT_FALSE(c.copy_at || c.reordered || c.corrupted);
}

TEST(link_pipe, order_is_kept_though_the_delay_shrinks) {
    link_pipe pipe{random_stream{1}};
    EXPECT_EQ(pipe.send(start, 100, {.delay = 50ms}).at, start + 50ms);
    EXPECT_EQ(pipe.send(start + 1ms, 100, {.delay = 1ms}).at, start + 50ms);
    const crossing overtakes = pipe.send(start + 2ms, 100, {.delay = 1ms, .jitter = 9ms, .reorder = 1});
    EXPECT_EQ(overtakes.at, start + 3ms);
    EXPECT_TRUE(overtakes.reordered);
}

TEST(link_pipe, certain_faults) {
    link_pipe pipe{random_stream{1}};
    EXPECT_EQ(pipe.send(start, 100, {.loss = 1}).what, outcome::lost);
    const crossing twice = pipe.send(start, 100, {.delay = 1ms, .jitter = 5ms, .duplicate = 1, .corrupt = 1});
    ASSERT_TRUE(twice.copy_at);
    EXPECT_GE(*twice.copy_at, twice.at);
    EXPECT_TRUE(twice.corrupted);
    for (int i = 0; i < 100; ++i) EXPECT_LT(pipe.draw(8), 8U);
}

TEST(link_pipe, a_bandwidth_and_its_queue) {
    link_pipe pipe{random_stream{1}};
    const link_behaviour slow{.delay = 1ms, .bandwidth = 8e6, .queue = 2};  // 1000 bytes a millisecond
    EXPECT_EQ(pipe.send(start, 1000, slow).at, start + 2ms);
    EXPECT_EQ(pipe.send(start, 2000, slow).at, start + 4ms);
    EXPECT_EQ(pipe.send(start, 1000, slow).at, start + 5ms);
    EXPECT_EQ(pipe.send(start, 1000, slow).what, outcome::queue_full);
    EXPECT_EQ(pipe.send(start + 1ms, 1000, slow).at, start + 6ms) << "the second is being sent: a place is free";
    EXPECT_EQ(pipe.send(start + 1ms, 1000, slow).what, outcome::queue_full);
    EXPECT_EQ(pipe.send(start + 1h, 1000, slow).at, start + 1h + 2ms);
}

TEST(link_pipe, a_bandwidth_next_to_nothing_does_not_overflow) {
    link_pipe pipe{random_stream{1}};
    const link_behaviour slow{.bandwidth = 1e-9, .queue = 100'000};
    bool full = false;
    for (int i = 0; i < 100'000; ++i) {
        const crossing c = pipe.send(start, 65535, slow);
        full = full || c.what == outcome::queue_full;
        if (c.what == outcome::carried) {
            ASSERT_GT(c.at, start);
        }
    }
    EXPECT_TRUE(full);
}

}  // namespace
}  // namespace sonde::sim
