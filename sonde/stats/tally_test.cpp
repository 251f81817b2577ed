#include <limits>

#include <gtest/gtest.h>

#include <sonde/stats/tally.hpp>

namespace sonde::stats {
namespace {

using namespace std::chrono_literals;

TEST(tally, starts_with_no_loss) {
    const tally t;
    EXPECT_EQ(t.lost(), 0U);
    EXPECT_EQ(t.loss_percent(), 0);
}

TEST(tally, adds_up) {
    tally t;
    for (int i = 0; i < 5; ++i) t.on_sent();
    t.on_reply(1ms);
    t.on_reply(2ms);
    t.on_error();
    t.on_timeout();
    EXPECT_EQ(t.pending, 1U);
    EXPECT_EQ(t.lost(), 2U);
    EXPECT_EQ(t.sent, t.received + t.lost() + t.pending);
    EXPECT_EQ(t.loss_percent(), 50);
    EXPECT_EQ(t.rtt.count(), 2U);
}

TEST(tally, what_is_pending_is_not_lost) {
    tally t;
    t.on_sent();
    EXPECT_EQ(t.lost(), 0U);
    EXPECT_EQ(t.loss_percent(), 0);
}

TEST(tally, a_ping_that_could_not_be_sent_has_no_answer) {
    tally t;
    t.on_send_failed();
    EXPECT_EQ(t.lost(), 0U);
    EXPECT_EQ(t.unanswered(), 1U);
    EXPECT_EQ(t.loss_percent(), 100);
}

TEST(tally, duplicates_and_late_answers_change_no_loss) {
    tally t;
    t.on_sent();
    t.on_timeout();
    for (int i = 0; i < 10; ++i) t.on_duplicate();
    t.on_late();
    t.on_corrupt();
    EXPECT_EQ(t.loss_percent(), 100);
    EXPECT_EQ(t.lost(), 1U);
}

TEST(tally, never_goes_below_zero) {
    tally t{.sent = 1, .received = 3};
    EXPECT_EQ(t.lost(), 0U);
    EXPECT_EQ(t.loss_percent(), 0);
    t.on_timeout();
    EXPECT_EQ(t.pending, 0U);
}

TEST(tally, merges) {
    tally a{.sent = 4, .received = 2, .pending = 1, .errors = 1, .duplicates = 5, .late = 6, .corrupt = 7};
    const tally b{.sent = 10, .received = 9, .send_failed = 2, .errors = 1};
    a.rtt.add(1ms);
    a.merge(b);
    EXPECT_EQ(a.sent, 14U);
    EXPECT_EQ(a.received, 11U);
    EXPECT_EQ(a.pending, 1U);
    EXPECT_EQ(a.send_failed, 2U);
    EXPECT_EQ(a.errors, 2U);
    EXPECT_EQ(a.duplicates, 5U);
    EXPECT_EQ(a.late, 6U);
    EXPECT_EQ(a.corrupt, 7U);
    EXPECT_EQ(a.rtt.count(), 1U);
}

TEST(tally, counters_stop_at_their_maximum) {
    tally t{.duplicates = std::numeric_limits<std::uint32_t>::max()};
    t.on_duplicate();
    EXPECT_EQ(t.duplicates, std::numeric_limits<std::uint32_t>::max());
}

}  // namespace
}  // namespace sonde::stats
