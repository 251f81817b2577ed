#include <gtest/gtest.h>

#include <sonde/sim/scenario_change.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(scenario_change, links_and_nodes) {
    builder b = chain(1);
    b.s.links[0].backwards = link_behaviour{.delay = 9ms};
    apply(b.s, {.what = change::link_change{.link = 0, .behaviour = {.delay = 3ms}}});
    EXPECT_EQ(b.s.links[0].behaviour.delay, 3ms);
    EXPECT_FALSE(b.s.links[0].backwards);
    apply(b.s, {.what = change::node_change{.node = 1, .down = true, .errors = {.silent = true}}});
    EXPECT_TRUE(b.s.nodes[1].down && b.s.nodes[1].errors.silent);
}

TEST(scenario_change, routes_of_the_same_node_and_prefix) {
    builder b = chain(1);
    b.s.routes = {{.at = 0, .to = net("10.0.0.0/8"), .via = {1}}, {.at = 1, .to = net("10.0.0.0/8"), .via = {0}}};
    apply(b.s, {.what = change::routes_change{
                    {{.at = 1, .to = net("10.0.0.0/8"), .blackhole = true}, {.at = 1, .to = net("10.0.0.0/9")}}}});
    ASSERT_EQ(b.s.routes.size(), 3U);
    EXPECT_EQ(b.s.routes[0].at, 0U);
    EXPECT_TRUE(b.s.routes[1].blackhole);
    EXPECT_EQ(b.s.routes[2].to.length(), 9U);
}

}  // namespace
}  // namespace sonde::sim
