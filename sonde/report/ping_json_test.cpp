#include <cerrno>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sonde/report/ping_json.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;
using probe::event_kind;

constexpr wall_time moment{1'700'000'000'123'456'789ns};

ip_address address(std::string_view text) {
    return ip_address::parse(text).value();
}

probe::event event_of(event_kind kind) {
    probe::event event;
    event.kind = kind;
    event.clock = clock_source::kernel;
    event.has_hop_limit = true;
    event.hop_limit = 64;
    event.series = true;
    event.id = probe::series_id(3, 70'000);
    event.size = 64;
    event.target = address("127.0.0.1");
    event.from = address("127.0.0.1");
    event.rtt = 31'415ns;
    return event;
}

std::string line(const probe::event& event, std::string_view name = {}, bool quiet = false) {
    std::string out;
    ping_json{quiet}.event(out, {{"localhost", address("127.0.0.1")}, event, moment, name});
    return out;
}

// Every line starts alike.
std::string head(std::string_view event) {
    return R"({"schema":1,"event":")" + std::string{event} +
           R"(","time":"2023-11-14T22:13:20.123456789Z","target":"localhost","address":"127.0.0.1","seq":70000,)";
}

TEST(ping_json, answers) {
    const std::string tail = R"("rtt_ms":0.031415,"ttl":64,"bytes":64,"clock":"kernel","from":"127.0.0.1"})"
                             "\n";
    EXPECT_EQ(line(event_of(event_kind::reply)), head("reply") + tail);
    EXPECT_EQ(line(event_of(event_kind::duplicate)), head("duplicate") + tail);
    EXPECT_EQ(line(event_of(event_kind::late)), head("late") + tail);
    EXPECT_EQ(line(event_of(event_kind::reply), {}, true), "");
}

TEST(ping_json, remarks_appear_only_when_there_are_any) {
    auto event = event_of(event_kind::reply);
    event.has_hop_limit = false;
    event.clock = clock_source::kernel_rx;
    event.answer = probe::answer_kind::broadcast;
    event.from = address("127.0.0.9");
    event.truncated = event.bad_checksum = event.unverified = true;
    EXPECT_EQ(
        line(event, "nine\n.example"),
        head("reply") +
            R"("rtt_ms":0.031415,"ttl":null,"bytes":64,"clock":"kernel-rx","from":"127.0.0.9",)"
            R"("from_name":"nine\\x0a.example","answer":"broadcast","truncated":true,"bad_checksum":true,"unverified":true})"
            "\n");
}

TEST(ping_json, a_changed_payload_is_a_second_line) {
    auto event = event_of(event_kind::duplicate);
    event.corrupt = std::make_unique<probe::corruption>();
    *event.corrupt = {16, 0x10, 0, {}};
    EXPECT_EQ(line(event), head("duplicate") +
                               R"("rtt_ms":0.031415,"ttl":64,"bytes":64,"clock":"kernel","from":"127.0.0.1"})"
                               "\n" +
                               head("corrupt") +
                               R"("from":"127.0.0.1","offset":16,"expected":16,"actual":0})"
                               "\n");
    EXPECT_EQ(line(event_of(event_kind::damaged)), head("corrupt") + R"("from":"127.0.0.1","bad_checksum":true})"
                                                                     "\n");
}

TEST(ping_json, silence_is_null) {
    auto event = event_of(event_kind::timed_out);
    EXPECT_EQ(line(event), head("timeout") + "\"rtt_ms\":null}\n");
    event.uncertain = true;
    EXPECT_EQ(line(event), head("timeout") + "\"rtt_ms\":null,\"uncertain\":true}\n");
}

TEST(ping_json, errors) {
    auto event = event_of(event_kind::icmp_error);
    event.from = address("10.0.0.1");
    event.icmp_type = 3;
    event.icmp_code = 4;
    event.info = 1400;
    EXPECT_EQ(line(event, "gw"), head("icmp_error") +
                                     R"("rtt_ms":0.031415,"clock":"kernel","from":"10.0.0.1","from_name":"gw",)"
                                     R"("icmp_type":3,"icmp_code":4,"error":"fragmentation_needed","info":1400})"
                                     "\n");
    event = event_of(event_kind::send_failed);
    event.error_number = ENETUNREACH;
    EXPECT_EQ(line(event), head("send_failed") + R"("errno":101,"error":"Network is unreachable"})"
                                                 "\n");
    event = event_of(event_kind::local_drop);
    event.error_number = ENOBUFS;
    EXPECT_EQ(line(event), head("send_failed") + R"("errno":105,"error":"No buffer space available","local_drop":true})"
                                                 "\n");
    for (const auto kind : {event_kind::cancelled, event_kind::closed, event_kind::settled, event_kind::sent}) {
        EXPECT_EQ(line(event_of(kind)), "");
    }
}

TEST(ping_json, notices) {
    auto event = event_of(event_kind::advice);
    event.icmp_type = 5;
    event.icmp_code = 1;
    EXPECT_EQ(line(event), head("advice") + R"("clock":"kernel","from":"127.0.0.1","icmp_type":5,"icmp_code":1,)"
                                            R"("error":"redirect_for_host"})"
                                            "\n");
    EXPECT_EQ(line(event_of(event_kind::wrong_source)),
              head("wrong_source") + R"("ttl":64,"bytes":64,"clock":"kernel","from":"127.0.0.1"})"
                                     "\n");
}

TEST(ping_json, summaries) {
    stats::tally tally;
    std::string out;
    ping_json{true}.summary(out, {"no\xffsuch", std::nullopt}, tally, moment);
    EXPECT_EQ(out,
              R"({"schema":1,"event":"summary","time":"2023-11-14T22:13:20.123456789Z","target":"no\\xffsuch",)"
              R"("address":null,"sent":0,"received":0,"lost":0,"pending":0,"send_failed":0,"errors":0,"duplicates":0,)"
              R"("late":0,"corrupt":0,"loss_percent":0.0,"rtt_ms":null})"
              "\n");

    for (int i = 0; i < 4; ++i) tally.on_sent();
    tally.on_reply(1ms);
    tally.on_reply(3'000'001ns);
    tally.on_error();
    out.clear();
    ping_json{true}.summary(out, {"a", address("::1")}, tally, moment);
    EXPECT_EQ(out,
              R"({"schema":1,"event":"summary","time":"2023-11-14T22:13:20.123456789Z","target":"a","address":"::1",)"
              R"("sent":4,"received":2,"lost":1,"pending":1,"send_failed":0,"errors":1,"duplicates":0,"late":0,)"
              R"("corrupt":0,"loss_percent":33.333333333333336,"rtt_ms":{"min":1.0,"mean":2.000001,"p50":1.0,)"
              R"("p90":3.000001,"p95":3.000001,"p99":3.000001,"max":3.000001,"stddev":1.000001,"jitter":2.000001}})"
              "\n");
}

TEST(ping_json, total_carries_the_accounting) {
    const stats::tally tally{.sent = 7, .received = 7};
    const stats::accounting accounting{
        .scheduled = 7, .sent = 7, .replied = 7, .frames = 9, .matched = 7, .not_ours = 2};
    std::string out;
    ping_json{true}.total(out, {2, tally, accounting}, moment);
    const auto total = nlohmann::json::parse(out);
    EXPECT_EQ(total["event"], "total");
    EXPECT_EQ(total["targets"], 2);
    EXPECT_EQ(total["sent"], 7);
    EXPECT_EQ(total["accounting"]["frames"], 9);
    EXPECT_EQ(total["accounting"]["not_ours"], 2);
    EXPECT_EQ(total["accounting"].size() * sizeof(std::uint64_t), sizeof(stats::accounting));
}

}  // namespace
}  // namespace sonde::report
