#include <gtest/gtest.h>

#include <sonde/sim/path_tree.hpp>
#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(path_tree, distances_are_those_of_bellman_and_ford) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        random_stream random{seed};
        builder b;
        const auto count = static_cast<unsigned>(2 + random.below(12));
        for (unsigned i = 0; i < count; ++i) {
            b.add("n" + std::to_string(i), node_kind::router).down = random.happens(0.1);
        }
        for (unsigned i = 0; i < 2 * count; ++i) {
            const auto a = static_cast<node_index>(random.below(count));
            const auto c = static_cast<node_index>(random.below(count));
            if (a == c) continue;
            b.s.links.push_back(
                {.name = "l",
                 .ends = {{a}, {c}},
                 .behaviour = {.cost = static_cast<std::uint32_t>(random.below(5)), .down = random.happens(0.1)}});
        }
        const topology t{b.s};
        const anchor goal{static_cast<node_index>(random.below(count)), 0};
        const path_tree tree{b.s, t, std::span{&goal, 1}};
        std::vector<std::uint64_t> expected(count, unreachable_distance);
        if (!b.s.nodes[goal.node].down) expected[goal.node] = 0;
        for (unsigned round = 0; round < count; ++round) {
            for (const link& l : b.s.links) {
                if (l.behaviour.down) continue;
                for (const unsigned from : {0U, 1U}) {
                    const node_index u = l.ends[from].node;
                    const node_index v = l.ends[1 - from].node;
                    if (b.s.nodes[u].down || expected[v] == unreachable_distance) continue;
                    expected[u] = std::min(expected[u], expected[v] + cost_from(l, from));
                }
            }
        }
        EXPECT_EQ(tree.distance, expected) << "seed " << seed;
        for (std::uint32_t n = 0; n < count; ++n) {
            EXPECT_EQ(tree.hops_of(n).empty(), expected[n] == 0 || expected[n] == unreachable_distance);
            for (const next_hop& h : tree.hops_of(n)) {
                EXPECT_EQ(expected[h.node] + cost_from(b.s.links[h.link], h.out), expected[n]);
                EXPECT_EQ(b.s.links[h.link].ends[h.out].node, n);
                EXPECT_EQ(b.s.links[h.link].ends[h.in].node, h.node);
            }
        }
    }
}

TEST(path_tree, anchors_may_be_some_way_off) {
    const builder b = chain(3);
    const topology t{b.s};
    const std::vector<anchor> anchors{{b.n("r1"), 5}, {b.n("r3"), 1}};
    const path_tree tree{b.s, t, anchors};
    EXPECT_EQ(tree.distance, (std::vector<std::uint64_t>{3, 2, 1}));
    EXPECT_EQ(tree.hops_of(0).size(), 1U);
}

}  // namespace
}  // namespace sonde::sim
