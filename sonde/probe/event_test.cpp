#include <gtest/gtest.h>

#include <sonde/probe/event.hpp>

namespace sonde::probe {
namespace {

TEST(event, outcomes_are_told_from_notices) {
    for (const auto kind : {event_kind::reply, event_kind::icmp_error, event_kind::timed_out, event_kind::send_failed,
                            event_kind::local_drop, event_kind::cancelled, event_kind::closed}) {
        EXPECT_TRUE(is_outcome(kind));
    }
    for (const auto kind : {event_kind::duplicate, event_kind::late, event_kind::advice, event_kind::wrong_source,
                            event_kind::damaged, event_kind::settled, event_kind::sent}) {
        EXPECT_FALSE(is_outcome(kind));
    }
}

TEST(event, series_ids_keep_target_and_ordinal) {
    const auto id = series_id(0xfffffffe, 0xffffffff);
    EXPECT_EQ(series_target(id), 0xfffffffeU);
    EXPECT_EQ(series_ordinal(id), 0xffffffffU);
}

}  // namespace
}  // namespace sonde::probe
