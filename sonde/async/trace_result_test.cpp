#include <gtest/gtest.h>

#include <sonde/async/trace_result.hpp>

namespace sonde {
namespace {

using probe::trace_event;
using probe::trace_event_kind;

trace_event hop(std::uint8_t ttl, std::uint32_t round) {
    trace_event e;
    e.kind = trace_event_kind::hop;
    e.round = round;
    e.hop = {.ttl = ttl, .round = round, .probes = {}};
    return e;
}

TEST(trace_result, keeps_the_hops_of_the_latest_round) {
    trace_result r{probe::trace_options{}};
    for (std::uint32_t round = 0; round < 3; ++round) {
        for (std::uint8_t ttl = 1; ttl <= 4; ++ttl) r.add(hop(ttl, round));
    }
    ASSERT_EQ(r.hops.size(), 4U);
    EXPECT_EQ(r.hops.front().ttl, 1);
    EXPECT_EQ(r.hops.back().round, 2U);
    EXPECT_FALSE(r.reached());
}

TEST(trace_result, ends_as_the_trace_did) {
    trace_result r{probe::trace_options{}};
    trace_event done;
    done.kind = trace_event_kind::done;
    done.end = probe::trace_end::failed;
    done.error_number = 101;
    r.add(std::move(done));
    EXPECT_EQ(r.end, probe::trace_end::failed);
    EXPECT_EQ(r.error_number, 101);
    EXPECT_FALSE(r);
    trace_event reached;
    reached.kind = trace_event_kind::done;
    reached.end = probe::trace_end::reached;
    r.add(std::move(reached));
    EXPECT_TRUE(r);
    EXPECT_EQ(r.record.end(), probe::trace_end::reached);
}

}  // namespace
}  // namespace sonde
