#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sonde/report/echo_json.hpp>

namespace sonde::report {
namespace {

using nlohmann::json;
using respond::disposition;

constexpr wall_time moment{std::chrono::seconds{1'700'000'000}};

json one_line(const std::string& text) {
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
    EXPECT_EQ(text.back(), '\n');
    auto line = json::parse(text);
    EXPECT_EQ(line["schema"], 1);
    EXPECT_EQ(line["time"], "2023-11-14T22:13:20.000000000Z");
    return line;
}

TEST(EchoJson, Listening) {
    const std::vector<std::string> answers{"192.0.2.2", "fd99::/64"};
    auto line = one_line(echo_listening_json(moment, "v\x1b", mac_address::broadcast(), answers));
    EXPECT_EQ(line["event"], "echo_listening");
    EXPECT_EQ(line["interface"], "v\\x1b");
    EXPECT_EQ(line["mac"], "ff:ff:ff:ff:ff:ff");
    EXPECT_EQ(line["answers"], json(answers));
    EXPECT_TRUE(one_line(echo_listening_json(moment, "tun0", {}, {}))["mac"].is_null());
}

TEST(EchoJson, Request) {
    echo_question q;
    q.what = echo_question::kind::echo;
    q.from = ip_address::parse("192.0.2.1").value();
    q.identifier = 65535;
    q.sequence = 1;
    q.size = 64;
    auto line = one_line(echo_request_json(moment, q, disposition::bad_checksum));
    EXPECT_EQ(line["kind"], "echo");
    EXPECT_EQ(line["from"], "192.0.2.1");
    EXPECT_TRUE(line["to"].is_null());
    EXPECT_EQ(line["id"], 65535);
    EXPECT_EQ(line["outcome"], "bad_checksum");
    q.what = echo_question::kind::arp;
    EXPECT_FALSE(one_line(echo_request_json(moment, q, disposition::answered_arp)).contains("id"));
}

TEST(EchoJson, Notice) {
    auto line = one_line(echo_notice_json(moment, "interface_gone", "a\nb"));
    EXPECT_EQ(line["code"], "interface_gone");
    EXPECT_EQ(line["text"], "a\\x0ab");
}

TEST(EchoJson, Total) {
    echo_totals t;
    t.interface = "vb";
    t.counts.frames = 3;
    t.counts.by[static_cast<std::size_t>(disposition::too_large)] = 3;
    t.kernel_dropped = 5;
    t.elapsed = std::chrono::microseconds{1500};
    auto line = one_line(echo_total_json(moment, t));
    EXPECT_EQ(line["by_outcome"].size(), respond::disposition_count);
    EXPECT_EQ(line["by_outcome"]["too_large"], 3);
    EXPECT_EQ(line["kernel_dropped"], 5);
    EXPECT_EQ(line["elapsed_ms"], 1.5);
}

}  // namespace
}  // namespace sonde::report
