#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/scenario_file.hpp>
#include <sonde/sim/scenario_generators.hpp>

namespace sonde::sim {
namespace {

TEST(ScenarioGenerators, AChainBetweenTwoNodes) {
    const auto read = read_scenario(R"(
node = [{ name = "me", kind = "outside" }, { name = "far", kind = "host" }]
[[chain]]
name = "core"
count = 30
first = 5
from = "me"
to = "far"
addresses = ["198.18.0.0/24", "2001:db8:c::/64"]
delay = "10ms"
silent = [7, 34]
errors = { rate = 3 }
)",
                                    "a.toml");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(read->warnings.empty());
    const auto& s = read->scenario;
    ASSERT_EQ(s.nodes.size(), 32U);
    ASSERT_EQ(s.links.size(), 31U);
    EXPECT_EQ(s.nodes[2].name, "core5");
    EXPECT_EQ(s.nodes[2].addresses[0].address.to_string(), "198.18.0.1");
    EXPECT_EQ(s.nodes[31].addresses[1].address.to_string(), "2001:db8:c::1e");
    EXPECT_EQ(s.nodes[31].addresses[1].length, 128);
    EXPECT_FALSE(s.nodes[3].errors.silent);
    EXPECT_TRUE(s.nodes[4].errors.silent && s.nodes[31].errors.silent);
    EXPECT_EQ(s.nodes[10].errors.rate, 3);
    EXPECT_EQ(s.links[0].name, "me-core5");
    EXPECT_EQ(s.links[30].name, "core34-far");
    EXPECT_EQ(s.links[30].behaviour.delay, std::chrono::milliseconds{10});
}

TEST(ScenarioGenerators, MissingAddressesKeepClearOfThoseGiven) {
    scenario s;
    s.nodes.resize(300);
    s.nodes[1].addresses = {{*ip_address::parse("10.0.0.1"), 32}};
    s.links.push_back({"", {{2, {{*ip_address::parse("fd00::3"), 64}}}, {3, {}}}, {}, {}});
    add_missing_addresses(s);
    EXPECT_EQ(s.nodes[0].addresses[0].address.to_string(), "10.0.0.2");
    EXPECT_EQ(s.nodes[0].addresses[1].address.to_string(), "fd00::2");
    EXPECT_EQ(s.nodes[1].addresses.size(), 1U);
    EXPECT_TRUE(s.nodes[2].addresses.empty()) << "it has one on its link";
    EXPECT_EQ(s.nodes[3].addresses[0].address.to_string(), "10.0.0.4") << "the third of IPv6 is taken";
    EXPECT_EQ(s.nodes[255].addresses[0].address.to_string(), "10.0.1.2");
}

TEST(ScenarioGenerators, ANatOwnsWhatItTranslatesTo) {
    const auto outside = ip_address::parse("198.51.100.7").value();
    scenario s;
    s.nodes.resize(2);
    s.nodes[0].kind = node_kind::nat;
    s.nodes[0].nat.v4 = outside;
    add_translated_addresses(s);
    ASSERT_EQ(s.nodes[0].addresses.size(), 1U);
    EXPECT_EQ(s.nodes[0].addresses[0].address, outside);
    add_translated_addresses(s);
    EXPECT_EQ(s.nodes[0].addresses.size(), 1U);
    s.nodes[0].addresses.clear();
    s.nodes[1].addresses = {{outside, 32}};
    add_translated_addresses(s);
    EXPECT_TRUE(s.nodes[0].addresses.empty()) << "it is somebody else's already";
}

TEST(ScenarioGenerators, AllMissingAddressesDiffer) {
    scenario s;
    s.nodes.resize(2000);
    add_missing_addresses(s);
    std::set<ip_address> seen;
    for (const auto& n : s.nodes) {
        for (const auto& a : n.addresses) EXPECT_TRUE(seen.insert(a.address).second) << a.address.to_string();
    }
    EXPECT_EQ(seen.size(), 4000U);
}

}  // namespace
}  // namespace sonde::sim
