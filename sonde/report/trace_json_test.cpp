#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sonde/report/trace_json.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;

constexpr wall_time moment{std::chrono::nanoseconds{1'700'000'000'123'456'789}};

ip_address address(std::string_view text) {
    return ip_address::parse(text).value();
}

const target_view target{"far.example", address("198.51.100.2")};
const address_note known{.name = "r1\x1b", .autonomous_system = 64500, .organization = "Ex\nample", .country = "DE"};
const address_notes notes = [](const ip_address& a) { return a == address("192.0.2.1") ? &known : nullptr; };

const std::string head = R"("time":"2023-11-14T22:13:20.123456789Z","target":"far.example","address":"198.51.100.2",)";

probe::probe_result answered() {
    probe::probe_result p;
    p.ttl = 1;
    p.fate = probe::probe_fate::answered;
    p.answer.from = address("192.0.2.1");
    p.answer.rtt = 1'234'567ns;
    p.answer.clock = clock_source::kernel;
    p.answer.from_icmp = true;
    p.answer.type = 11;
    return p;
}

std::string hop_line(std::vector<probe::probe_result> probes) {
    std::string out;
    trace_json{false}.hop(out, {target, notes, moment}, {.ttl = 1, .round = 2, .probes = std::move(probes)});
    return out;
}

TEST(trace_json, hop_with_an_answer_and_a_loss) {
    auto lost = answered();
    lost.query = 1;
    lost.fate = probe::probe_fate::timed_out;
    lost.uncertain = true;
    auto failed = lost;
    failed.query = 2;
    failed.uncertain = false;
    failed.fate = probe::probe_fate::send_failed;
    failed.error_number = ENETUNREACH;
    EXPECT_EQ(hop_line({answered(), lost, failed}),
              R"({"schema":1,"event":"hop",)" + head +
                  R"("ttl":1,"round":2,"replies":[{"query":0,"address":"192.0.2.1","name":"r1\\x1b","as":64500,)"
                  R"("organization":"Ex\\x0aample","country":"DE","rtt_ms":1.234567,"clock":"kernel","kind":"hop",)"
                  R"("from_icmp":{"type":11,"code":0}},)"
                  R"({"query":1,"address":null,"rtt_ms":null,"fate":"timed_out","uncertain":true},)"
                  R"({"query":2,"address":null,"rtt_ms":null,"fate":"send_failed","errno":101,)"
                  R"("error":"Network is unreachable"}]})"
                  "\n");
}

TEST(trace_json, everything_unusual_about_an_answer) {
    auto p = answered();
    p.answer.from = address("192.0.2.9");
    p.answer.hop_limit = 62;
    p.answer.quoted_ttl = 2;
    p.answer.quoted_class = 0;
    p.answer.info = 1400;
    p.answer.nat = p.answer.tcp_open = p.answer.inferred = true;
    probe::hop_extensions e;
    e.mpls = {{16001, 1, true, 254}};
    e.interfaces = {{.role = wire::interface_role::outgoing, .index = 3, .name = "et\x07", .mtu = 1500}};
    e.others = {{.class_number = 5, .c_type = 1, .data = {std::byte{0xab}, std::byte{1}}}};
    e.bad = true;
    p.answer.extensions = std::make_shared<const probe::hop_extensions>(std::move(e));
    const auto line = nlohmann::json::parse(hop_line({p}));
    const auto expected = nlohmann::json::parse(
        R"({"query":0,"address":"192.0.2.9","name":null,"rtt_ms":1.234567,"clock":"kernel","kind":"hop",
            "from_icmp":{"type":11,"code":0},"info":1400,"tcp_open":true,"reply_ttl":62,"quoted_ttl":2,"quoted_class":0,
            "nat":true,"inferred":true,"mpls":[{"label":16001,"traffic_class":1,"bottom_of_stack":true,"ttl":254}],
            "extensions":[{"interface":"outgoing","index":3,"name":"et\\x07","mtu":1500},
                          {"class":5,"type":1,"data":"ab01"}],"bad_extensions":true})");
    EXPECT_EQ(line["replies"][0], expected);
}

TEST(trace_json, a_segment_is_no_icmp_message) {
    auto p = answered();
    p.answer.from_icmp = false;
    p.answer.kind = probe::answer_from::destination;
    const auto line = nlohmann::json::parse(hop_line({p}));
    EXPECT_FALSE(line["replies"][0].contains("from_icmp"));
    EXPECT_EQ(line["replies"][0]["kind"], "destination");
}

TEST(trace_json, paths) {
    probe::path_graph g;
    g.hops.resize(2);
    g.hops[0].vertices = {{.address = address("192.0.2.1"), .flows = {0, 1}, .rtt = 1ms}};
    g.hops[1].vertices = {{.address = {}, .flows = {0}},
                          {.address = address("198.51.100.2"), .flows = {1}, .destination = true, .per_packet = true}};
    g.hops[1].edges = {{0, 0}, {0, 1}};
    g.reached = true;
    g.confidence_each = 0.95;
    g.confidence = 0.9;
    g.probes = 17;
    std::string out;
    trace_json{false}.path(out, {target, notes, moment}, g);
    const auto line = nlohmann::json::parse(out);
    EXPECT_EQ(line["event"], "path");
    EXPECT_EQ(line["probes"], 17);
    EXPECT_EQ(line["hops"][0]["ttl"], 1);
    EXPECT_EQ(line["hops"][0]["vertices"][0]["rtt_ms"], 1.0);
    EXPECT_EQ(line["hops"][1]["ttl"], 2);
    EXPECT_TRUE(line["hops"][1]["vertices"][0]["address"].is_null());
    EXPECT_EQ(line["hops"][1]["vertices"][1]["destination"], true);
    EXPECT_EQ(line["hops"][1]["edges"], nlohmann::json::parse("[[0,0],[0,1]]"));
}

TEST(trace_json, mtu) {
    std::string out;
    trace_json{false}.mtu(out, {target, notes, moment}, {.ttl = 2, .from = address("192.0.2.1"), .mtu = 1400});
    trace_json{false}.mtu(out, {target, notes, moment}, {.ttl = 3, .mtu = 1280});
    EXPECT_EQ(out, R"({"schema":1,"event":"mtu",)" + head + R"("ttl":2,"from":"192.0.2.1","mtu":1400})" +
                       "\n"
                       R"({"schema":1,"event":"mtu",)" +
                       head + R"("ttl":3,"from":null,"mtu":1280})" + "\n");
}

TEST(trace_json, a_target_that_was_never_traced) {
    std::string out;
    trace_json{false}.summary(out, {{"nowhere", std::nullopt}, {}, moment}, "nowhere: Name or service not known");
    EXPECT_EQ(out, R"({"schema":1,"event":"summary","time":"2023-11-14T22:13:20.123456789Z","target":"nowhere",)"
                   R"("address":null,"reached":false,"end":"failed","error":"nowhere: Name or service not known",)"
                   R"("hops":null,"verdicts":[]})"
                   "\n");
}

TEST(trace_json, quiet_leaves_the_summary) {
    std::string out;
    const trace_json quiet{true};
    quiet.hop(out, {target, notes, moment}, {});
    quiet.path(out, {target, notes, moment}, {});
    quiet.mtu(out, {target, notes, moment}, {});
    EXPECT_EQ(out, "");
}

TEST(trace_json, summary_with_verdicts_and_statistics) {
    probe::trace_record record{{.destination = address("198.51.100.2")}};
    probe::trace_event e;
    e.kind = probe::trace_event_kind::probe;
    e.result = answered();
    record.add(e);
    e.kind = probe::trace_event_kind::done;
    e.end = probe::trace_end::silent;
    record.add(e);
    const std::vector<probe::verdict> verdicts{{.kind = probe::verdict_kind::rate_limited,
                                                .ttl = 1,
                                                .address = address("192.0.2.1"),
                                                .answered = 2,
                                                .asked = 3},
                                               {.kind = probe::verdict_kind::silent_target, .ttl = 4}};
    std::string out;
    trace_json{true}.summary(out, {target, notes, moment}, {record, verdicts, {.scheduled = 3, .sent = 3}});
    const auto line = nlohmann::json::parse(out);
    EXPECT_EQ(line["event"], "summary");
    EXPECT_EQ(line["reached"], false);
    EXPECT_EQ(line["end"], "silent");
    EXPECT_EQ(line["method"], "udp");
    EXPECT_TRUE(line["hops"].is_null());
    EXPECT_EQ(line["verdicts"][0],
              nlohmann::json::parse(
                  R"({"kind":"rate_limited","ttl":1,"address":"192.0.2.1","value":0,"answered":2,"asked":3})"));
    EXPECT_TRUE(line["verdicts"][1]["address"].is_null());
    ASSERT_EQ(line["statistics"].size(), 1U);
    EXPECT_EQ(line["statistics"][0]["sent"], 1);
    EXPECT_EQ(line["statistics"][0]["responders"][0]["address"], "192.0.2.1");
    EXPECT_EQ(line["statistics"][0]["responders"][0]["as"], 64500);
    EXPECT_EQ(line["accounting"]["sent"], 3);
}

TEST(trace_json, total) {
    std::string out;
    trace_json{true}.total(out, 3, 2, {.scheduled = 9, .sent = 9}, moment);
    const auto line = nlohmann::json::parse(out);
    EXPECT_EQ(line["targets"], 3);
    EXPECT_EQ(line["reached"], 2);
    EXPECT_EQ(line["accounting"]["scheduled"], 9);
}

}  // namespace
}  // namespace sonde::report
