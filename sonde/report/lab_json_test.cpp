#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sonde/report/lab_json.hpp>
#include <sonde/report/lab_rig_test.hpp>

namespace sonde::report {
namespace {

using nlohmann::json;

TEST(lab_json, ready) {
    const lab_rig rig;
    const std::array<std::string, 1> addresses{"192.0.2.1/32"};
    const std::array<std::string, 2> routes{"10.0.0.0/31", "203.0.113.80/32"};
    const auto event =
        json::parse(lab_ready_json({}, {"a.toml", "tun0", "tun", rig.view().network.scenario(), addresses, routes}));
    EXPECT_EQ(event["event"], "lab_ready");
    EXPECT_EQ(event["nodes"], 3);
    EXPECT_EQ(event["links"], 2);
    EXPECT_EQ(event["addresses"], json({"192.0.2.1/32"}));
    EXPECT_EQ(event["routes"].size(), 2U);
}

TEST(lab_json, summary_adds_up) {
    lab_rig rig;
    rig.ask(3, 64);
    rig.ask(2, 1);
    const auto event = json::parse(lab_summary_json({}, rig.view()));
    EXPECT_EQ(event["injected"], 5);
    EXPECT_EQ(event["originated"], 5);
    EXPECT_EQ(event["delivered"], 5);
    std::uint64_t ended = 0;
    for (const auto& [name, count] : event["ended"].items()) ended += count.get<std::uint64_t>();
    EXPECT_EQ(event["ended"].size(), sim::fate_count);
    EXPECT_EQ(ended, 10U);
    EXPECT_EQ(event["nodes"].size(), 3U);
    EXPECT_EQ(event["nodes"][1]["ended"]["expired"], 2);
    EXPECT_EQ(event["links"][1]["there"]["packets"], 3);
    EXPECT_EQ(event["links"][1]["back"]["carried"], 3);
}

TEST(lab_json, what_took_no_part_is_left_out) {
    const lab_rig rig;
    const auto event = json::parse(lab_summary_json({}, rig.view()));
    EXPECT_TRUE(event["nodes"].is_array() && event["nodes"].empty());
    EXPECT_TRUE(event["links"].is_array() && event["links"].empty());
}

}  // namespace
}  // namespace sonde::report
