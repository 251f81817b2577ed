#include <cerrno>
#include <map>

#include <gtest/gtest.h>

#include <sonde/probe/path_finder.hpp>
#include <sonde/probe/tracer_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

const ip_address target = ip("203.0.113.80");
constexpr time_point start_time{1000s};

std::map<std::uint8_t, std::size_t> probes_per_ttl(const tracer_rig& rig) {
    std::map<std::uint8_t, std::size_t> count;
    for (const sent_probe& p : rig.sent) ++count[p.ttl];
    return count;
}

TEST(path_finder, the_destination_is_asked_once_per_ttl) {
    tracer_rig rig(chain{.length = 5, .step = 10ms});
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    for (const auto& [ttl, count] : probes_per_ttl(rig)) EXPECT_EQ(count, ttl < 5 ? 3U : 1U) << int{ttl};
    EXPECT_EQ(rig.counts().cancelled, 23U);
}

TEST(path_finder, what_went_beyond_the_destination_counts_as_its_further_queries) {
    tracer_rig rig(chain{.length = 5, .step = 10ms});
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 5U);
    const auto probes = rig.hops()[4].probes;
    ASSERT_EQ(probes.size(), 3U);
    for (std::uint8_t query = 0; query < 3; ++query) {
        EXPECT_EQ(probes[query].ttl, 5);
        EXPECT_EQ(probes[query].query, query);
        EXPECT_EQ(probes[query].answer.kind, answer_from::destination);
        EXPECT_EQ(probes[query].answer.rtt, 50ms);
    }
}

TEST(path_finder, a_router_that_answers_behind_the_end_is_no_answer_of_the_end) {
    // One of them gets through a filter, and expires behind it.
    tracer_rig rig([](const sent_probe& p) -> std::vector<reaction> {
        if (p.ttl == 6) return {time_exceeded(p, chain::router(family::v4, 6), 60ms)};
        return chain{.length = 5, .step = 10ms}(p);
    });
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 5U);
    const auto last = rig.hops()[4].probes;
    EXPECT_EQ(last.size(), 2U);
    for (const probe_result& p : last) EXPECT_EQ(p.answer.from, target);
    for (const trace_event& e : rig.events) {
        const bool answered = e.kind == trace_event_kind::probe && e.result.fate == probe_fate::answered;
        if (answered && e.result.answer.kind == answer_from::hop) {
            EXPECT_EQ(e.result.answer.from, chain::router(family::v4, e.result.ttl));
        }
    }
}

TEST(path_finder, a_near_destination_hears_little_beyond_its_own_ttl) {
    tracer_rig rig(chain{.length = 8, .step = 100us});
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(probes_per_ttl(rig).rbegin()->first, 10);
    EXPECT_LE(rig.now - start_time, 2ms);
}

TEST(path_finder, pacing_keeps_what_is_not_asked_yet_behind_the_destination_back) {
    tracer_rig rig(chain{.length = 5, .step = 1ms}, {.key = {1, 2}, .rate = 1000, .burst = 1});
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    EXPECT_LE(probes_per_ttl(rig).rbegin()->first, 10);
    EXPECT_EQ(rig.counts().scheduled, rig.counts().sent + rig.counts().skipped);
}

TEST(path_finder, send_wait_is_kept_between_the_probes_of_a_trace) {
    tracer_rig rig(chain{.length = 5, .step = 1ms});
    rig.start({.destination = target, .send_wait = 7ms});
    ASSERT_TRUE(rig.run());
    for (std::size_t i = 1; i < rig.sent.size(); ++i) EXPECT_GE(rig.sent[i].at - rig.sent[i - 1].at, 7ms);
    EXPECT_EQ(rig.hops().size(), 5U);
}

TEST(path_finder, hop_events_ascend_and_come_before_the_round_and_the_end) {
    tracer_rig rig(chain{.length = 9, .step = 3ms, .silent = {2, 7}});
    rig.start({.destination = target, .rounds = 3, .round_interval = 500ms});
    ASSERT_TRUE(rig.run());
    std::uint32_t round = 0;
    std::uint8_t ttl = 0;
    for (const trace_event& e : rig.events) {
        if (e.kind == trace_event_kind::hop) {
            EXPECT_EQ(e.hop.round, round);
            EXPECT_EQ(e.hop.ttl, ++ttl);
        }
        if (e.kind == trace_event_kind::round) {
            EXPECT_EQ(ttl, 9);
            EXPECT_EQ(e.round, round);
            ++round;
            ttl = 0;
        }
    }
    EXPECT_EQ(round, 3U);
    EXPECT_EQ(rig.events.back().kind, trace_event_kind::done);
}

TEST(path_finder, later_rounds_ask_up_to_the_end_that_is_known) {
    tracer_rig rig(chain{.length = 6, .step = 1ms});
    rig.start({.destination = target, .queries = 1, .rounds = 5, .round_interval = 100ms});
    ASSERT_TRUE(rig.run());
    for (const auto& [ttl, count] : probes_per_ttl(rig)) EXPECT_EQ(count, ttl <= 6 ? 5U : 1U) << int{ttl};
    EXPECT_GE(rig.now - start_time, 400ms);
    EXPECT_LE(rig.now - start_time, 410ms);
}

TEST(path_finder, a_path_that_grows_or_shrinks_between_rounds_is_followed) {
    tracer_rig rig([](const sent_probe& p) {
        const duration since = p.at - start_time;
        const std::uint8_t length = since < 1s ? 6 : since < 2s ? 11 : 3;
        return chain{.length = length}(p);
    });
    rig.start({.destination = target, .queries = 1, .rounds = 3, .round_interval = 1s});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops(1, 0U).size(), 6U);
    ASSERT_EQ(rig.hops(1, 1U).size(), 11U);
    EXPECT_EQ(rig.hops(1, 1U).back().probes.front().answer.kind, answer_from::destination);
    ASSERT_EQ(rig.hops(1, 2U).size(), 3U);
    EXPECT_EQ(rig.hops(1, 2U).back().probes.front().answer.kind, answer_from::destination);
}

TEST(path_finder, a_target_that_goes_silent_does_not_bring_all_ttls_back) {
    tracer_rig rig(
        [](const sent_probe& p) { return chain{.length = 6, .target_silent = p.at - start_time > 500ms}(p); });
    rig.start({.destination = target, .queries = 1, .rounds = 2});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops(1, 1U).size(), 6U);
    EXPECT_EQ(rig.done()->end, trace_end::reached);
}

TEST(path_finder, one_lost_query_is_waited_for_as_long_as_the_others_tell) {
    int lost = 0;
    tracer_rig rig([&](const sent_probe& p) -> std::vector<reaction> {
        if (p.ttl == 4 && ++lost == 2) return {};
        return chain{.length = 8, .step = 5ms}(p);
    });
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    // It left when the hop had answered, and is waited for thrice the hop's time.
    EXPECT_LE(rig.now - start_time, 20ms + 60ms);
    EXPECT_EQ(rig.hops()[3].probes[1].fate, probe_fate::timed_out);
}

TEST(path_finder, a_first_query_that_is_lost_is_asked_again_at_once) {
    int asked = 0;
    tracer_rig rig([&](const sent_probe& p) -> std::vector<reaction> {
        if (p.ttl == 4 && ++asked == 1) return {};
        return chain{.length = 8, .step = 5ms}(p);
    });
    rig.start({.destination = target, .queries = 1});
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 8U);
    ASSERT_EQ(rig.hops()[3].probes.size(), 2U);
    EXPECT_EQ(rig.hops()[3].probes[1].fate, probe_fate::answered);
    EXPECT_LE(rig.hops()[3].probes[1].sent_at - start_time, 3 * 40ms);
}

TEST(path_finder, without_retries_none_is_asked_again) {
    tracer_rig rig(chain{.length = 8, .step = 5ms, .silent = {4}});
    rig.start({.destination = target, .queries = 1, .retries = 0});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(probes_per_ttl(rig)[4], 1U);
}

TEST(path_finder, waits_are_what_the_options_say) {
    const auto takes = [](const chain& c, trace_options options) {
        tracer_rig rig(c);
        options.destination = target;
        options.max_hops = 10;
        options.queries = 1;
        options.retries = 0;
        rig.start(options);
        EXPECT_TRUE(rig.run());
        return rig.now - start_time;
    };
    const chain nobody{.length = 1, .target_silent = true};
    EXPECT_EQ(takes(nobody, {}), 5s);
    EXPECT_EQ(takes(nobody, {.wait = 300ms}), 300ms);
    const chain one_silent{.length = 4, .step = 20ms, .silent = {3}};
    EXPECT_EQ(takes(one_silent, {}), 800ms);  // ten times the next hop's
    EXPECT_EQ(takes(one_silent, {.near = 4}), 320ms);
    EXPECT_EQ(takes(one_silent, {.wait = 200ms}), 200ms);
    const chain silent_end{.length = 4, .step = 20ms, .target_silent = true};
    EXPECT_EQ(takes(silent_end, {}), 1s);
    EXPECT_EQ(takes(silent_end, {.tail = 2s}), 2s);
    EXPECT_EQ(takes(silent_end, {.near = 40}), 2400ms);
}

TEST(path_finder, a_rate_limit_at_the_destination_leaves_the_least_ttl_standing) {
    int tokens = 6;
    tracer_rig rig([&](const sent_probe& p) -> std::vector<reaction> {
        if (p.ttl >= 8 && tokens-- <= 0) return {};
        return chain{.length = 8, .step = 5ms}(p);
    });
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 8U);
    EXPECT_EQ(rig.done()->end, trace_end::reached);
    const auto last = rig.hops()[7].probes;
    ASSERT_EQ(last.size(), 3U);
    for (const probe_result& p : last) EXPECT_EQ(p.fate, probe_fate::answered);
    EXPECT_LE(rig.now - start_time, 40ms + 40ms);
}

TEST(path_finder, what_answers_out_of_order_ends_at_the_least_ttl) {
    tracer_rig rig([](const sent_probe& p) {
        auto all = chain{.length = 8, .step = 5ms}(p);
        if (p.ttl >= 8) all.front().after = 60ms - p.ttl * 1ms;
        return all;
    });
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops().size(), 8U);
}

TEST(path_finder, a_loop_goes_on_to_the_last_ttl) {
    tracer_rig rig([](const sent_probe& p) -> std::vector<reaction> {
        return {time_exceeded(p, chain::router(family::v4, 1 + p.ttl % 2), 4ms)};
    });
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops().size(), 30U);
    EXPECT_EQ(rig.done()->end, trace_end::silent);
    EXPECT_LE(rig.now - start_time, 30ms);
}

TEST(path_finder, the_ends_of_what_can_be_asked) {
    for (const auto& [first, last] : {std::pair{255, 255}, std::pair{1, 255}, std::pair{0, 0}, std::pair{9, 3}}) {
        tracer_rig rig(chain{.length = 3});
        rig.start({.destination = target,
                   .first_hop = static_cast<std::uint8_t>(first),
                   .max_hops = static_cast<std::uint8_t>(last),
                   .queries = 0,
                   .retries = 255});
        ASSERT_TRUE(rig.run());
        ASSERT_FALSE(rig.hops().empty());
        EXPECT_EQ(rig.hops().front().ttl, std::max(first, 1));
    }
    tracer_rig rig(chain{.length = 3, .silent = {2}});
    rig.start({.destination = target, .queries = 255, .retries = 255});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.hops()[2].probes.size(), 255U);
}

TEST(path_finder, sends_that_fail_are_told_and_end_it) {
    tracer_rig rig(chain{.length = 3});
    rig.send_fails = [](const sent_probe&) { return std::optional{ENETUNREACH}; };
    rig.start({.destination = target});
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.done()->end, trace_end::failed);
    EXPECT_EQ(rig.done()->error_number, ENETUNREACH);
    EXPECT_LE(rig.now - start_time, 20ms);
    EXPECT_EQ(rig.counts().sent, 0U);
    EXPECT_EQ(rig.counts().send_failed, 30U);
}

TEST(path_finder, no_end_of_rounds_ends_on_request) {
    tracer_rig rig(chain{.length = 4});
    rig.start({.destination = target, .queries = 1, .rounds = 0, .round_interval = 100ms});
    EXPECT_FALSE(rig.run(10s));
    rig.machine.finish_round(1);
    ASSERT_TRUE(rig.run(1s));
    EXPECT_GE(rig.hops().size(), 4U * 99U);
    EXPECT_EQ(rig.done()->end, trace_end::reached);
}

TEST(path_finder, tickets_and_wishes_agree) {
    path_finder finder(start_time, {.destination = target, .max_hops = 4, .queries = 1});
    for (std::uint8_t ttl = 1; ttl <= 4; ++ttl) {
        const auto wish = finder.poll_wish(start_time);
        ASSERT_TRUE(wish);
        EXPECT_EQ(wish->ttl, ttl);
        finder.handle_sent(static_cast<probe_ticket>(ttl - 1), start_time);
    }
    EXPECT_FALSE(finder.poll_wish(start_time));
    finder.stop(start_time);
    for (std::uint32_t i = 0; i < 4; ++i) {
        const auto given = finder.poll_given_up(start_time);
        ASSERT_TRUE(given);
        finder.handle_result(start_time, given->ticket, {.fate = probe_fate::cancelled});
    }
    EXPECT_TRUE(finder.done());
    EXPECT_EQ(finder.end(), trace_end::silent);
}

}  // namespace
}  // namespace sonde::probe::testing
