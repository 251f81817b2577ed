#include <gtest/gtest.h>

#include <sonde/stats/interarrival_jitter.hpp>

namespace sonde::stats {
namespace {

using namespace std::chrono_literals;

TEST(interarrival_jitter, follows_the_vectors_worked_out_by_hand) {
    interarrival_jitter j;
    EXPECT_EQ(j.value(), 0ns);
    j.add(100ms);
    EXPECT_EQ(j.value(), 0ns);  // the first has nothing to differ from: its own size is not jitter
    j.add(116ms);
    EXPECT_EQ(j.value(), 1ms);  // 16 / 16
    j.add(116ms);
    EXPECT_EQ(j.value(), 937'500ns);  // 1 - 1/16
    j.add(84ms);
    EXPECT_EQ(j.value(), 2'878'906ns);  // 0.9375 + (32 - 0.9375) / 16 = 2.87890625, the sign of D does not matter
    j.add(85ms);
    EXPECT_EQ(j.value(), 2'761'475ns);  // 2.87890625 + (1 - 2.87890625) / 16 = 2.761474609375
}

TEST(interarrival_jitter, goes_towards_the_mean_difference_not_sixteen_times_it) {
    interarrival_jitter j;
    for (int i = 0; i < 1000; ++i) j.add(i % 2 == 0 ? 10ms : 14ms);
    EXPECT_EQ(j.value(), 4ms);
}

TEST(interarrival_jitter, of_steady_times_is_zero) {
    interarrival_jitter j;
    for (int i = 0; i < 10; ++i) j.add(30ms);
    EXPECT_EQ(j.value(), 0ns);
}

}  // namespace
}  // namespace sonde::stats
