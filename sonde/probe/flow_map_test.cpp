#include <gtest/gtest.h>

#include <sonde/probe/flow_map.hpp>
#include <sonde/probe/strategy_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

using namespace std::chrono_literals;

hop_answer from(unsigned number, answer_from kind = answer_from::hop) {
    return {.kind = kind, .from = kind == answer_from::destination ? target : router(number), .rtt = 1ms};
}

TEST(flow_map, joins_what_flows_show) {
    flow_map map(1, 30);
    for (std::uint16_t f = 0; f < 4; ++f) {
        map.see(1, f, from(1));
        map.see(2, f, from(2 + f % 2));
        map.see(3, f, from(0, answer_from::destination));
    }
    const path_graph g = map.graph(3);
    ASSERT_EQ(g.hops.size(), 3U);
    EXPECT_TRUE(g.reached);
    EXPECT_EQ(g.hops[1].vertices[0].flows, (std::vector<std::uint16_t>{0, 2}));
    EXPECT_EQ(g.hops[1].edges, (std::vector<path_edge>{{0, 0}, {0, 1}}));
    EXPECT_EQ(g.hops[2].edges, (std::vector<path_edge>{{0, 0}, {1, 0}}));
    EXPECT_TRUE(g.hops[2].vertices[0].destination);

    const auto standings = map.standings(1);
    ASSERT_EQ(standings.size(), 1U);
    EXPECT_EQ(standings[0].next.size(), 2U);
    EXPECT_EQ(standings[0].samples, 4U);
    EXPECT_EQ(map.standings(0)[0].next.size(), 1U);
    EXPECT_EQ(map.standings(3)[0].ended, 4U);
    EXPECT_EQ(map.standings(3)[0].ways(), 1U);
}

TEST(flow_map, ends_a_flow_at_the_least_hop_that_says_so) {
    flow_map map(1, 30);
    map.see(1, 0, from(1));
    map.see(5, 0, from(0, answer_from::destination));
    EXPECT_EQ(map.end_of(0), 5);
    map.see(3, 0, from(0, answer_from::destination));
    map.see(4, 0, from(0, answer_from::destination));
    EXPECT_EQ(map.end_of(0), 3);
    EXPECT_FALSE(map.counts(4, 0));
    EXPECT_TRUE(map.counts(3, 0));
    EXPECT_EQ(map.end_of(1), 255);
}

TEST(flow_map, ends_at_the_router_that_refuses_not_behind_it) {
    for (const bool error_first : {true, false}) {
        flow_map map(1, 30);
        const auto say = [&](std::uint8_t ttl) {
            map.see(ttl, 0, ttl == 2 ? from(2) : from(2, answer_from::unreachable));
        };
        say(error_first ? 3 : 2);
        say(error_first ? 2 : 3);
        EXPECT_EQ(map.end_of(0), 2);
        EXPECT_TRUE(map.unreachable());
        EXPECT_FALSE(map.reached());
    }
}

TEST(flow_map, bridges_silence_and_drops_it_at_the_end) {
    flow_map map(1, 30);
    map.see(1, 0, from(1));
    map.see_silence(2, 0);
    EXPECT_TRUE(map.silent(2, 0));
    EXPECT_TRUE(map.has_silent_vertex(2));
    EXPECT_EQ(map.graph(2).hops.size(), 1U);
    map.see(3, 0, from(3));
    const path_graph g = map.graph(3);
    ASSERT_EQ(g.hops.size(), 3U);
    EXPECT_EQ(g.hops[1].vertices[0].address, ip_address{});
    EXPECT_EQ(g.hops[2].edges, (std::vector<path_edge>{{0, 0}}));
}

TEST(flow_map, takes_routers_behind_a_balancer_by_packet_as_one) {
    flow_map map(1, 30);
    for (std::uint16_t f = 0; f < 3; ++f) {
        map.see(1, f, from(1));
        map.see(2, f, from(2 + f));
        map.see(3, f, from(6 + f));
    }
    map.see_again(2, 0, map.vertex_of(2, from(3)));
    EXPECT_EQ(map.standings(2).size(), 3U);
    map.mark_per_packet(2, map.standings(1)[0]);
    const auto together = map.standings(2);
    ASSERT_EQ(together.size(), 1U);
    EXPECT_EQ(together[0].vertices.size(), 3U);
    EXPECT_EQ(together[0].next.size(), 3U);
    EXPECT_TRUE(map.graph(3).hops[2].edges.empty());
    EXPECT_EQ(map.graph(3).hops[1].vertices[1].flows, (std::vector<std::uint16_t>{0, 1}));
}

TEST(flow_map, knows_where_flows_are_to_be_drawn_from) {
    flow_map map(1, 30);
    // Router 1 leads to 3 alone, router 2 to 4 and 5.
    for (std::uint16_t f = 0; f < 12; ++f) {
        map.see(1, f, from(f < 6 ? 1 : 2));
        if (f != 5 && f != 11) map.see(2, f, from(f < 6 ? 3 : 4 + f % 2));
    }
    const auto standings = map.standings(2);
    ASSERT_EQ(standings.size(), 3U);
    const flow_shares to_4 = map.shares(2, standings[1]);
    EXPECT_DOUBLE_EQ(map.share_of(to_4, 2, 5), 0);
    EXPECT_DOUBLE_EQ(map.share_of(to_4, 2, 11), 0.6);
    EXPECT_DOUBLE_EQ(map.share_of(to_4, 2, 100), 0.3);
    EXPECT_DOUBLE_EQ(to_4.waiting, 0);
    map.edit(2, 11).what = flow_cell::fate::waiting;
    EXPECT_DOUBLE_EQ(map.shares(2, standings[1]).waiting, 0.6);
}

TEST(flow_map, names_vertices_that_nothing_leads_to) {
    flow_map map(1, 30);
    map.see(1, 0, from(1));
    map.see(2, 0, from(2));
    map.see(2, 7, from(3));
    EXPECT_EQ(map.orphans(2), (std::vector<std::uint16_t>{7}));
    map.edit(1, 7).what = flow_cell::fate::waiting;
    EXPECT_TRUE(map.orphans(2).empty());
}

}  // namespace
}  // namespace sonde::probe::testing
