// Whose answer is it? The strangers of the field, one test each.
#include <gtest/gtest.h>

#include <sonde/probe/prober_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t unreachable = 3;
constexpr std::uint8_t host_unreachable = 1;
constexpr std::uint8_t source_quench = 4;

std::vector<std::byte> zeroed(const sent_ping& ping) {
    auto bytes = rig::reply_to(ping);
    std::fill(bytes.begin() + 8, bytes.end(), std::byte{0});
    return bytes;
}

TEST(whose_answer, a_second_one_is_a_duplicate_and_as_many_as_there_are) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::reply);
    for (int i = 0; i < 100; ++i) {
        r.answer(ping);
        ASSERT_EQ(r.only_event().kind, event_kind::duplicate);
    }
    EXPECT_EQ(r.counts().duplicate, 100U);
    EXPECT_EQ(r.counts().replied, 1U);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(whose_answer, another_address_is_not_the_one_asked) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    r.deliver(ping, rig::reply_to(ping), address("192.0.2.66"));
    const event notice = r.only_event();
    EXPECT_EQ(notice.kind, event_kind::wrong_source);
    EXPECT_EQ(notice.from, address("192.0.2.66"));
    r.deliver(ping, zeroed(ping), address("192.0.2.66"));
    EXPECT_TRUE(r.events().empty()) << "a stranger without our token is not worth a line";
    EXPECT_EQ(r.counts().rejected_source, 2U);
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::reply);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(whose_answer, an_ipv6_anycast_address_answers_from_another) {
    rig r;
    const auto ping = r.ping(1, "2001:db8::1");
    r.deliver(ping, zeroed(ping), address("2001:db8::2"));
    EXPECT_TRUE(r.events().empty());
    r.deliver(ping, rig::reply_to(ping), address("2001:db8::2"));
    const event e = r.only_event();
    EXPECT_EQ(e.kind, event_kind::reply);
    EXPECT_EQ(e.answer, answer_kind::anycast);
    EXPECT_EQ(e.from, address("2001:db8::2"));
}

TEST(whose_answer, a_group_answers_from_many_addresses) {
    for (const char* group : {"224.0.0.1", "ff02::1", "192.0.2.255"}) {
        rig r;
        const bool broadcast = std::string_view(group) == "192.0.2.255";
        const auto ping = r.ping(1, group, 1s, {.broadcast = broadcast});
        const auto member = [&](int i) {
            return ping.to.is_v4() ? ip_address::v4(0xc0000200U + static_cast<unsigned>(i)) : address("fe80::7");
        };
        r.deliver(ping, rig::reply_to(ping), member(1));
        const event first = r.only_event();
        EXPECT_EQ(first.kind, event_kind::reply);
        EXPECT_EQ(first.answer, broadcast ? answer_kind::broadcast : answer_kind::multicast);
        r.deliver(ping, rig::reply_to(ping), member(2));
        EXPECT_EQ(r.only_event().kind, event_kind::duplicate);
    }
}

TEST(whose_answer, truncation_at_every_length) {
    for (std::size_t size = 0; size < 64; ++size) {
        rig r;
        const auto ping = r.ping(1, "192.0.2.1");
        r.deliver(ping, bytes_view{rig::reply_to(ping)}.first(size));
        r.advance(1s);
        const auto all = r.events();
        EXPECT_TRUE(r.counts().adds_up()) << size;
        if (size < 8) {
            ASSERT_EQ(all.size(), 1U) << size;
            EXPECT_EQ(all[0].kind, event_kind::timed_out);
            EXPECT_EQ(r.counts().rejected_malformed, 1U);
            continue;
        }
        ASSERT_EQ(all.size(), 1U) << size;
        EXPECT_EQ(all[0].kind, event_kind::reply);
        EXPECT_TRUE(all[0].truncated) << size;
        EXPECT_EQ(all[0].unverified, size < 24) << size;
        EXPECT_EQ(all[0].rtt, duration::zero()) << "the waiting is not part of the time";
    }
}

TEST(whose_answer, each_changed_byte_is_found) {
    for (std::size_t i = 0; i < 56; ++i) {
        rig r;
        const auto ping = r.ping(1, "192.0.2.1");
        auto bytes = rig::reply_to(ping);
        const auto right = std::to_integer<std::uint8_t>(bytes[8 + i]);
        bytes[8 + i] ^= std::byte{0x40};
        r.deliver(ping, bytes);
        r.advance(1s);
        const event e = r.only_event();
        ASSERT_TRUE(e.corrupt) << i;
        EXPECT_EQ(e.corrupt->offset, i);
        EXPECT_EQ(e.corrupt->expected, right);
        EXPECT_EQ(e.corrupt->actual, right ^ 0x40);
        EXPECT_EQ(e.unverified, i < 16) << i;
        EXPECT_EQ(r.counts().corrupt, 1U);
    }
}

TEST(whose_answer, a_responder_that_zeroes_the_payload_is_shown_byte_16) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    r.deliver(ping, zeroed(ping));
    EXPECT_TRUE(r.events().empty()) << "the right one may still come";
    r.advance(1s);
    const event e = r.only_event();
    EXPECT_EQ(e.kind, event_kind::reply);
    EXPECT_EQ(e.corrupt->offset, 16U);
    EXPECT_EQ(e.corrupt->expected, 0x10);
    EXPECT_EQ(e.corrupt->actual, 0);
}

TEST(whose_answer, an_answer_without_the_token_yields_to_the_right_one) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    for (int i = 0; i < 10; ++i) r.deliver(ping, zeroed(ping));
    r.advance(500ms);
    r.answer(ping);
    const event e = r.only_event();
    EXPECT_EQ(e.kind, event_kind::reply);
    EXPECT_EQ(e.rtt, 500ms);
    EXPECT_FALSE(e.corrupt || e.unverified);
    EXPECT_EQ(r.counts().rejected_token, 10U);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(whose_answer, an_icmp_error_wins_over_an_answer_without_the_token) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    r.deliver(ping, zeroed(ping));
    r.report_error(ping, unreachable, host_unreachable, 64);
    EXPECT_EQ(r.only_event().kind, event_kind::icmp_error);
    EXPECT_EQ(r.counts().rejected_token, 1U);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(whose_answer, a_target_that_never_sends_the_token_back_is_not_waited_for_each_time) {
    rig r;
    (void)r.prober.add_target(r.now, {.destination = address("192.0.2.1"), .timeout = 2s, .interval = 5s});
    sent_ping ping;
    for (const duration wait : {duration{2s}, duration{100ms}, duration{100ms}}) {
        r.now = std::max(r.now, r.prober.next_transmit());
        ping = r.transmit().value();
        r.deliver(ping, zeroed(ping));
        r.advance(wait - 1ms);
        EXPECT_TRUE(r.events().empty());
        r.advance(1ms);
        EXPECT_EQ(r.only_event().kind, event_kind::reply);
    }
    r.now = r.prober.next_transmit();
    r.answer(r.transmit().value());
    EXPECT_FALSE(r.only_event().unverified);
    r.now = r.prober.next_transmit();
    ping = r.transmit().value();
    r.deliver(ping, zeroed(ping));
    r.advance(1s);
    EXPECT_TRUE(r.events().empty()) << "it does send it back, so the right one may come";
}

TEST(whose_answer, payloads_too_small_for_a_token_match_by_address_and_sequence) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1", 1s, {.payload_size = 7});
    r.answer(ping);
    const event e = r.only_event();
    EXPECT_EQ(e.kind, event_kind::reply);
    EXPECT_TRUE(e.unverified);
    EXPECT_FALSE(e.corrupt || e.truncated);
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::duplicate);
    const auto silent = r.ping(2, "192.0.2.1", 1s, {.payload_size = 0});
    r.advance(1s);
    EXPECT_EQ(r.only_event().kind, event_kind::timed_out);
    r.answer(silent);
    EXPECT_EQ(r.only_event().kind, event_kind::late);
}

TEST(whose_answer, what_is_not_ours) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    auto bytes = ping.bytes;
    r.deliver(ping, bytes);  // our own request, as loopback shows it to a raw socket
    bytes = rig::reply_to(ping);
    bytes[5] ^= std::byte{1};  // another identifier
    r.deliver(ping, bytes);
    bytes = rig::reply_to(ping);
    store_be<std::uint16_t>(bytes, 6, 65'535);  // a sequence number that nobody used
    r.deliver(ping, bytes);
    bytes[0] = std::byte{13};
    r.deliver(ping, bytes);
    EXPECT_EQ(r.counts().not_ours, 4U);
    EXPECT_TRUE(r.events().empty());
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::reply);
}

TEST(whose_answer, a_wrong_checksum_is_told_and_does_not_count) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    const auto bytes = rig::reply_to(ping);
    r.prober.handle_datagram(r.now,
                             {.lane = 0,
                              .from = ping.to,
                              .received_at = {},
                              .hop_limit = {},
                              .full_size = 64,
                              .checksum = wire::checksum_check::verify},
                             bytes);
    EXPECT_EQ(r.only_event().kind, event_kind::damaged);
    EXPECT_EQ(r.counts().rejected_checksum, 1U);
    EXPECT_EQ(r.counts().pending, 1U);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(whose_answer, duplicates_are_counted_while_a_ping_lingers) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1", 1s, {.linger = 300ms});
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::reply);
    EXPECT_EQ(r.counts().pending, 0U);
    r.now += 100ms;
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::duplicate);
    r.advance(200ms);
    EXPECT_EQ(r.only_event().kind, event_kind::settled);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(icmp_errors, are_credited_with_as_little_as_eight_quoted_bytes) {
    for (std::size_t quoted = 0; quoted <= 64; ++quoted) {
        rig r;
        const auto other = r.ping(1, "192.0.2.1");
        const auto ping = r.ping(2, "192.0.2.2");
        r.now += 2ms;
        r.report_error(ping, unreachable, host_unreachable, quoted);
        if (quoted < 8) {
            EXPECT_TRUE(r.events().empty());
            EXPECT_EQ(r.counts().rejected_malformed, 1U);
            continue;
        }
        const event e = r.only_event();
        EXPECT_EQ(e.kind, event_kind::icmp_error) << quoted;
        EXPECT_EQ(e.id, 2U);
        EXPECT_EQ(e.icmp_type, unreachable);
        EXPECT_EQ(e.icmp_code, host_unreachable);
        EXPECT_EQ(e.from, address("192.0.2.254"));
        EXPECT_EQ(e.rtt, 2ms);
        r.answer(other);
        EXPECT_EQ(r.only_event().id, 1U) << "and disturb no other ping";
        EXPECT_TRUE(r.counts().adds_up());
    }
}

TEST(icmp_errors, about_somebody_elses_ping_are_not_believed) {
    rig r;
    auto ping = r.ping(1, "192.0.2.1");
    auto foreign = ping;
    foreign.bytes[8 + 9] ^= std::byte{1};
    r.report_error(foreign, unreachable, host_unreachable, 64);
    EXPECT_EQ(r.counts().rejected_token, 1U);
    foreign = ping;
    foreign.to = address("192.0.2.2");
    r.report_error(foreign, unreachable, host_unreachable, 64);
    EXPECT_EQ(r.counts().rejected_source, 1U);
    foreign = ping;
    foreign.bytes[4] ^= std::byte{1};
    r.report_error(foreign, unreachable, host_unreachable, 64);
    EXPECT_EQ(r.counts().not_ours, 1U);
    EXPECT_TRUE(r.events().empty());
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::reply);
    r.report_error(ping, unreachable, host_unreachable, 64);
    EXPECT_EQ(r.counts().late, 1U) << "an error after the reply changes nothing";
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(icmp_errors, advice_does_not_end_a_ping) {
    rig r;
    const auto ping = r.ping(1, "192.0.2.1");
    r.report_error(ping, source_quench, 0, 64);
    EXPECT_EQ(r.only_event().kind, event_kind::advice);
    r.answer(ping);
    EXPECT_EQ(r.only_event().kind, event_kind::reply);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(targets, are_pinged_at_their_own_intervals_and_counts) {
    rig r;
    const auto slow =
        r.prober.add_target(r.now, {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 1s, .count = 3});
    const auto fast = r.prober.add_target(
        r.now,
        {.destination = address("192.0.2.2"), .timeout = 1s, .interval = 100ms, .first_after = 50ms, .count = 20});
    std::vector<std::uint32_t> ordinals[2];
    while (!r.prober.idle()) {
        r.now = std::max(r.now, r.prober.next_transmit());
        for (const auto& ping : r.transmit_all()) {
            ASSERT_TRUE(ping.series);
            ordinals[series_target(ping.id)].push_back(series_ordinal(ping.id));
            r.answer(ping);
        }
    }
    ASSERT_EQ(ordinals[slow].size(), 3U);
    ASSERT_EQ(ordinals[fast].size(), 20U);
    for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(ordinals[fast][i], i + 1);
    EXPECT_EQ(r.now, time_point{1000s} + 2s);
    EXPECT_EQ(r.prober.target_progress(slow).sent, 3U);
}

TEST(targets, know_what_is_pending) {
    rig r;
    (void)r.prober.add_target(r.now,
                              {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 100ms, .count = 3});
    const auto first = r.transmit().value();
    r.now += 100ms;
    (void)r.transmit().value();
    EXPECT_EQ(r.prober.target_progress(0).sent, 2U);
    EXPECT_EQ(r.prober.target_progress(0).pending, 2U);
    r.answer(first);
    EXPECT_EQ(r.prober.target_progress(0).pending, 1U);
    r.now += 100ms;
    r.prober.handle_send_failure(r.now, r.transmit().value().where, 1);
    EXPECT_EQ(r.prober.target_progress(0).sent, 2U);
    r.advance(1s);
    EXPECT_EQ(r.prober.target_progress(0).pending, 0U);
}

TEST(targets, keep_their_profile_while_others_come_and_go) {
    rig r;
    (void)r.prober.add_target(
        r.now, {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 1s, .profile = {.payload_size = 99}});
    EXPECT_EQ(r.transmit().value().bytes.size(), 107U);
    r.advance(999ms);
    for (std::uint32_t i = 1; i < 500; ++i) r.answer(r.ping(i, "192.0.2.2", 1s, {.interface = i}));
    r.advance(1ms);
    EXPECT_EQ(r.transmit().value().bytes.size(), 107U);
}

TEST(targets, a_machine_that_slept_does_not_catch_up) {
    rig r;
    (void)r.prober.add_target(r.now, {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 1s});
    ASSERT_EQ(r.transmit_all().size(), 1U);
    r.now += 1h;
    EXPECT_LE(r.transmit_all().size(), 2U);
    EXPECT_NEAR(static_cast<double>(r.counts().skipped), 3599, 1);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(targets, short_intervals_bear_a_late_wake_up) {
    rig r;
    (void)r.prober.add_target(r.now, {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 500us});
    (void)r.transmit_all();
    r.now += 20ms;
    EXPECT_EQ(r.transmit_all().size(), 40U) << "none is skipped for a few milliseconds";
    EXPECT_EQ(r.counts().skipped, 0U);
}

TEST(targets, an_eager_one_does_not_spin_on_failing_sends) {
    rig r;
    (void)r.prober.add_target(
        r.now, {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 10ms, .eager = duration{0}});
    r.prober.handle_send_failure(r.now, r.transmit().value().where, 1);
    EXPECT_EQ(r.prober.next_transmit(), r.now + 10ms);
}

TEST(targets, an_eager_one_goes_on_when_the_reply_comes) {
    rig r;
    (void)r.prober.add_target(
        r.now, {.destination = address("192.0.2.1"), .timeout = 1s, .interval = 10s, .eager = duration{2ms}});
    auto ping = r.transmit().value();
    r.now += 500us;
    r.answer(ping);
    EXPECT_EQ(r.prober.next_transmit(), time_point{1000s} + 2ms);
    r.now = r.prober.next_transmit();
    ping = r.transmit().value();
    r.now += 3ms;
    r.answer(ping);
    EXPECT_LE(r.prober.next_transmit(), r.now);
}

}  // namespace
}  // namespace sonde::probe::testing
