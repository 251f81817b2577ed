#include <gtest/gtest.h>

#include <sonde/report/json_figures.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;

TEST(json_figures, milliseconds_keep_their_nanoseconds) {
    EXPECT_EQ(json(json_milliseconds(1'234'567ns)).dump(), "1.234567");
}

TEST(json_figures, nothing_came_back) {
    EXPECT_EQ(rtt_object({}).dump(), "null");
}

TEST(json_figures, round_trip_times) {
    stats::rtt_series series;
    series.add(1ms);
    series.add(3ms);
    EXPECT_EQ(rtt_object(series).dump(),
              R"({"min":1.0,"mean":2.0,"p50":1.0,"p90":3.0,"p95":3.0,"p99":3.0,"max":3.0,"stddev":1.0,"jitter":2.0})");
}

TEST(json_figures, every_counter_has_its_own_value) {
    // Numbered one by one: a counter that is missing or stands under another's name shows.
    stats::accounting a;
    std::uint64_t n = 0;
    for (std::uint64_t* counter : {&a.scheduled,
                                   &a.sent,
                                   &a.send_failed,
                                   &a.local_drop,
                                   &a.skipped,
                                   &a.replied,
                                   &a.icmp_error,
                                   &a.timed_out,
                                   &a.uncertain,
                                   &a.cancelled,
                                   &a.pending,
                                   &a.frames,
                                   &a.matched,
                                   &a.duplicate,
                                   &a.late,
                                   &a.not_ours,
                                   &a.rejected_malformed,
                                   &a.rejected_checksum,
                                   &a.rejected_source,
                                   &a.rejected_token,
                                   &a.corrupt,
                                   &a.truncated,
                                   &a.kernel_drops}) {
        *counter = ++n;
    }
    EXPECT_EQ(accounting_object(a).size(), n);
    EXPECT_EQ(accounting_object(a)["kernel_drops"], n);
    EXPECT_EQ(accounting_object(a)["scheduled"], 1);
    EXPECT_EQ(accounting_object(a)["not_ours"], 16);
}

}  // namespace
}  // namespace sonde::report
