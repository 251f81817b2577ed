#include <gtest/gtest.h>

#include <sonde/report/target_view.hpp>

namespace sonde::report {
namespace {

TEST(shown_sequence, counts_a_series_without_wrapping) {
    probe::event event;
    event.sequence = 4464;
    EXPECT_EQ(shown_sequence(event), 4464U);
    event.series = true;
    event.id = probe::series_id(9, 70'000);
    EXPECT_EQ(shown_sequence(event), 70'000U);
}

TEST(has_round_trip, answers_to_our_pings_only) {
    using probe::event_kind;
    for (const auto kind : {event_kind::reply, event_kind::duplicate, event_kind::late})
        EXPECT_TRUE(has_round_trip(kind));
    for (const auto kind : {event_kind::wrong_source, event_kind::damaged, event_kind::timed_out, event_kind::advice}) {
        EXPECT_FALSE(has_round_trip(kind));
    }
}

}  // namespace
}  // namespace sonde::report
