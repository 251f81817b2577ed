#include <gtest/gtest.h>

#include <sonde/sim/sim_rig_test.hpp>
#include <sonde/sim/topology.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(topology, leaves_and_the_core) {
    builder b = chain(2);
    b.add("alone", node_kind::host);
    b.add("dual", node_kind::host);
    b.join("dual", "r1");
    b.join("dual", "r2");
    const topology t{b.s};
    EXPECT_EQ(t.core_count(), 3U);
    EXPECT_EQ(t.core(b.n("us")), topology::no_core);
    EXPECT_EQ(t.core(b.n("alone")), topology::no_core);
    EXPECT_EQ(t.node_of_core(t.core(b.n("dual"))), b.n("dual"));
    EXPECT_TRUE(t.attachments(b.n("alone")).empty());
    EXPECT_EQ(t.attachments(b.n("r1")).size(), 3U);
    EXPECT_EQ(t.attachments(b.n("r1")).front(), (attachment{0, 1}));
    EXPECT_EQ(t.core_ends(0).size(), 1U);
    EXPECT_EQ(t.core_ends(1).size(), 2U);
    EXPECT_EQ(t.pipe(2, 1), 5U);
    EXPECT_EQ(t.pipe_count(), 10U);
    EXPECT_TRUE(t.is_on(b.n("us"), 0));
    EXPECT_FALSE(t.is_on(b.n("us"), 1));
}

TEST(topology, where_errors_come_from) {
    builder b = chain(1);
    const node_index r = b.n("r1");
    const topology t{b.s};
    const attachment in{0, 1};
    const auto source = [&](std::optional<attachment> from, family f) {
        return error_source(b.s, t.attachments(r), r, from, f);
    };
    EXPECT_EQ(source(in, family::v6), ip("2001:db8:1::2"));
    EXPECT_EQ(source(std::nullopt, family::v4), ip("10.0.1.2")) << "any interface";
    b.s.nodes[r].addresses = {at("192.0.2.1/32")};
    EXPECT_EQ(source(std::nullopt, family::v4), ip("192.0.2.1"));
    EXPECT_EQ(source(in, family::v4), ip("10.0.1.2"));
    b.s.links[0].ends[1].addresses.clear();
    EXPECT_EQ(source(in, family::v4), ip("192.0.2.1"));
    b.s.nodes[r].errors.source_v4 = ip("198.51.100.1");
    EXPECT_EQ(source(in, family::v4), ip("198.51.100.1"));
    for (auto& l : b.s.links) {
        for (auto& e : l.ends) e.addresses.clear();
    }
    EXPECT_FALSE(source(in, family::v6));
}

TEST(topology, directions) {
    link l{.name = "l", .ends = {{0}, {1}}, .behaviour = {.cost = 1}, .backwards = link_behaviour{.cost = 2}};
    EXPECT_EQ(behaviour_from(l, 0).cost, 1U);
    EXPECT_EQ(behaviour_from(l, 1).cost, 2U);
    l.backwards.reset();
    EXPECT_EQ(behaviour_from(l, 1).cost, 1U);
    EXPECT_TRUE(forwards(node_kind::nat) && forwards(node_kind::firewall) && forwards(node_kind::router));
    EXPECT_FALSE(forwards(node_kind::host) || forwards(node_kind::outside));
}

}  // namespace
}  // namespace sonde::sim
