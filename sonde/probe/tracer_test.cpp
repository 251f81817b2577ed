#include <cerrno>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include <sonde/probe/tracer_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

const ip_address target4 = ip("203.0.113.80");
const ip_address target6 = ip("2001:db8:ffff::80");

/// Family, method, and whether errors come as whole packets.
using way = std::tuple<family, trace_method, bool>;

class tracer_ways : public ::testing::TestWithParam<way> {
protected:
    ip_address target() const { return std::get<0>(GetParam()) == family::v4 ? target4 : target6; }
    trace_options asking() const { return {.destination = target(), .method = std::get<1>(GetParam())}; }
    tracer_rig rig_with(test_network n, tracer_options options = {.key = {3, 4}, .rate = 0}) const {
        tracer_rig rig(std::move(n), options);
        rig.whole_packets = std::get<2>(GetParam());
        return rig;
    }
};

INSTANTIATE_TEST_SUITE_P(all, tracer_ways,
                         ::testing::Combine(::testing::Values(family::v4, family::v6),
                                            ::testing::Values(trace_method::udp, trace_method::icmp, trace_method::tcp),
                                            ::testing::Bool()));

TEST_P(tracer_ways, a_clean_path_is_found_with_all_its_queries) {
    tracer_rig rig = rig_with(chain{.length = 8});
    rig.start(asking());
    ASSERT_TRUE(rig.run());
    const auto hops = rig.hops();
    ASSERT_EQ(hops.size(), 8U);
    for (std::size_t i = 0; i < hops.size(); ++i) {
        EXPECT_EQ(hops[i].ttl, i + 1);
        ASSERT_EQ(hops[i].probes.size(), 3U);
        for (const probe_result& p : hops[i].probes) {
            ASSERT_EQ(p.fate, probe_fate::answered);
            EXPECT_EQ(p.answer.rtt, 1ms * (i + 1));
            EXPECT_FALSE(p.answer.nat);
            EXPECT_FALSE(p.answer.inferred);
            EXPECT_EQ(p.answer.kind, i == 7 ? answer_from::destination : answer_from::hop);
            EXPECT_EQ(p.answer.from,
                      i == 7 ? target() : chain::router(target().family(), static_cast<unsigned>(i + 1)));
        }
    }
    ASSERT_NE(rig.done(), nullptr);
    EXPECT_EQ(rig.done()->end, trace_end::reached);
    EXPECT_LE(rig.now - time_point{1000s}, 16ms);  // twice the way and no wait
    EXPECT_EQ(rig.counts().pending, 0U);
    EXPECT_EQ(rig.counts().replied + rig.counts().icmp_error, 24U);
}

TEST_P(tracer_ways, a_hop_that_is_silent_costs_one_wait_and_is_asked_again) {
    tracer_rig rig = rig_with(chain{.length = 20, .silent = {3, 9, 14}});
    rig.start(asking());
    ASSERT_TRUE(rig.run());
    const auto hops = rig.hops();
    ASSERT_EQ(hops.size(), 20U);
    EXPECT_LE(rig.now - time_point{1000s}, 20ms + 200ms);
    EXPECT_EQ(hops[2].probes.size(), 4U);
    for (const probe_result& p : hops[2].probes) EXPECT_EQ(p.fate, probe_fate::timed_out);
    EXPECT_EQ(rig.done()->end, trace_end::reached);
}

TEST_P(tracer_ways, a_target_that_is_silent_costs_one_tail) {
    tracer_rig rig = rig_with(chain{.length = 12, .target_silent = true});
    rig.start(asking());
    ASSERT_TRUE(rig.run());
    EXPECT_LE(rig.now - time_point{1000s}, 11ms + 1s + 30ms);
    EXPECT_EQ(rig.done()->end, trace_end::silent);
    EXPECT_EQ(rig.hops().size(), 30U);
    EXPECT_EQ(rig.hops()[10].probes.size(), 3U);
}

TEST_P(tracer_ways, an_unreachable_ends_the_way) {
    tracer_rig rig = rig_with([](const sent_probe& p) -> std::vector<reaction> {
        const auto from = chain::router(p.destination.family(), std::min<unsigned>(p.ttl, 5));
        if (p.ttl < 6) return {time_exceeded(p, from, 5ms)};
        return {unreachable(p, from, 8ms, 1)};
    });
    rig.start(asking());
    ASSERT_TRUE(rig.run());
    ASSERT_EQ(rig.hops().size(), 6U);
    EXPECT_EQ(rig.hops()[5].probes.front().answer.kind, answer_from::unreachable);
    EXPECT_EQ(rig.done()->end, trace_end::unreachable);
}

trace_options udp_to(const ip_address& destination) {
    return {.destination = destination};
}

TEST(tracer, a_thousand_traces_share_a_socket) {
    tracer_rig rig(chain{.length = 8, .step = 2ms, .silent = {3}}, {.key = {3, 4}, .rate = 10000});
    rig.keep_sent = false;
    for (std::uint64_t id = 0; id < 1000; ++id) {
        rig.start(udp_to(ip_address::v4(0xc6120000U + static_cast<std::uint32_t>(id / 2))), id);  // pairs of one target
    }
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.lanes.size(), 1U);
    std::size_t reached = 0;
    std::uint64_t right = 0;
    for (const trace_event& e : rig.events) {
        if (e.kind == trace_event_kind::done) reached += e.end == trace_end::reached ? 1U : 0U;
        if (e.kind != trace_event_kind::probe || e.result.fate != probe_fate::answered) continue;
        const auto from = e.result.ttl < 8 ? chain::router(family::v4, e.result.ttl)
                                           : ip_address::v4(0xc6120000U + static_cast<std::uint32_t>(e.id / 2));
        ASSERT_EQ(e.result.answer.from, from);
        ++right;
    }
    EXPECT_EQ(reached, 1000U);
    EXPECT_GE(right, 1000U * 21U);
    EXPECT_EQ(rig.counts().pending, 0U);
}

TEST(tracer, a_trace_is_cancelled_at_any_moment) {
    for (const duration after : std::initializer_list<duration>{0us, 500us, 3ms, 8ms, 40ms, 150ms}) {
        tracer_rig rig(chain{.length = 12, .silent = {4}});
        rig.start(udp_to(target4), 1);
        rig.start(udp_to(target6), 2);
        if (after > 0us) (void)rig.run(after);
        const bool running = rig.done(1) == nullptr;
        EXPECT_EQ(rig.machine.cancel(rig.now, 1), running);
        EXPECT_FALSE(rig.machine.cancel(rig.now, 1));
        EXPECT_EQ(rig.machine.accounting(1).has_value(), running);
        if (running) {
            EXPECT_TRUE(rig.machine.accounting(1)->adds_up());
        }
        ASSERT_TRUE(rig.run());
        EXPECT_EQ(rig.done(1)->end, running ? trace_end::cancelled : trace_end::reached);
        EXPECT_EQ(rig.done(2)->end, trace_end::reached);
        EXPECT_FALSE(rig.machine.accounting(1));
        EXPECT_EQ(rig.counts().pending, 0U);
    }
}

TEST(tracer, close_ends_everything_with_closed) {
    tracer_rig rig(chain{.length = 12});
    for (std::uint64_t id = 0; id < 5; ++id) rig.start(udp_to(target4), id);
    EXPECT_FALSE(rig.run(3ms));
    rig.machine.close(rig.now);
    EXPECT_TRUE(rig.machine.idle());
    rig.take_events();
    for (std::uint64_t id = 0; id < 5; ++id) EXPECT_EQ(rig.done(id)->end, trace_end::closed);
    EXPECT_EQ(rig.counts().pending, 0U);
    EXPECT_EQ(rig.machine.next_deadline(), time_point::max());
}

TEST(tracer, a_socket_that_is_refused_fails_its_probes) {
    tracer_rig rig(chain{.length = 4});
    rig.refuses = [](const lane_wish& w) { return w.kind == lane_kind::icmp ? std::optional{EACCES} : std::nullopt; };
    rig.start({.destination = target4, .method = trace_method::icmp}, 1);
    rig.start({.destination = target4, .method = trace_method::udp}, 2);
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.done(1)->end, trace_end::failed);
    EXPECT_EQ(rig.done(1)->error_number, EACCES);
    EXPECT_EQ(rig.done(2)->end, trace_end::reached);
}

TEST(tracer, sources_and_interfaces_have_their_own_sockets) {
    tracer_rig rig(chain{.length = 3});
    rig.start({.destination = target4}, 1);
    rig.start({.destination = target4, .source = tracer_rig::own(family::v4)}, 2);
    rig.start({.destination = target4, .interface = 7}, 3);
    rig.start({.destination = target6}, 4);
    rig.start({.destination = target4, .method = trace_method::icmp}, 5);
    rig.start({.destination = target4, .interface = 7}, 6);
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.lanes.size(), 5U);
    for (std::uint64_t id = 1; id <= 6; ++id) EXPECT_EQ(rig.done(id)->end, trace_end::reached) << id;
}

TEST(tracer, a_send_that_fails_in_the_middle_is_one_probe) {
    tracer_rig rig(chain{.length = 5});
    rig.send_fails = [n = 0](const sent_probe&) mutable { return ++n == 3 ? std::optional{ENOBUFS} : std::nullopt; };
    rig.start(udp_to(target4));
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.done()->end, trace_end::reached);
    EXPECT_EQ(rig.counts().send_failed, 1U);
    EXPECT_EQ(rig.counts().local_drop, 1U);
    EXPECT_EQ(rig.hops()[2].probes.front().fate, probe_fate::send_failed);
    EXPECT_EQ(rig.hops()[2].probes.front().error_number, ENOBUFS);
}

TEST(tracer, what_the_kernel_dropped_makes_silence_uncertain) {
    tracer_rig rig(chain{.length = 5, .silent = {2}});
    rig.start({.destination = target4, .queries = 1, .retries = 0});
    EXPECT_FALSE(rig.run(2ms));
    rig.machine.handle_kernel_drops(rig.now, 3);
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(rig.counts().kernel_drops, 3U);
    EXPECT_EQ(rig.counts().uncertain, 1U);
    EXPECT_TRUE(rig.hops()[1].probes.front().uncertain);
}

TEST(tracer, the_kernels_stamps_make_the_round_trip_time) {
    tracer machine({.key = {1, 2}, .rate = 0});
    time_point now{1000s};
    std::vector<std::byte> buffer(machine.largest_datagram());
    machine.start(now, {.destination = target4, .method = trace_method::icmp, .max_hops = 1, .queries = 1}, 1);
    EXPECT_FALSE(machine.poll_transmit(now, buffer));
    ASSERT_TRUE(machine.lane_wanted());
    const auto wish = *machine.lane_wanted();
    machine.add_lane(wish, {.identifier = 7, .computes_checksum = true});
    const auto t = machine.poll_transmit(now, buffer);
    ASSERT_TRUE(t);
    const probe_place where = t->where;
    std::vector<std::byte> reply(t->datagram.begin(), t->datagram.end());
    reply[0] = std::byte{0};
    store_be<std::uint16_t>(reply, 2, 0);
    store_be(bytes_span{reply}, 2, wire::internet_checksum(reply));
    now += 10ms;
    machine.handle_transmit_timestamp(now, where, now + 1s);  // the clock stepped
    machine.handle_transmit_timestamp(now, where, now - 9ms);
    machine.handle_transmit_timestamp(now, where, now - 9ms + 10us);
    machine.handle_packet(now, 0, {.from = target4, .protocol = 1, .hop_limit = {}, .received_at = now - 1ms}, reply);
    const auto e = machine.poll_event();
    ASSERT_TRUE(e);
    EXPECT_EQ(e->result.answer.rtt, 8ms - 5us);
    EXPECT_EQ(e->result.answer.clock, clock_source::kernel);
}

TEST(tracer, no_more_are_out_than_allowed) {
    std::size_t most = 0;
    tracer_rig rig(chain{.length = 9, .step = 3ms}, {.key = {3, 4}, .rate = 0, .in_flight = 4});
    rig.network = [&](const sent_probe& p) {
        most = std::max(most, static_cast<std::size_t>(rig.counts().pending));
        return chain{.length = 9, .step = 3ms}(p);
    };
    rig.start(udp_to(target4));
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(most, 4U);
    EXPECT_EQ(rig.hops().size(), 9U);
}

TEST(tracer, the_rate_is_over_all_traces) {
    tracer_rig rig(chain{.length = 4}, {.key = {3, 4}, .rate = 500, .burst = 1});
    for (std::uint64_t id = 0; id < 20; ++id)
        rig.start(udp_to(ip_address::v4(0xc6120000U + static_cast<std::uint32_t>(id))), id);
    ASSERT_TRUE(rig.run());
    for (std::size_t i = 1; i < rig.sent.size(); ++i) EXPECT_GE(rig.sent[i].at - rig.sent[i - 1].at, 2ms);
    // In turn: nobody waits until others are done.
    std::set<std::uint64_t> first;
    for (std::size_t i = 0; i < 22; ++i) first.insert(rig.sent[i].trace);
    EXPECT_EQ(first.size(), 20U);
}

TEST(tracer, the_accounting_of_a_trace_is_its_own) {
    tracer_rig rig(chain{.length = 4});
    rig.start({.destination = target4, .max_hops = 4}, 1);
    rig.start({.destination = target6, .max_hops = 4, .queries = 1}, 2);
    EXPECT_FALSE(rig.run(3ms));
    const auto one = rig.machine.accounting(1);
    const auto two = rig.machine.accounting(2);
    ASSERT_TRUE(one && two);
    EXPECT_TRUE(one->adds_up());
    EXPECT_TRUE(two->adds_up());
    EXPECT_EQ(one->sent + two->sent, rig.counts().sent);
    EXPECT_EQ(one->matched + two->matched, rig.counts().matched);
    EXPECT_FALSE(rig.machine.accounting(3));
}

}  // namespace
}  // namespace sonde::probe::testing
