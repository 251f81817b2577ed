#include <algorithm>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sonde/report/packet_json.hpp>
#include <sonde/report/packet_samples_test.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Two members of one name, which a reader would take for one, are refused.
json parsed(const std::string& line) {
    EXPECT_TRUE(line.ends_with("}\n")) << line;
    EXPECT_EQ(std::ranges::count(line, '\n'), 1) << line;
    std::vector<std::set<std::string>> open;
    return json::parse(line, [&](int, json::parse_event_t event, json& value) {
        if (event == json::parse_event_t::object_start) open.emplace_back();
        if (event == json::parse_event_t::object_end) open.pop_back();
        if (event == json::parse_event_t::key) {
            EXPECT_TRUE(open.back().insert(value.get<std::string>()).second) << value << " twice in " << line;
        }
        return true;
    });
}

std::string text_of(bytes_view frame, std::uint32_t full_size, const packet_json_options& options = {}) {
    const wire::dissection dissection = wire::dissect(link_type::ethernet, frame);
    std::string out;
    append_packet_json(out,
                       {.time = wall_time{1'700'000'000s + 1ns},
                        .frame = frame,
                        .full_size = full_size,
                        .dissection = dissection,
                        .interface = "eth\"0",
                        .direction = packet_direction::out},
                       options);
    return out;
}

json event_of(std::string_view name, const packet_json_options& options = {}) {
    const auto sample = std::ranges::find(packet_samples, name, &packet_sample::name);
    EXPECT_NE(sample, packet_samples.end()) << name;
    return parsed(text_of(sample->frame(), sample->full_size, options));
}

TEST(PacketJson, WhatIsAroundThePacket) {
    const json e = event_of("vlan");
    EXPECT_EQ(e["schema"], 1);
    EXPECT_EQ(e["event"], "packet");
    EXPECT_EQ(e["time"], "2023-11-14T22:13:20.000000001Z");
    EXPECT_EQ(e["interface"], "eth\"0");
    EXPECT_EQ(e["direction"], "out");
    EXPECT_EQ(e["length"], 46);
    EXPECT_EQ(e["captured"], 46);
    EXPECT_FALSE(e.contains("frame"));
}

TEST(PacketJson, LayersAndTheirFieldsByName) {
    const json layers = event_of("tcp syn")["layers"];
    ASSERT_EQ(layers.size(), 3U);
    EXPECT_EQ(layers[0], json::parse(R"({"layer":"eth","dst":"02:00:00:00:00:02","src":"02:00:00:00:00:01","type":2048,
        "type_name":"IPv4"})"));
    EXPECT_EQ(layers[1]["layer"], "ip");
    EXPECT_EQ(layers[1]["flags_names"], json::parse(R"(["DF"])"));
    EXPECT_EQ(layers[1]["checksum"], "right");
    const json& tcp = layers[2];
    EXPECT_EQ(tcp["flags_names"], json::parse(R"(["SYN"])"));
    EXPECT_EQ(tcp["window"], 64240);
    EXPECT_EQ(tcp["options"][0], json::parse(R"({"kind":"mss","code":2,"length":4,"value":1460})"));
    EXPECT_EQ(tcp["options"][2]["value"], json::parse("[1,0]"));
}

TEST(PacketJson, QuotedLayersAndObjects) {
    const json layers = event_of("mpls extension")["layers"];
    EXPECT_FALSE(layers[1].contains("quoted"));
    EXPECT_EQ(layers[3]["layer"], "ip");
    EXPECT_EQ(layers[3]["quoted"], true);
    EXPECT_EQ(layers[6]["objects"][0]["labels"][0]["label"], 24015);
    EXPECT_EQ(layers[6]["objects"][0]["labels"][0]["s"], true);
}

TEST(PacketJson, AListStaysAListWithOneElement) {
    const json options = event_of("ra")["layers"][2]["options"];
    const auto rdnss = std::ranges::find_if(options, [](const json& o) { return o["kind"] == "rdnss"; });
    ASSERT_NE(rdnss, options.end());
    EXPECT_EQ((*rdnss)["value"], json::parse(R"(["2001:db8::53"])"));
}

TEST(PacketJson, TextFromTheNetworkIsEscaped) {
    const json options = event_of("dhcp request")["layers"][3]["options"];
    const auto name = std::ranges::find_if(options, [](const json& o) { return o["kind"] == "hostname"; });
    ASSERT_NE(name, options.end());
    EXPECT_EQ((*name)["value"], "na\\x1b[31mme");
}

TEST(PacketJson, PayloadHasABoundAndTheFrameIsThereOnRequest) {
    const json e = event_of("udp", {.frame = true, .payload_bytes = 3});
    EXPECT_EQ(e["layers"][3], json::parse(R"({"layer":"payload","size":5,"bytes":"68656c"})"));
    EXPECT_EQ(e["frame"].get<std::string>().size(), 2 * 47U);
}

TEST(PacketJson, ProblemsAreTold) {
    EXPECT_EQ(event_of("tcp short offset")["layers"][2]["problem"], "bad header length");
    EXPECT_EQ(event_of("ip6 cut short")["layers"][1]["problem"], "truncated");
}

TEST(PacketJson, CutOrChangedAnywhereItStaysOneObject) {
    std::mt19937 random{3};
    for (const packet_sample& sample : packet_samples) {
        const auto frame = sample.frame();
        for (std::size_t size = 0; size <= frame.size(); size += size < 120 ? 1 : 16) {
            const std::vector<std::byte> part(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
            (void)parsed(text_of(part, sample.full_size));
        }
        for (int round = 0; round < 60; ++round) {
            auto changed = frame;
            for (int i = 0; i < 3; ++i) changed[12 + random() % (changed.size() - 12)] = std::byte(random());
            (void)parsed(text_of(changed, sample.full_size));
        }
    }
}

TEST(PacketJson, Summary) {
    std::string out;
    append_capture_summary_json(
        out,
        {.received = 21, .dropped = 1, .loopback_copies = 2, .filtered = 3, .captured = 4, .unread = 11, .written = 4},
        wall_time{});
    const json e = parsed(out);
    EXPECT_EQ(e["event"], "summary");
    EXPECT_EQ(e["received"], 21);
    EXPECT_EQ(e["received"], e["dropped"].get<int>() + e["loopback_copies"].get<int>() + e["filtered"].get<int>() +
                                 e["captured"].get<int>() + e["unread"].get<int>());
    EXPECT_EQ(e["written"], 4);
}

}  // namespace
}  // namespace sonde::report
