#include <gtest/gtest.h>

#include <sonde/probe/hop_pace.hpp>

namespace sonde::probe {
namespace {

bool batch(hop_pace& pace, int controls, int answered) {
    for (int i = 0; i < controls; ++i) pace.control_sent();
    for (int i = 0; i < answered; ++i) pace.control_answered();
    return pace.judge();
}

TEST(hop_pace, slows_down_until_controls_are_answered) {
    hop_pace pace;
    EXPECT_EQ(pace.gap(), duration{0});
    EXPECT_FALSE(batch(pace, 0, 0));  // nothing was asked in between: nothing is known
    EXPECT_EQ(pace.gap(), hop_pace::first_gap);
    EXPECT_FALSE(batch(pace, 6, 3));
    EXPECT_EQ(pace.gap(), 4 * hop_pace::first_gap);
    EXPECT_TRUE(batch(pace, 6, 4));
    EXPECT_EQ(pace.gap(), 4 * hop_pace::first_gap);
    for (int i = 0; i < 5; ++i) (void)batch(pace, 6, 0);
    EXPECT_EQ(pace.gap(), hop_pace::last_gap);
    EXPECT_TRUE(batch(pace, 6, 0));  // it cannot be asked more slowly
}

TEST(hop_pace, believes_silence_sooner_where_little_is_lost) {
    hop_pace lossless;
    hop_pace lossy;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(batch(lossless, 10, 10));
        EXPECT_TRUE(batch(lossy, 10, 7));
    }
    const unsigned sure = lossless.batches_needed(0.0025, 10, false);
    EXPECT_EQ(sure, 3U);  // (1/52)^3 is 7 in a million, a tenth of 0.0025 is 250
    EXPECT_GT(lossy.batches_needed(0.0025, 10, false), sure);
    EXPECT_LE(lossy.batches_needed(1e-12, 100'000, false), 9U);  // it ends
    EXPECT_LT(lossy.batches_needed(0.0025, 10, true), lossy.batches_needed(0.0025, 10, false));
    EXPECT_GE(hop_pace{}.batches_needed(0.5, 0, true), 1U);
}

TEST(hop_pace, spends_few_controls_under_a_limit) {
    hop_pace pace;
    EXPECT_EQ(pace.controls_wanted(1), 6U);
    EXPECT_EQ(pace.controls_wanted(100), 12U);
    for (int i = 0; i < 3; ++i) (void)batch(pace, 6, 0);
    EXPECT_EQ(pace.controls_wanted(100), 3U);
}

}  // namespace
}  // namespace sonde::probe
