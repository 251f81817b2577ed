#include <cerrno>
#include <cstdlib>

#include <gtest/gtest.h>

#include <sonde/probe/prober_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

using namespace std::chrono_literals;

TEST(echo_prober, golden_request) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    ASSERT_EQ(ping.bytes.size(), 64U);
    const bytes_view bytes{ping.bytes};
    EXPECT_EQ(load_be<std::uint64_t>(bytes, 0), 0x0800'0000'1234'0001U) << "type, code, no checksum, id, sequence";
    EXPECT_EQ(load_be<std::uint64_t>(bytes, 8), 1U) << "serial number";
    EXPECT_TRUE(token_key({1, 2}).verify(bytes.subspan(8), 56, {1, 0}));
    for (std::size_t i = 16; i < 56; ++i) EXPECT_EQ(bytes[8 + i], static_cast<std::byte>(i));

    EXPECT_EQ(r.ping(2, "2001:db8::1").bytes[0], std::byte{128});
}

TEST(echo_prober, computes_the_checksum_where_the_kernel_does_not) {
    rig r;
    r.prober.add_lane(family::v4, 7, wire::checksum_fill::compute);
    EXPECT_EQ(wire::internet_checksum(r.ping(1, "192.0.2.1").bytes), 0);
}

TEST(echo_prober, a_reply_tells_everything) {
    rig r;
    const auto ping = r.ping(0xdeadbeefcafe, "192.0.2.1");
    r.now += 3ms;
    r.answer(ping);
    const event e = r.only_event();
    EXPECT_EQ(e.kind, event_kind::reply);
    EXPECT_EQ(e.id, 0xdeadbeefcafeU);
    EXPECT_EQ(e.target, address("192.0.2.1"));
    EXPECT_EQ(e.from, address("192.0.2.1"));
    EXPECT_EQ(e.rtt, 3ms);
    EXPECT_EQ(e.clock, clock_source::user);
    EXPECT_EQ(e.size, 64U);
    EXPECT_EQ(e.sequence, 1);
    EXPECT_TRUE(e.has_hop_limit);
    EXPECT_EQ(e.hop_limit, 64);
    EXPECT_FALSE(e.truncated || e.unverified || e.corrupt);
    EXPECT_EQ(r.counts().replied, 1U);
    EXPECT_TRUE(r.counts().adds_up());
    EXPECT_TRUE(r.prober.idle());
}

TEST(echo_prober, says_which_clocks_it_used) {
    rig r;
    auto ping = r.ping(1, "192.0.2.1");
    const time_point sent = r.now;
    r.prober.handle_transmit_timestamp(r.now + 1ms, ping.where, sent + 10us);
    r.now += 5ms;
    r.deliver(ping, rig::reply_to(ping), {}, sent + 2010us);
    event e = r.only_event();
    EXPECT_EQ(e.clock, clock_source::kernel);
    EXPECT_EQ(e.rtt, 2ms);

    ping = r.ping(2, "192.0.2.1");
    r.now += 5ms;
    r.deliver(ping, rig::reply_to(ping), {}, r.now - 1ms);
    e = r.only_event();
    EXPECT_EQ(e.clock, clock_source::kernel_rx);
    EXPECT_EQ(e.rtt, 4ms);
}

TEST(echo_prober, two_transmit_stamps_mean_the_middle_and_a_local_queue_counts) {
    struct stamps {
        duration second;
        duration rtt;
    };
    for (const auto& [second, rtt] : {stamps{4us, 1000us - 2us}, stamps{19us, 1000us - 9500ns}, stamps{800us, 990us}}) {
        rig r;
        const auto ping = r.ping(1, "192.0.2.1");
        const time_point first = r.now + 5us;
        r.now += 2ms;
        r.prober.handle_transmit_timestamp(r.now, ping.where, first);
        r.prober.handle_transmit_timestamp(r.now, ping.where, first + second);
        r.prober.handle_transmit_timestamp(r.now, ping.where, first + 1ms);
        r.deliver(ping, rig::reply_to(ping), {}, first + 1ms);
        const event e = r.only_event();
        EXPECT_EQ(e.rtt, rtt);
        EXPECT_EQ(e.clock, clock_source::kernel);
    }
}

TEST(echo_prober, a_stepped_clock_changes_nothing) {
    for (const duration step : {duration{-1h}, duration{1h}, duration{-4ms}}) {
        rig r;
        const auto ping = r.ping(1, "192.0.2.1");
        r.prober.handle_transmit_timestamp(r.now + 1us, ping.where, r.now + step);
        r.now += 3ms;
        r.deliver(ping, rig::reply_to(ping), {}, r.now + step);
        const event e = r.only_event();
        EXPECT_EQ(e.rtt, 3ms) << step.count();
        EXPECT_EQ(e.clock, clock_source::user);
    }
}

TEST(echo_prober, timeouts_of_10_ms_and_3_h_live_together) {
    rig r;
    const auto patient = r.ping(1, "192.0.2.1", 3h);
    const auto hasty = r.ping(2, "192.0.2.2", 10ms);
    EXPECT_EQ(r.prober.next_timeout(), r.now + 10ms);
    r.advance(10ms);
    event e = r.only_event();
    EXPECT_EQ(e.id, 2U);
    EXPECT_EQ(e.kind, event_kind::timed_out);
    EXPECT_FALSE(e.uncertain);
    r.advance(2h);
    r.answer(patient);
    e = r.only_event();
    EXPECT_EQ(e.id, 1U);
    EXPECT_EQ(e.rtt, 2h + 10ms);
    r.answer(hasty);
    EXPECT_EQ(r.only_event().kind, event_kind::late);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(echo_prober, a_late_reply_is_late_and_its_number_is_not_used_at_once) {
    rig r({.key = {1, 2}, .lanes_per_family = 1});
    const auto first = r.ping(1, "192.0.2.1", 100ms);
    r.advance(100ms);
    EXPECT_EQ(r.only_event().kind, event_kind::timed_out);
    r.now += 200ms;
    r.answer(first);
    const event late = r.only_event();
    EXPECT_EQ(late.kind, event_kind::late);
    EXPECT_EQ(late.id, 1U);
    EXPECT_EQ(late.rtt, 300ms);

    // All other numbers are taken, so the next in turn is the first again, and it rests for a second.
    for (std::uint32_t i = 1; i < sequence_table::capacity; ++i) (void)r.ping(100 + i, "192.0.2.9", 1h);
    r.prober.ping(r.now, {.destination = address("192.0.2.1"), .timeout = 1s}, 2);
    EXPECT_FALSE(r.transmit().has_value());
    const time_point again = r.prober.next_transmit();
    EXPECT_GT(again, r.now);
    EXPECT_LE(again, r.now + 1s);
    r.now = again;
    const auto second = r.transmit().value();
    EXPECT_EQ(second.where.sequence, first.where.sequence);
    r.answer(first);
    EXPECT_TRUE(r.events().empty()) << "the older ping's token is known, and is not the newer one's";
    EXPECT_EQ(r.counts().late, 2U);
    r.answer(second);
    EXPECT_EQ(r.only_event().id, 2U);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(echo_prober, sequence_numbers_go_round) {
    rig r;
    for (std::uint32_t i = 1; i <= 65'540; ++i) {
        const auto ping = r.ping(i, "192.0.2.1");
        ASSERT_EQ(ping.where.sequence, static_cast<std::uint16_t>(i));
        r.now += 100us;
        r.answer(ping);
        ASSERT_EQ(r.only_event().id, i);
    }
    EXPECT_EQ(r.counts().replied, 65'540U);
}

TEST(echo_prober, asks_for_a_further_socket_only_when_the_numbers_are_taken) {
    rig r({.key = {1, 2}, .lanes_per_family = 2});
    std::vector<sent_ping> pings;
    for (std::uint32_t i = 0; i < 2 * sequence_table::capacity; ++i) {
        pings.push_back(r.ping(i, "192.0.2.1", 10s));
        ASSERT_EQ(pings.back().where.lane, i / sequence_table::capacity);
    }
    EXPECT_LE(r.prober.table_bytes(), pings.size() * 64);
    r.prober.ping(r.now, {.destination = address("192.0.2.1")}, 1);
    EXPECT_FALSE(r.transmit().has_value());
    EXPECT_EQ(r.prober.next_transmit(), time_point::max()) << "only an event can make room";
    r.answer(pings[70'000]);
    EXPECT_EQ(r.only_event().id, 70'000U);
    EXPECT_LE(r.prober.next_transmit(), r.now) << "and it has";
    EXPECT_TRUE(r.transmit().has_value());
    EXPECT_EQ(r.counts().pending, 2 * sequence_table::capacity);
}

TEST(echo_prober, without_any_socket_its_pings_fail) {
    rig r;
    r.opens_lanes = false;
    r.prober.ping(r.now, {.destination = address("2001:db8::1")}, 1);
    EXPECT_FALSE(r.transmit().has_value());
    ASSERT_TRUE(r.prober.lane_wanted().has_value());
    EXPECT_EQ(r.prober.lane_wanted()->family, family::v6);
    r.prober.refuse_lane(r.now, *r.prober.lane_wanted(), EAFNOSUPPORT);
    EXPECT_FALSE(r.transmit().has_value());
    const event e = r.only_event();
    EXPECT_EQ(e.kind, event_kind::send_failed);
    EXPECT_EQ(e.error_number, EAFNOSUPPORT);
    r.opens_lanes = true;
    EXPECT_TRUE(r.ping(2, "192.0.2.1").where.sequence == 1) << "the other family goes on";
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(echo_prober, sockets_with_one_source_each_carry_their_own_pings) {
    rig r;
    r.lanes_have_sources = true;
    const auto kernels = r.ping(1, "2001:db8::1");
    const auto bound = r.ping(2, "2001:db8::1", 1s, {.source = address("2001:db8::99")});
    EXPECT_NE(kernels.where.lane, bound.where.lane);
    EXPECT_EQ(r.ping(3, "2001:db8::2").where.lane, kernels.where.lane);
    EXPECT_EQ(r.ping(4, "2001:db8::2", 1s, {.source = address("2001:db8::99")}).where.lane, bound.where.lane);

    r.opens_lanes = false;
    r.prober.ping(r.now, {.destination = address("2001:db8::1"), .profile = {.source = address("2001:db8::bad")}}, 5);
    EXPECT_FALSE(r.transmit().has_value());
    r.prober.refuse_lane(r.now, *r.prober.lane_wanted(), EADDRNOTAVAIL);
    EXPECT_FALSE(r.transmit().has_value());
    const event e = r.only_event();
    EXPECT_EQ(e.id, 5U);
    EXPECT_EQ(e.error_number, EADDRNOTAVAIL);
    EXPECT_EQ(r.ping(6, "2001:db8::1").where.lane, kernels.where.lane) << "the others go on";
}

TEST(echo_prober, more_sources_than_sockets_fail_and_do_not_wait_for_ever) {
    rig r({.key = {1, 2}, .lanes_per_family = 1});
    r.lanes_have_sources = true;
    (void)r.ping(1, "2001:db8::1");
    r.prober.ping(r.now, {.destination = address("2001:db8::1"), .profile = {.source = address("2001:db8::9")}}, 2);
    EXPECT_FALSE(r.transmit().has_value());
    EXPECT_EQ(r.only_event().error_number, EUSERS);
}

TEST(echo_prober, a_refused_socket_is_asked_for_again) {
    rig r;
    r.opens_lanes = false;
    r.prober.ping(r.now, {.destination = address("192.0.2.1")}, 1);
    EXPECT_FALSE(r.transmit().has_value());
    r.prober.refuse_lane(r.now, *r.prober.lane_wanted(), EMFILE);
    EXPECT_FALSE(r.transmit().has_value());
    EXPECT_EQ(r.only_event().error_number, EMFILE);
    r.opens_lanes = true;
    r.now += 1s;
    r.answer(r.ping(2, "192.0.2.1"));
    EXPECT_EQ(r.only_event().kind, event_kind::reply);
}

TEST(echo_prober, many_queued_pings_can_be_cancelled_in_any_order) {
    rig r;
    std::vector<ping_ticket> tickets;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        tickets.push_back(r.prober.ping(r.now, {.destination = address("192.0.2.1")}, i));
    }
    EXPECT_EQ(r.transmit().value().id, 0U);
    for (std::uint64_t i = tickets.size() - 1; i > 1; --i) {
        ASSERT_TRUE(r.prober.cancel(r.now, i, std::nullopt, tickets[i]));
    }
    EXPECT_EQ(r.transmit_all().size(), 0U) << "the events come first";
    EXPECT_EQ(r.events().size(), 99'998U);
    EXPECT_EQ(r.transmit().value().id, 1U);
    EXPECT_FALSE(r.transmit().has_value());
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(echo_prober, a_failed_send_is_its_own_pings_only) {
    rig r;
    const auto a = r.ping(1, "192.0.2.1");
    const auto b = r.ping(2, "192.0.2.2");
    const auto c = r.ping(3, "192.0.2.3");
    r.prober.handle_send_failure(r.now, a.where, ENETUNREACH);
    r.prober.handle_send_failure(r.now, b.where, ENOBUFS);
    r.prober.handle_send_failure(r.now, {.lane = 9, .sequence = 9}, EPERM);
    auto all = r.events();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].kind, event_kind::send_failed);
    EXPECT_EQ(all[0].error_number, ENETUNREACH);
    EXPECT_EQ(all[1].kind, event_kind::local_drop);
    r.answer(c);
    EXPECT_EQ(r.only_event().id, 3U);
    const auto counts = r.counts();
    EXPECT_EQ(counts.sent, 1U);
    EXPECT_EQ(counts.send_failed, 2U);
    EXPECT_EQ(counts.local_drop, 1U);
    EXPECT_TRUE(counts.adds_up());
}

TEST(echo_prober, cancelling_frees_the_number_and_ends_the_ping_once) {
    rig r;
    const auto flying = r.ping(1, "192.0.2.1");
    const auto ticket = r.prober.ping(r.now, {.destination = address("192.0.2.2")}, 2);
    EXPECT_FALSE(r.prober.cancel(r.now, 3, std::nullopt, ticket)) << "another's";
    EXPECT_TRUE(r.prober.cancel(r.now, 2, std::nullopt, ticket));
    EXPECT_FALSE(r.prober.cancel(r.now, 2, std::nullopt, ticket));
    EXPECT_FALSE(r.prober.cancel(r.now, 99, flying.where)) << "another's";
    EXPECT_TRUE(r.prober.cancel(r.now, 1, flying.where));
    EXPECT_FALSE(r.prober.cancel(r.now, 1, flying.where));
    const auto all = r.events();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].kind, event_kind::cancelled);
    EXPECT_EQ(all[1].kind, event_kind::cancelled);
    EXPECT_TRUE(r.prober.idle());
    r.answer(flying);
    EXPECT_EQ(r.only_event().kind, event_kind::late);
    const auto counts = r.counts();
    EXPECT_EQ(counts.cancelled, 1U);
    EXPECT_EQ(counts.skipped, 1U);
    EXPECT_TRUE(counts.adds_up());
}

TEST(echo_prober, closing_ends_everything) {
    rig r;
    (void)r.ping(1, "192.0.2.1");
    (void)r.ping(2, "2001:db8::1");
    r.prober.ping(r.now, {.destination = address("192.0.2.2")}, 3);
    (void)r.prober.add_target(r.now, {.destination = address("192.0.2.3")});
    r.prober.close(r.now);
    const auto all = r.events();
    ASSERT_EQ(all.size(), 3U);
    for (const auto& e : all) EXPECT_EQ(e.kind, event_kind::closed);
    EXPECT_TRUE(r.prober.idle());
    EXPECT_FALSE(r.transmit().has_value());
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(echo_prober, a_kernel_drop_makes_a_timeout_uncertain_but_not_the_next) {
    rig r;
    (void)r.ping(1, "192.0.2.1", 100ms);
    r.now += 50ms;
    r.prober.handle_kernel_drops(r.now, 3);
    r.advance(50ms);
    EXPECT_TRUE(r.only_event().uncertain);
    (void)r.ping(2, "192.0.2.1", 100ms);
    r.advance(100ms);
    EXPECT_FALSE(r.only_event().uncertain);
    EXPECT_EQ(r.counts().kernel_drops, 3U);
    EXPECT_EQ(r.counts().uncertain, 1U);
    EXPECT_EQ(r.counts().timed_out, 2U);
}

TEST(echo_prober, in_flight_limit_and_pace_hold_pings_back) {
    rig r({.key = {1, 2}, .rate = 100, .burst = 1, .in_flight = 2});
    for (std::uint64_t i = 0; i < 4; ++i) r.prober.ping(r.now, {.destination = address("192.0.2.1"), .timeout = 1s}, i);
    const auto first = r.transmit_all();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(r.prober.next_transmit(), r.now + 10ms);
    r.now += 10ms;
    ASSERT_EQ(r.transmit_all().size(), 1U);
    r.now += 10ms;
    EXPECT_TRUE(r.transmit_all().empty());
    EXPECT_EQ(r.prober.next_transmit(), time_point::max());
    r.answer(first[0]);
    EXPECT_EQ(r.transmit_all().size(), 1U);
}

TEST(echo_prober, the_budget_ends_targets_and_queue) {
    rig r({.key = {1, 2}, .budget = 3});
    (void)r.prober.add_target(r.now, {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 100ms});
    for (int i = 0; i < 20; ++i) {
        for (const auto& ping : r.transmit_all()) r.answer(ping);
        r.now += 100ms;
    }
    EXPECT_EQ(r.counts().sent, 3U);
    EXPECT_TRUE(r.prober.idle());
    (void)r.prober.ping(r.now, {.destination = address("192.0.2.1")}, 77);
    EXPECT_FALSE(r.transmit().has_value());
    const auto all = r.events();
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all.back().kind, event_kind::cancelled);
    EXPECT_EQ(all.back().id, 77U);
    EXPECT_TRUE(r.counts().adds_up());
}

}  // namespace
}  // namespace sonde::probe::testing
