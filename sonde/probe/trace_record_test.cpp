#include <gtest/gtest.h>

#include <sonde/probe/trace_record.hpp>
#include <sonde/probe/trace_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

using namespace std::chrono_literals;

trace_event probe(std::uint8_t ttl, std::optional<hop_answer> answer, std::uint32_t round = 0, std::uint8_t query = 0) {
    trace_event e{.kind = trace_event_kind::probe};
    e.result = {.ttl = ttl, .round = round, .query = query};
    if (answer) {
        e.result.fate = probe_fate::answered;
        e.result.answer = *answer;
    }
    return e;
}

TEST(trace_record, counts_each_hop_and_each_responder) {
    trace_record record({.destination = far_away});
    record.add(probe(2, usual_answer(2, false, 2ms)));
    record.add(probe(1, usual_answer(1, false, 1ms)));
    auto other = usual_answer(2, false, 18ms);
    other.from = hop_address(2, 1);
    record.add(probe(2, other, 0, 1));
    record.add(probe(2, std::nullopt, 0, 2));
    ASSERT_EQ(record.hops().size(), 2U);
    const hop_record& hop = record.hops()[1];
    EXPECT_EQ(hop.ttl, 2);
    EXPECT_EQ(hop.tally.sent, 3U);
    EXPECT_EQ(hop.tally.received, 2U);
    EXPECT_EQ(hop.tally.lost(), 1U);
    EXPECT_EQ(hop.last, 18ms);
    EXPECT_EQ(hop.jitter.value(), 1ms);
    ASSERT_EQ(hop.responders.size(), 2U);
    EXPECT_EQ(hop.responders[1].tally.received, 1U);
    EXPECT_EQ(hop.responders[1].jitter.value(), 0ms);
    EXPECT_EQ(hop.mixed_rounds, 1U);
    EXPECT_EQ(hop.order, (std::vector<std::uint8_t>{0}));
    EXPECT_FALSE(record.reached());
}

TEST(trace_record, ends_at_the_destination_however_late_it_is_found) {
    trace_record record({.destination = far_away});
    for (std::uint8_t ttl = 9; ttl > 5; --ttl) record.add(probe(ttl, usual_answer(ttl, true, 1ms)));
    record.add(probe(8, usual_answer(8, true, 1ms)));
    ASSERT_EQ(record.hops().size(), 1U);
    EXPECT_EQ(record.destination_hop(), std::uint8_t{6});
}

TEST(trace_record, goes_on_where_the_path_has_become_longer) {
    trace_record record({.destination = far_away});
    for (std::uint8_t ttl = 1; ttl <= 4; ++ttl) record.add(probe(ttl, usual_answer(ttl, ttl == 4, 1ms)));
    // One that is late and of the same round says nothing of the kind.
    record.add(probe(5, usual_answer(5, false, 1ms)));
    record.add(probe(5, std::nullopt, 1));
    ASSERT_EQ(record.hops().size(), 4U);
    for (std::uint8_t ttl = 1; ttl <= 6; ++ttl) record.add(probe(ttl, usual_answer(ttl, ttl == 6, 1ms), 1));
    ASSERT_EQ(record.hops().size(), 6U);
    EXPECT_EQ(record.hops()[3].responders.size(), 2U);
    EXPECT_EQ(record.hops()[5].responders.front().kind, answer_from::destination);
    EXPECT_EQ(record.destination_hop(), std::uint8_t{4});
    for (std::uint8_t ttl = 1; ttl <= 4; ++ttl) record.add(probe(ttl, usual_answer(ttl, ttl == 4, 1ms), 2));
    EXPECT_EQ(record.hops().size(), 6U);
}

TEST(trace_record, ends_at_an_error_but_not_at_one_that_packets_pass) {
    const auto error = [](std::uint8_t ttl) {
        auto a = usual_answer(3, false, 1ms);
        a.kind = answer_from::unreachable;
        return probe(ttl, a);
    };
    trace_record record({.destination = far_away});
    record.add(probe(1, usual_answer(1, false, 1ms)));
    for (std::uint8_t ttl = 3; ttl <= 5; ++ttl) record.add(error(ttl));
    record.add(probe(6, std::nullopt));
    trace_record passed = record;
    record.add({.kind = trace_event_kind::round});
    EXPECT_EQ(record.hops().back().ttl, 3);
    passed.add(probe(7, usual_answer(7, false, 1ms)));
    passed.add({.kind = trace_event_kind::round});
    EXPECT_EQ(passed.hops().back().ttl, 7);
}

TEST(trace_record, is_bounded) {
    trace_record record({.destination = far_away});
    for (unsigned i = 0; i < 40; ++i) {
        auto a = usual_answer(1, false, 1ms);
        a.from = hop_address(1, i);
        record.add(probe(1, a, i));
    }
    EXPECT_EQ(record.hops()[0].responders.size(), 32U);
    EXPECT_EQ(record.responders_not_kept(), 8U);
    for (unsigned i = 40; i < 200; ++i) record.add(probe(1, usual_answer(1, false, 1ms), i));
    EXPECT_EQ(record.hops()[0].order.size(), 64U);
    EXPECT_EQ(record.hops()[0].tally.received, 200U);
}

TEST(trace_record, keeps_what_is_not_loss_apart) {
    trace_record record({.destination = far_away});
    auto e = probe(1, std::nullopt);
    e.result.fate = probe_fate::cancelled;
    record.add(e);
    e.result.fate = probe_fate::send_failed;
    record.add(e);
    EXPECT_EQ(record.hops()[0].tally.lost(), 0U);
    EXPECT_EQ(record.hops()[0].tally.pending, 1U);
    EXPECT_EQ(record.hops()[0].tally.send_failed, 1U);
    EXPECT_EQ(record.hops()[0].asked(), 0U);
}

TEST(trace_record, of_a_search_for_the_mtu_is_of_its_first_round) {
    trace_record record({.destination = far_away, .goal = trace_goal::mtu});
    record.add(probe(1, usual_answer(1, false, 1ms)));
    record.add(probe(1, std::nullopt, 1));
    record.add({.kind = trace_event_kind::mtu, .mtu = {.ttl = 1, .mtu = 1400}});
    record.add({.kind = trace_event_kind::done, .end = trace_end::silent});
    EXPECT_EQ(record.hops()[0].tally.sent, 1U);
    EXPECT_EQ(record.mtu_steps().size(), 1U);
    EXPECT_EQ(record.end(), trace_end::silent);
}

}  // namespace
}  // namespace sonde::probe::testing
