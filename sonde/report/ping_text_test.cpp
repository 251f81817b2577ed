#include <cerrno>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <sonde/report/ping_text.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;
using probe::event_kind;

constexpr wall_time moment{1'700'000'000'123'456'789ns};

ip_address address(std::string_view text) {
    return ip_address::parse(text).value();
}

probe::event event_of(event_kind kind, std::string_view from = "127.0.0.1", duration rtt = 31us) {
    probe::event event;
    event.kind = kind;
    event.has_hop_limit = true;
    event.hop_limit = 64;
    event.series = true;
    event.id = probe::series_id(0, 1);
    event.sequence = 777;
    event.size = 64;
    event.target = address("127.0.0.1");
    event.from = address(from);
    event.rtt = rtt;
    return event;
}

std::string line(const probe::event& event, ping_text_options options = {}, std::string_view name = {}) {
    std::string out;
    ping_text{options}.event(out, {{"localhost", address("127.0.0.1")}, event, moment, name});
    return out;
}

std::string header(std::string_view label, std::string_view target, const ping_header& details) {
    std::string out;
    ping_text{{}}.header(out, {label, address(target)}, details);
    return out;
}

std::string statistics(const stats::tally& tally, const ping_run& run, ping_text_options options = {}) {
    std::string out;
    ping_text{options}.statistics(out, "127.0.0.1", tally, run);
    return out;
}

stats::tally three_replies() {
    stats::tally tally;
    for (const auto rtt : {31us, 40us, 34us}) {
        tally.on_sent();
        tally.on_reply(rtt);
    }
    return tally;
}

TEST(ping_text, headers) {
    EXPECT_EQ(header("127.0.0.1", "127.0.0.1", {}), "PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.\n");
    EXPECT_EQ(header("::1", "::1", {}), "PING ::1(::1) 56 data bytes\n");
    EXPECT_EQ(header("localhost", "::1", {.address_name = "localhost"}),
              "PING localhost(localhost (::1)) 56 data bytes\n");
    EXPECT_EQ(header("127.0.0.1", "127.0.0.1", {.payload = 4, .source = address("127.0.0.1"), .interface = "lo"}),
              "PING 127.0.0.1 (127.0.0.1) from 127.0.0.1 lo: 4(32) bytes of data.\n");
    EXPECT_EQ(header("127.0.0.1", "127.0.0.1", {.source = address("127.0.0.2")}),
              "PING 127.0.0.1 (127.0.0.1) from 127.0.0.2 : 56(84) bytes of data.\n");
    EXPECT_EQ(header("::1", "::1", {.source = address("::1"), .interface = "lo"}),
              "PING ::1(::1) from ::1 lo: 56 data bytes\n");
    std::string out;
    ping_text{{}}.header(out, 254, 56);
    EXPECT_EQ(out, "PING 254 targets, 56 data bytes each\n");
}

TEST(ping_text, pattern) {
    std::string out;
    const std::array bytes{std::byte{0x0a}, std::byte{0xff}};
    ping_text{{}}.pattern(out, bytes);
    EXPECT_EQ(out, "PATTERN: 0x0aff\n");
}

TEST(ping_text, replies) {
    EXPECT_EQ(line(event_of(event_kind::reply)), "64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms\n");
    EXPECT_EQ(line(event_of(event_kind::reply), {}, "localhost"),
              "64 bytes from localhost (127.0.0.1): icmp_seq=1 ttl=64 time=0.031 ms\n");
    EXPECT_EQ(line(event_of(event_kind::reply), {.timestamps = true}),
              "[1700000000.123456] 64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms\n");
    EXPECT_EQ(line(event_of(event_kind::reply), {.audible = true}),
              "64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms\a\n");
    EXPECT_EQ(line(event_of(event_kind::reply), {.quiet = true}), "");
    EXPECT_EQ(line(event_of(event_kind::reply), {.labels = true, .label_width = 11}),
              "localhost   : 64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms\n");
}

TEST(ping_text, the_wire_number_when_there_is_no_series) {
    auto event = event_of(event_kind::reply);
    event.series = false;
    event.has_hop_limit = false;
    EXPECT_EQ(line(event), "64 bytes from 127.0.0.1: icmp_seq=777 time=0.031 ms\n");
}

TEST(ping_text, remarks) {
    const std::string plain = "64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms";
    EXPECT_EQ(line(event_of(event_kind::duplicate)), plain + " (DUP!)\n");
    EXPECT_EQ(line(event_of(event_kind::late)), plain + " (late)\n");
    EXPECT_EQ(line(event_of(event_kind::damaged)), "64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 (BAD CHECKSUM!)\n");
    EXPECT_EQ(line(event_of(event_kind::wrong_source, "127.0.0.9")),
              "64 bytes from 127.0.0.9: icmp_seq=1 ttl=64 (DIFFERENT ADDRESS!)\n");
    auto event = event_of(event_kind::reply);
    event.size = 8;
    event.truncated = true;
    EXPECT_EQ(line(event), "8 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms (truncated)\n");
    event = event_of(event_kind::reply);
    event.unverified = true;
    event.answer = probe::answer_kind::anycast;
    EXPECT_EQ(line(event), plain + " (anycast)\n");
    EXPECT_EQ(line(event, {.verbose = true}), plain + " (anycast) (unverified)\n");
    event = event_of(event_kind::duplicate);
    event.answer = probe::answer_kind::multicast;
    EXPECT_EQ(line(event), plain + " (multicast)\n");
    EXPECT_EQ(line(event, {.verbose = true}), plain + " (DUP!) (multicast)\n");
    event.answer = probe::answer_kind::broadcast;
    EXPECT_EQ(line(event), plain + " (DUP!) (broadcast)\n");
}

TEST(ping_text, dumps_a_payload_that_changed) {
    auto event = event_of(event_kind::reply);
    event.corrupt = std::make_unique<probe::corruption>();
    *event.corrupt = {16, 0x10, 0x0, std::vector<std::byte>(56)};
    EXPECT_EQ(line(event),
              "64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms\n"
              "wrong data byte #16 should be 0x10 but was 0x0\n"
              "#16\t0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 \n"
              "#48\t0 0 0 0 0 0 0 0 \n");
    *event.corrupt = {3, 0xff, 0xab, std::vector<std::byte>(5, std::byte{0xab})};
    EXPECT_EQ(line(event),
              "64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.031 ms\n"
              "wrong data byte #3 should be 0xff but was 0xab\n"
              "#0\tab ab ab ab ab \n");
}

TEST(ping_text, errors) {
    auto event = event_of(event_kind::icmp_error, "10.0.0.1");
    event.icmp_type = 3;
    event.icmp_code = 1;
    EXPECT_EQ(line(event), "From 10.0.0.1 icmp_seq=1 Destination Host Unreachable\n");
    EXPECT_EQ(line(event, {}, "gw.example"), "From gw.example (10.0.0.1) icmp_seq=1 Destination Host Unreachable\n");
    event = event_of(event_kind::send_failed);
    event.error_number = ENETUNREACH;
    EXPECT_EQ(line(event), "icmp_seq=1 send failed: Network is unreachable\n");
    EXPECT_EQ(line(event_of(event_kind::timed_out)), "");
    EXPECT_EQ(line(event_of(event_kind::timed_out), {.outstanding = true}), "no answer yet for icmp_seq=1\n");
    EXPECT_EQ(line(event_of(event_kind::timed_out), {.timestamps = true, .outstanding = true, .labels = true}),
              "[1700000000.123456] localhost : no answer yet for icmp_seq=1\n");
    for (const auto kind : {event_kind::cancelled, event_kind::closed, event_kind::settled, event_kind::sent}) {
        EXPECT_EQ(line(event_of(kind), {.outstanding = true}), "");
    }
}

TEST(ping_text, names_cannot_steer_a_terminal) {
    EXPECT_EQ(line(event_of(event_kind::reply), {}, "a\x1b[2J\n\u202e"),
              "64 bytes from a\\x1b[2J\\x0a\\u{202e} (127.0.0.1): icmp_seq=1 ttl=64 time=0.031 ms\n");
    EXPECT_EQ(header("a\rb", "::1", {}), "PING a\\x0db(::1) 56 data bytes\n");
}

TEST(ping_text, flood) {
    const ping_text_options options{.flood = true};
    std::string out;
    ping_text{options}.sent(out);
    EXPECT_EQ(out, ".");
    ping_text{{.quiet = true, .flood = true}}.sent(out);
    EXPECT_EQ(out, ".");
    EXPECT_EQ(line(event_of(event_kind::reply), options), "\b \b");
    EXPECT_EQ(line(event_of(event_kind::damaged), options), "\bC");
    EXPECT_EQ(line(event_of(event_kind::icmp_error), options), "\bE");
    EXPECT_EQ(line(event_of(event_kind::send_failed), options), "E");
    EXPECT_EQ(line(event_of(event_kind::timed_out), options), "");
    EXPECT_EQ(line(event_of(event_kind::reply), {.quiet = true, .flood = true}), "");
}

TEST(ping_text, statistics_of_a_good_run) {
    EXPECT_EQ(statistics(three_replies(), {.elapsed = 2041ms}),
              "\n--- 127.0.0.1 ping statistics ---\n"
              "3 packets transmitted, 3 received, 0% packet loss, time 2041ms\n"
              "rtt min/avg/max/mdev = 0.031/0.035/0.040/0.004 ms\n"
              "p50/p90/p95/p99/jitter = 0.034/0.040/0.040/0.040/0.008 ms\n");
    EXPECT_EQ(statistics(three_replies(), {.elapsed = 2ms, .pipe = 2}, {.flood = true}),
              "\n--- 127.0.0.1 ping statistics ---\n"
              "3 packets transmitted, 3 received, 0% packet loss, time 2ms\n"
              "rtt min/avg/max/mdev = 0.031/0.035/0.040/0.004 ms, pipe 2, ipg/ewma 1.000/0.032 ms\n"
              "p50/p90/p95/p99/jitter = 0.034/0.040/0.040/0.040/0.008 ms\n");
}

TEST(ping_text, statistics_of_a_bad_run) {
    auto tally = three_replies();
    for (int i = 0; i < 4; ++i) tally.on_sent();
    tally.on_timeout();
    tally.on_error();
    tally.on_error();
    tally.on_duplicate();
    tally.on_late();
    tally.on_corrupt();
    tally.on_send_failed();
    EXPECT_EQ(statistics(tally, {.elapsed = 7s, .pipe = 4}),
              "\n--- 127.0.0.1 ping statistics ---\n"
              "8 packets transmitted, 3 received, +1 duplicates, +1 corrupted, +2 errors, 57.1429% packet loss, time "
              "7000ms\n"
              "rtt min/avg/max/mdev = 0.031/0.035/0.040/0.004 ms, pipe 4\n"
              "p50/p90/p95/p99/jitter = 0.034/0.040/0.040/0.040/0.008 ms\n"
              "1 packets pending\n"
              "1 packets could not be sent\n"
              "1 packets late\n");
}

TEST(ping_text, statistics_of_silence) {
    stats::tally tally;
    tally.on_sent();
    tally.on_sent();
    tally.on_timeout();
    tally.on_timeout();
    EXPECT_EQ(statistics(tally, {.elapsed = 1012ms, .pipe = 2}),
              "\n--- 127.0.0.1 ping statistics ---\n"
              "2 packets transmitted, 0 received, 100% packet loss, time 1012ms\n"
              "pipe 2\n");
    EXPECT_EQ(statistics(tally, {.elapsed = 1012ms}),
              "\n--- 127.0.0.1 ping statistics ---\n"
              "2 packets transmitted, 0 received, 100% packet loss, time 1012ms\n"
              "\n");
    EXPECT_EQ(statistics({}, {}),
              "\n--- 127.0.0.1 ping statistics ---\n"
              "0 packets transmitted, 0 received\n"
              "\n");
}

TEST(ping_text, status) {
    std::string out;
    ping_text{{}}.status(out, three_replies());
    EXPECT_EQ(out, "\r3/3 packets, 0% loss, min/avg/ewma/max = 0.031/0.035/0.032/0.040 ms\n");
    out.clear();
    stats::tally silent;
    silent.on_sent();
    silent.on_timeout();
    ping_text{{}}.status(out, silent);
    EXPECT_EQ(out, "\r0/1 packets, 100% loss\n");
}

}  // namespace
}  // namespace sonde::report
