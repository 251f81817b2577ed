// Which way packets go.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

/// us - a - (b, c, d) - e - target
builder diamond() {
    builder b;
    b.add("us", node_kind::outside);
    for (const char* name : {"a", "b", "c", "d", "e"}) b.add(name, node_kind::router);
    b.add("target", node_kind::host);
    b.join("us", "a", {"10.0.1.1/24", "10.0.1.2/24", "2001:db8:1::1/64", "2001:db8:1::2/64"});
    unsigned number = 10;
    for (const char* middle : {"b", "c", "d"}) {
        const std::string i = std::to_string(number++);
        const std::string j = std::to_string(number++);
        b.join("a", middle,
               {"10.0." + i + ".1/24", "10.0." + i + ".2/24", "2001:db8:" + i + "::1/64", "2001:db8:" + i + "::2/64"});
        b.join(middle, "e",
               {"10.0." + j + ".1/24", "10.0." + j + ".2/24", "2001:db8:" + j + "::1/64", "2001:db8:" + j + "::2/64"});
    }
    b.join("e", "target", {"10.0.2.1/24", "10.0.2.2/24", "2001:db8:2::1/64", "2001:db8:2::2/64"});
    return b;
}

const envelope v4{.from = ip("10.0.1.1"), .to = ip("10.0.2.2"), .ttl = 2};
const envelope v6{.from = ip("2001:db8:1::1"), .to = ip("2001:db8:2::2"), .ttl = 2};

std::map<ip_address, int> second_hops(running& lab, const envelope& e, int flows, bool same_flow = false) {
    std::map<ip_address, int> seen;
    for (int i = 0; i < flows; ++i) {
        ++seen[lab.answer(udp(e, static_cast<std::uint16_t>(same_flow ? 7 : 1000 + i), 33434)).source()];
    }
    return seen;
}

TEST(network_routes, flows_are_spread_and_stay) {
    for (const envelope& e : {v4, v6}) {
        running lab(diamond());
        const auto spread = second_hops(lab, e, 300);
        EXPECT_EQ(spread.size(), 3U);
        for (const auto& [_, count] : spread) EXPECT_NEAR(count, 100, 35);
        EXPECT_EQ(second_hops(lab, e, 50, true).size(), 1U);
    }
}

TEST(network_routes, what_a_flow_is) {
    running lab(diamond());
    std::set<ip_address> by_label;
    std::set<ip_address> by_checksum;
    std::set<ip_address> by_identifier;
    for (std::uint16_t i = 0; i < 60; ++i) {
        envelope e = v6;
        e.flow_label = i;
        by_label.insert(lab.answer(udp(e, 7, 7)).source());
        by_checksum.insert(lab.answer(echo_request(v4, i)).source());
        by_identifier.insert(lab.answer(echo_request(v4, static_cast<std::uint16_t>(5000 - i), 16, i)).source());
    }
    EXPECT_EQ(by_label.size(), 3U);
    EXPECT_EQ(by_checksum.size(), 3U);
    EXPECT_EQ(by_identifier.size(), 3U);
}

TEST(network_routes, in_turn_and_not_at_all) {
    builder b = diamond();
    b.of("a").forwarding.balance = balance::packet;
    running turns(b);
    for (const auto& [_, count] : second_hops(turns, v4, 30, true)) EXPECT_EQ(count, 10);
    b.of("a").forwarding.balance = balance::none;
    running first(b);
    EXPECT_EQ(second_hops(first, v4, 30).size(), 1U);
}

TEST(network_routes, routers_choose_differently) {
    // A second diamond behind the first: with one hash for all, each of its ways would see one flow in nine.
    builder b = diamond();
    for (const char* name : {"f", "g", "h"}) b.add(name, node_kind::router);
    b.add("last", node_kind::host);
    unsigned number = 30;
    for (const char* middle : {"f", "g"}) {
        const std::string i = std::to_string(number++);
        b.join("e", middle, {"10.0." + i + ".1/24", "10.0." + i + ".2/24"});
        b.join(middle, "h");
    }
    b.join("h", "last", {"10.0.3.1/24", "10.0.3.2/24"});
    running lab(b);
    std::map<std::pair<ip_address, ip_address>, int> pairs;
    for (std::uint16_t port = 0; port < 240; ++port) {
        envelope e{.from = v4.from, .to = ip("10.0.3.2"), .ttl = 2};
        const auto second = lab.answer(udp(e, port, 1)).source();
        e.ttl = 4;
        ++pairs[{second, lab.answer(udp(e, port, 1)).source()}];
    }
    EXPECT_EQ(pairs.size(), 6U);
    for (const auto& [_, count] : pairs) EXPECT_GT(count, 15);
}

TEST(network_routes, the_cheapest_way) {
    builder b = diamond();
    b.between("a", "b").behaviour.cost = 5;
    b.between("a", "c").behaviour.cost = 5;
    running lab(b);
    EXPECT_EQ(second_hops(lab, v4, 30), (std::map<ip_address, int>{{ip("10.0.14.2"), 30}}));
}

TEST(network_routes, a_way_that_breaks_and_comes_back) {
    builder b = diamond();
    link_behaviour down{.delay = 1ms, .down = true};
    b.s.changes = {{.at = 10s, .what = change::link_change{.link = b.l("a", "b"), .behaviour = down}},
                   {.at = 20s, .what = change::node_change{.node = b.n("c"), .down = true}},
                   {.at = 30s, .what = change::link_change{.link = b.l("a", "b"), .behaviour = {.delay = 1ms}}}};
    running lab(b);
    EXPECT_EQ(second_hops(lab, v4, 60).size(), 3U);
    lab.wait_until(10s);
    EXPECT_EQ(second_hops(lab, v4, 60).size(), 2U);
    lab.wait_until(20s);
    EXPECT_EQ(second_hops(lab, v4, 60), (std::map<ip_address, int>{{ip("10.0.14.2"), 60}}));
    lab.wait_until(30s);
    EXPECT_EQ(second_hops(lab, v4, 60).size(), 2U);
}

TEST(network_routes, given_ones) {
    builder b = diamond();
    b.s.routes = {{.at = b.n("a"), .to = net("10.0.2.0/24"), .via = {b.n("c")}},
                  {.at = b.n("a"), .to = net("198.51.100.0/24"), .via = {b.n("b"), b.n("d")}},
                  {.at = b.n("b"), .to = net("198.51.100.0/24")},
                  {.at = b.n("d"), .to = net("198.51.100.0/24"), .blackhole = true},
                  {.at = b.n("us"), .to = net("0.0.0.0/0"), .via = {b.n("a")}}};
    running lab(b);
    EXPECT_EQ(second_hops(lab, v4, 20), (std::map<ip_address, int>{{ip("10.0.12.2"), 20}}));
    int rejected = 0;
    for (std::uint16_t port = 0; port < 40; ++port) {
        const auto answers = lab.ask(udp({.from = v4.from, .to = ip("198.51.100.1")}, port, 1));
        if (answers.empty()) continue;
        ++rejected;
        EXPECT_EQ(answers[0].source(), ip("10.0.10.2"));
        EXPECT_EQ(answers[0].type_and_code(), (std::pair{3, 1}));
    }
    EXPECT_GT(rejected, 8);
    EXPECT_EQ(lab.ended(fate::rejected), static_cast<std::uint64_t>(rejected));
    EXPECT_EQ(lab.ended(fate::blackholed), static_cast<std::uint64_t>(40 - rejected));
    // By the default route: the first router knows no way.
    const arrival none = lab.answer(udp({.from = v4.from, .to = ip("203.0.113.1")}, 1, 1));
    EXPECT_EQ(none.source(), ip("10.0.1.2"));
    EXPECT_EQ(none.type_and_code(), (std::pair{3, 0}));
}

TEST(network_routes, a_loop_ends_by_the_ttl) {
    builder b = chain(2);
    b.s.routes = {{.at = b.n("us"), .to = net("198.51.100.0/24"), .via = {b.n("r1")}},
                  {.at = b.n("r1"), .to = net("198.51.100.0/24"), .via = {b.n("r2")}},
                  {.at = b.n("r2"), .to = net("198.51.100.0/24"), .via = {b.n("r1")}}};
    const envelope e{.from = ip("10.0.1.1"), .to = ip("198.51.100.1"), .ttl = 64};
    running lab(b);
    EXPECT_EQ(lab.answer(udp(e, 1, 1)).type_and_code(), (std::pair{11, 0}));
    EXPECT_EQ(lab.net.counts().forwarded, 63U + 1U);
    // And where no TTL is decremented, by the simulator.
    b.of("r1").forwarding.decrements_ttl = false;
    b.of("r2").forwarding.decrements_ttl = false;
    b.between("r1", "r2").behaviour.delay = {};
    running endless(b);
    EXPECT_TRUE(endless.ask(udp(e, 1, 1)).empty());
    EXPECT_EQ(endless.ended(fate::expired), 1U);
}

TEST(network_routes, a_path_change_by_new_routes) {
    builder b = diamond();
    b.s.routes = {{.at = b.n("a"), .to = net("10.0.2.0/24"), .via = {b.n("b")}}};
    b.s.changes = {
        {.at = 60s, .what = change::routes_change{{{.at = b.n("a"), .to = net("10.0.2.0/24"), .via = {b.n("d")}}}}}};
    running lab(b);
    EXPECT_EQ(second_hops(lab, v4, 5), (std::map<ip_address, int>{{ip("10.0.10.2"), 5}}));
    lab.wait_until(60s);
    EXPECT_EQ(second_hops(lab, v4, 5), (std::map<ip_address, int>{{ip("10.0.14.2"), 5}}));
}

TEST(network_routes, a_node_that_is_down_loses_what_comes_and_what_it_owes) {
    builder b = chain(1);
    b.of("target").host.delay = 5s;
    b.s.changes = {{.at = 2s, .what = change::node_change{.node = b.n("target"), .down = true}}};
    running lab(b);
    EXPECT_TRUE(lab.ask(echo_request({.from = ip("10.0.1.1"), .to = ip("10.0.2.2")})).empty());
    EXPECT_EQ(lab.ended(fate::node_down), 1U);
    EXPECT_EQ(lab.ended(fate::answered), 1U);
}

}  // namespace
}  // namespace sonde::sim
