#include <gtest/gtest.h>

#include <sonde/stats/accounting.hpp>

namespace sonde::stats {
namespace {

constexpr accounting balanced{.scheduled = 10,
                              .sent = 7,
                              .send_failed = 2,
                              .local_drop = 1,
                              .skipped = 1,
                              .replied = 3,
                              .icmp_error = 1,
                              .timed_out = 1,
                              .uncertain = 1,
                              .cancelled = 1,
                              .pending = 1,
                              .frames = 13,
                              .matched = 4,
                              .duplicate = 1,
                              .late = 1,
                              .not_ours = 3,
                              .rejected_malformed = 1,
                              .rejected_checksum = 1,
                              .rejected_source = 1,
                              .rejected_token = 1};

TEST(accounting, adds_up) {
    EXPECT_TRUE(accounting{}.adds_up());
    EXPECT_TRUE(balanced.adds_up());
    EXPECT_EQ(balanced.rejected(), 4U);
}

TEST(accounting, one_ping_or_frame_too_many_shows) {
    for (const auto counter :
         {&accounting::scheduled, &accounting::sent, &accounting::send_failed, &accounting::skipped,
          &accounting::replied, &accounting::icmp_error, &accounting::timed_out, &accounting::cancelled,
          &accounting::pending, &accounting::frames, &accounting::matched, &accounting::duplicate, &accounting::late,
          &accounting::not_ours, &accounting::rejected_malformed, &accounting::rejected_checksum,
          &accounting::rejected_source, &accounting::rejected_token}) {
        accounting wrong = balanced;
        ++(wrong.*counter);
        EXPECT_FALSE(wrong.adds_up());
    }
}

TEST(accounting, a_part_is_not_more_than_the_whole) {
    accounting wrong = balanced;
    wrong.local_drop = 3;
    EXPECT_FALSE(wrong.adds_up());
    wrong = balanced;
    wrong.uncertain = 2;
    EXPECT_FALSE(wrong.adds_up());
}

}  // namespace
}  // namespace sonde::stats
