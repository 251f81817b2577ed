#include <gtest/gtest.h>

#include <sonde/sim/route_loops.hpp>

namespace sonde::sim {
namespace {

/// me - a - b - host, and a - c - b.
scenario ring() {
    scenario s;
    s.nodes.resize(5);
    const char* names[] = {"me", "a", "b", "c", "host"};
    for (node_index n = 0; n < 5; ++n) s.nodes[n].name = names[n];
    s.nodes[0].kind = node_kind::outside;
    s.nodes[4].kind = node_kind::host;
    s.nodes[4].addresses = {{*ip_address::parse("203.0.113.80"), 32}};
    for (const auto& [x, y] : std::vector<std::pair<node_index, node_index>>{{0, 1}, {1, 2}, {2, 4}, {1, 3}, {3, 2}}) {
        s.links.push_back({"", {{x, {}}, {y, {}}}, {}, {}});
    }
    return s;
}

const prefix documentation = *prefix::parse("203.0.113.80/32");

TEST(RouteLoops, NoneWithoutGivenRoutes) {
    EXPECT_TRUE(route_loops(ring()).empty());
}

TEST(RouteLoops, ADetourIsNone) {
    auto s = ring();
    s.routes.push_back({1, documentation, {3}, false});
    EXPECT_TRUE(route_loops(s).empty());
}

TEST(RouteLoops, TwoGivenRoutesAtEachOther) {
    auto s = ring();
    s.routes.push_back({1, *prefix::parse("198.51.100.0/24"), {2}, false});
    s.routes.push_back({2, *prefix::parse("198.51.100.0/24"), {1}, false});
    const auto loops = route_loops(s);
    ASSERT_EQ(loops.size(), 1U);
    EXPECT_EQ(loops[0].route, 0U);
    EXPECT_EQ(loops[0].nodes, (std::vector<node_index>{1, 2}));
}

TEST(RouteLoops, AGivenRouteBackIntoTheShortestPath) {
    auto s = ring();
    s.routes.push_back({2, documentation, {1}, false});
    const auto loops = route_loops(s);
    ASSERT_EQ(loops.size(), 1U);
    EXPECT_EQ(loops[0].nodes, (std::vector<node_index>{2, 1}));
}

TEST(RouteLoops, TheLongerMatchLeadsOut) {
    auto s = ring();
    s.nodes[4].addresses[0].length = 24;
    s.routes.push_back({2, *prefix::parse("203.0.113.0/24"), {1}, false});
    EXPECT_FALSE(route_loops(s).empty());
    s.routes.push_back({2, documentation, {4}, false});
    EXPECT_TRUE(route_loops(s).empty());
}

TEST(RouteLoops, HostsAndWhoIsOutsideForwardNothing) {
    auto s = ring();
    s.routes.push_back({0, *prefix::parse("0.0.0.0/0"), {1}, false});
    s.routes.push_back({1, *prefix::parse("0.0.0.0/0"), {0}, false});
    EXPECT_TRUE(route_loops(s).empty());
}

TEST(RouteLoops, ALinkThatIsDownLeadsNowhere) {
    auto s = ring();
    s.routes.push_back({2, documentation, {1}, false});
    s.links[2].behaviour.down = true;
    EXPECT_TRUE(route_loops(s).empty()) << "a does not know the way to the host any more";
}

}  // namespace
}  // namespace sonde::sim
