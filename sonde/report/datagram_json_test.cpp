#include <array>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sonde/report/datagram_json.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace sonde::report {
namespace {

using nlohmann::json;

std::vector<std::byte> echo() {
    std::array<std::byte, 8> message{};
    wire::icmp_echo_message{.identifier = 7, .sequence = 1, .payload = {}}.emit(family::v4, message,
                                                                                wire::checksum_fill::compute);
    const wire::ipv4_message ip{.identification = 11,
                                .protocol = 1,
                                .source = ip_address::v4(0x7f000001),
                                .destination = ip_address::v4(0x7f000001),
                                .payload = message};
    std::vector<std::byte> out(ip.size());
    ip.emit(out, wire::checksum_fill::compute);
    return out;
}

json parsed(const delivered_datagram& d, bool bytes) {
    std::string out;
    datagram_json(out, datagram_view::read(d), bytes);
    EXPECT_EQ(out.find('\n'), out.size() - 1);
    return json::parse(out);
}

TEST(datagram_json, an_echo_request) {
    const auto bytes = echo();
    const json line =
        parsed({.protocol = 1, .bytes = bytes, .full_size = bytes.size(), .interface = "lo", .loopback = true}, true);
    EXPECT_EQ(line["event"], "datagram");
    EXPECT_EQ(line["family"], 4);
    EXPECT_EQ(line["protocol_name"], "ICMP");
    EXPECT_EQ(line["source"], "127.0.0.1");
    EXPECT_EQ(line["id"], 11);
    EXPECT_EQ(line["bytes"], 28);
    EXPECT_EQ(line["type"], 8);
    EXPECT_EQ(line["type_name"], "echo request");
    EXPECT_EQ(line["identifier"], 7);
    EXPECT_EQ(line["looped_request"], true);
    EXPECT_EQ(line["hex"], "4500001c000b000040017cd47f0000017f0000010800f7f700070001");
    EXPECT_FALSE(line.contains("captured"));
}

TEST(datagram_json, what_is_not_known_is_null_or_absent) {
    const json line = parsed({.family = family::v6, .protocol = 253, .full_size = 9}, false);
    EXPECT_TRUE(line["destination"].is_null());
    EXPECT_TRUE(line["interface"].is_null());
    EXPECT_TRUE(line["id"].is_null());
    EXPECT_TRUE(line["ttl"].is_null());
    EXPECT_EQ(line["captured"], 0);
    EXPECT_FALSE(line.contains("type"));
    EXPECT_FALSE(line.contains("hex"));
    EXPECT_FALSE(line.contains("protocol_name"));
}

TEST(datagram_json, names_are_escaped) {
    const auto bytes = echo();
    const json line =
        parsed({.protocol = 1, .bytes = bytes, .full_size = bytes.size(), .interface = "a\x1b[2J\xff"}, false);
    EXPECT_EQ(line["interface"], "a\\x1b[2J\\xff");
}

TEST(datagram_json, a_broken_header_is_a_problem) {
    const std::vector<std::byte> bytes(30, std::byte{0xff});
    EXPECT_EQ(parsed({.protocol = 1, .bytes = bytes, .full_size = 30}, false)["problem"], "bad version");
    EXPECT_EQ(parsed({.protocol = 1, .full_size = 0}, false)["bytes"], 0);
}

TEST(datagram_json, the_summary) {
    std::string out;
    datagram_summary_json(out, 17, {.received = 3, .shown = 1, .filtered_source = 2, .kernel_drops = 4}, {});
    const json line = json::parse(out);
    EXPECT_EQ(line["event"], "summary");
    EXPECT_EQ(line["protocol"], 17);
    EXPECT_EQ(line["accounting"]["received"], 3);
    EXPECT_EQ(line["accounting"]["filtered_source"], 2);
    EXPECT_EQ(line["accounting"]["kernel_drops"], 4);
}

}  // namespace
}  // namespace sonde::report
