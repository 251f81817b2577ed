#include <gtest/gtest.h>

#include <sonde/sim/scenario_check.hpp>

namespace sonde::sim {
namespace {

using namespace std::chrono_literals;

/// me - a - b
scenario three() {
    scenario s;
    s.nodes.resize(3);
    s.nodes[0].name = "me";
    s.nodes[0].kind = node_kind::outside;
    s.nodes[1].name = "a";
    s.nodes[2].name = "b";
    s.links.push_back({"me-a", {{0, {}}, {1, {}}}, {}, {}});
    s.links.push_back({"a-b", {{1, {}}, {2, {}}}, {}, {}});
    return s;
}

bool refused(const scenario& s, scenario_part part, std::uint32_t index) {
    const auto found = check_scenario(s);
    return found.error && found.error->place.part == part && found.error->place.index == index &&
           found.error->what.find("; expected") != std::string::npos;
}

const interface_address one{*ip_address::parse("10.0.0.1"), 32};

TEST(ScenarioCheck, InOrder) {
    const auto found = check_scenario(three());
    EXPECT_FALSE(found.error);
    EXPECT_TRUE(found.warnings.empty());
}

TEST(ScenarioCheck, IndicesOutOfRange) {
    auto s = three();
    s.links[1].ends[1].node = 3;
    EXPECT_TRUE(refused(s, scenario_part::link, 1));
    s = three();
    s.links[0].ends.pop_back();
    EXPECT_TRUE(refused(s, scenario_part::link, 0));
    s = three();
    s.routes.push_back({7, *prefix::parse("10.0.0.0/8"), {1}, false});
    EXPECT_TRUE(refused(s, scenario_part::route, 0));
    s = three();
    s.routes.push_back({0, *prefix::parse("10.0.0.0/8"), {9}, false});
    EXPECT_TRUE(refused(s, scenario_part::route, 0));
    s = three();
    s.populations.push_back({"p", 3, *prefix::parse("10.0.0.0/8"), 1, false, {}, 0});
    EXPECT_TRUE(refused(s, scenario_part::population, 0));
    s = three();
    s.changes.push_back({1s, 0, change::link_change{2, {}}});
    EXPECT_TRUE(refused(s, scenario_part::change, 0));
    s.changes[0].what = change::node_change{3, false, {}, {}, {}};
    EXPECT_TRUE(refused(s, scenario_part::change, 0));
    s.changes[0].what = change::routes_change{{{0, *prefix::parse("10.0.0.0/8"), {2}, false}}};
    EXPECT_TRUE(refused(s, scenario_part::change, 0)) << "no neighbour";
}

TEST(ScenarioCheck, AnAddressTwice) {
    auto s = three();
    s.nodes[1].addresses = {one};
    s.nodes[2].addresses = {one};
    EXPECT_TRUE(refused(s, scenario_part::node, 2));
    s.nodes[2].anycast = true;
    EXPECT_TRUE(refused(s, scenario_part::node, 2)) << "both must say so";
    s.nodes[1].anycast = true;
    EXPECT_FALSE(check_scenario(s).error);
    s.links[0].ends[0].addresses = {one};
    EXPECT_TRUE(refused(s, scenario_part::link, 0)) << "an interface's is never anycast";
}

TEST(ScenarioCheck, BackwardsIsForTwoEnds) {
    auto s = three();
    s.links[0].ends.push_back({2, {}});
    s.links[0].backwards = link_behaviour{};
    EXPECT_TRUE(refused(s, scenario_part::link, 0));
}

TEST(ScenarioCheck, ChangesByTime) {
    auto s = three();
    s.changes.push_back({2s, 0, change::link_change{0, {}}});
    s.changes.push_back({1s, 0, change::link_change{0, {}}});
    EXPECT_TRUE(refused(s, scenario_part::change, 1));
}

TEST(ScenarioCheck, PopulationsApart) {
    auto s = three();
    for (const char* text : {"10.2.0.0/16", "10.1.0.0/16", "10.1.255.0/24", "10.3.0.0/16"}) {
        s.populations.push_back({text, 1, *prefix::parse(text), 1, false, {}, 0});
    }
    EXPECT_TRUE(refused(s, scenario_part::population, 2));
    s.populations[2].addresses = *prefix::parse("2001:db8::/64");
    EXPECT_FALSE(check_scenario(s).error);
    s.populations[0].addresses = *prefix::parse("0.0.0.0/0");
    EXPECT_TRUE(check_scenario(s).error);
}

TEST(ScenarioCheck, WhatNothingReaches) {
    auto s = three();
    s.links.pop_back();
    const auto found = check_scenario(s);
    EXPECT_FALSE(found.error);
    ASSERT_EQ(found.warnings.size(), 1U);
    EXPECT_EQ(found.warnings[0].place.index, 2U);
}

}  // namespace
}  // namespace sonde::sim
