#include <gtest/gtest.h>

#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/routing.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

struct router_rig {
    explicit router_rig(builder b) : s(std::move(b.s)), graph(s), addresses(s), routes(s, graph, addresses) {}
    scenario s;
    topology graph;
    address_table addresses;
    routing routes;

    way at(std::string_view from, const ip_address& to) {
        return routes.at(s.find_node(from).value(), addresses.find(to), to);
    }
    std::vector<std::string> next(std::string_view from, const ip_address& to) {
        std::vector<std::string> names;
        for (const next_hop& h : at(from, to).hops) names.push_back(s.nodes[h.node].name);
        return names;
    }
};

using names = std::vector<std::string>;

builder office() {
    builder b;
    b.add("us", node_kind::outside);
    b.add("a", node_kind::router);
    b.add("b", node_kind::router);
    b.add("pc", node_kind::host);
    b.add("pc2", node_kind::host);
    b.join("us", "a", {"10.0.1.1/24", "10.0.1.2/24"});
    b.join("us", "b", {"10.0.2.1/24", "10.0.2.2/24"});
    b.s.links.push_back({.name = "lan",
                         .ends = {{b.n("a"), {at("10.0.9.1/24")}},
                                  {b.n("b"), {at("10.0.9.2/24")}},
                                  {b.n("pc"), {at("10.0.9.3/24")}},
                                  {b.n("pc2"), {at("10.0.9.4/24")}}}});
    return b;
}

TEST(routing, over_a_lan) {
    router_rig r(office());
    EXPECT_EQ(r.next("us", ip("10.0.9.3")), (names{"a", "b"}));
    EXPECT_EQ(r.next("a", ip("10.0.9.3")), (names{"pc"}));
    EXPECT_EQ(r.next("pc", ip("10.0.9.4")), (names{"pc2"})) << "neighbours need no router";
    EXPECT_EQ(r.next("pc", ip("10.0.1.1")), (names{"a", "b"})) << "who is on two links is one hop from both";
    EXPECT_EQ(r.at("us", ip("10.0.2.1")).what, way::kind::local);
    EXPECT_EQ(r.at("a", ip("10.0.9.99")).what, way::kind::no_host);
    EXPECT_EQ(r.at("pc", ip("10.0.9.255")).what, way::kind::broadcast);
    EXPECT_EQ(r.next("us", ip("10.0.9.255")), (names{"a", "b"}));
    EXPECT_EQ(r.at("us", ip("192.0.2.1")).what, way::kind::none);
    EXPECT_EQ(r.at("us", ip("224.0.0.1")).what, way::kind::none);
}

TEST(routing, what_is_down_is_not_there) {
    router_rig r(office());
    EXPECT_EQ(r.next("us", ip("10.0.9.3")), (names{"a", "b"}));
    r.s.nodes[r.s.find_node("a").value()].down = true;
    EXPECT_EQ(r.next("us", ip("10.0.9.3")), (names{"a", "b"})) << "until it hears of it";
    r.routes.forget();
    EXPECT_EQ(r.next("us", ip("10.0.9.3")), (names{"b"}));
    EXPECT_EQ(r.next("pc", ip("10.0.1.1")), (names{"b"}));
    r.s.links[2].behaviour.down = true;
    r.routes.forget();
    EXPECT_EQ(r.at("us", ip("10.0.9.3")).what, way::kind::none);
    EXPECT_EQ(r.at("pc", ip("10.0.9.4")).what, way::kind::none);
}

TEST(routing, given_routes_by_length) {
    builder b = office();
    b.s.routes = {{.at = b.n("us"), .to = net("10.0.0.0/8"), .via = {b.n("b")}},
                  {.at = b.n("a"), .to = net("10.0.9.0/24"), .via = {b.n("b")}},
                  {.at = b.n("b"), .to = net("10.0.9.3/32"), .blackhole = true},
                  {.at = b.n("b"), .to = net("10.0.9.0/25"), .via = {b.n("pc"), b.n("us")}}};
    router_rig r(b);
    EXPECT_EQ(r.next("us", ip("10.0.9.3")), (names{"a", "b"})) << "shorter than what is known";
    EXPECT_EQ(r.next("us", ip("10.77.0.1")), (names{"b"})) << "nothing is known";
    EXPECT_EQ(r.next("a", ip("10.0.9.3")), (names{"b"})) << "as long";
    EXPECT_EQ(r.at("b", ip("10.0.9.3")).what, way::kind::blackholed);
    EXPECT_EQ(r.next("b", ip("10.0.9.4")), (names{"us", "pc"}));
    EXPECT_EQ(r.at("a", ip("10.0.9.1")).what, way::kind::local) << "before all routes";
    for (link& l : r.s.links) l.behaviour.down = true;
    r.routes.forget();
    EXPECT_EQ(r.at("us", ip("10.77.0.1")).what, way::kind::none) << "the neighbour is out of reach";
}

TEST(routing, the_longest_of_many_given_routes) {
    builder b = office();
    random_stream random{1};
    const auto any_of = [&](bool v4) {
        const auto number = static_cast<std::uint32_t>(random.number());
        return v4 ? ip_address::v4(0x0a00'0000U | (number & 0x3'0f0fU))
                  : ip("2001:db8::" + std::to_string(number % 40));
    };
    for (int i = 0; i < 500; ++i) {
        const bool v4 = random.happens(0.5);
        const std::uint64_t length = v4 ? 14 + random.below(19) : 100 + random.below(29);
        b.s.routes.push_back({.at = b.n("pc"),
                              .to = net(any_of(v4).to_string() + "/" + std::to_string(length)),
                              .blackhole = random.happens(0.5)});
    }
    router_rig r(b);
    for (int i = 0; i < 2000; ++i) {
        const ip_address to = any_of(i % 2 == 0);
        const route* longest = nullptr;
        for (const route& of : r.s.routes) {
            if (of.to.contains(to) && (longest == nullptr || of.to.length() > longest->to.length())) longest = &of;
        }
        auto expected = r.routes.computed(r.s.find_node("pc").value(), r.addresses.find(to)).what;
        const unsigned known = expected == way::kind::none ? 0 : r.addresses[r.addresses.find(to)].length;
        if (expected != way::kind::local && longest != nullptr && longest->to.length() >= known) {
            expected = longest->blackhole ? way::kind::blackholed : way::kind::rejected;
        }
        EXPECT_EQ(r.at("pc", to).what, expected) << to.to_string();
    }
}

TEST(routing, trees_are_bounded) {
    builder b;
    b.add("us", node_kind::outside, {"10.255.0.1/32"});
    constexpr unsigned routers = 2100;
    for (unsigned i = 0; i < routers; ++i) {
        b.add("r" + std::to_string(i), node_kind::router, {ip_address::v4(0x0a00'0001U + i).to_string() + "/32"});
    }
    // By index: looking up names would take long.
    for (node_index i = 0; i < routers; ++i) b.s.links.push_back({.name = "l", .ends = {{i, {}}, {i + 1, {}}}});
    router_rig r(b);
    bool is_full = false;
    for (unsigned i = 1; i < routers; ++i) {
        const std::size_t before = r.routes.tree_nodes();
        const ip_address to = ip_address::v4(0x0a00'0001U + i);
        const way w = r.routes.at(1, r.addresses.find(to), to);
        ASSERT_EQ(w.hops.size(), 1U);
        ASSERT_EQ(w.hops.front().node, 2U);
        ASSERT_LE(r.routes.tree_nodes(), routing::tree_nodes_max);
        is_full = is_full || r.routes.tree_nodes() < before;
    }
    EXPECT_TRUE(is_full) << "the bound was never reached";
}

TEST(routing, anycast_by_distance) {
    builder b = chain(3);
    b.add("one", node_kind::host, {"192.0.2.1/32"});
    b.add("two", node_kind::host, {"192.0.2.1/32"});
    b.join("r1", "one");
    b.join("r3", "two");
    router_rig r(b);
    const ip_address shared = ip("192.0.2.1");
    EXPECT_EQ(r.next("us", shared), (names{"r1"}));
    EXPECT_EQ(r.next("r1", shared), (names{"one"}));
    EXPECT_EQ(r.next("r2", shared), (names{"r1", "r3"}));
    EXPECT_EQ(r.next("target", shared), (names{"r3"}));
    EXPECT_EQ(r.at("two", shared).what, way::kind::local);
}

TEST(routing, costs_in_each_direction) {
    builder b = office();
    b.between("us", "a").behaviour.cost = 5;
    b.between("us", "a").backwards = link_behaviour{.cost = 1};
    router_rig r(b);
    EXPECT_EQ(r.next("us", ip("10.0.9.3")), (names{"b"}));
    EXPECT_EQ(r.next("pc", ip("10.0.1.1")), (names{"a", "b"})) << "back it is cheap";
}

TEST(routing, a_host_with_two_links_is_no_way_through) {
    builder b;
    b.add("us", node_kind::outside);
    b.add("dual", node_kind::host);
    b.add("r", node_kind::router, {"192.0.2.1/32"});
    b.join("us", "dual", {"10.0.1.1/24", "10.0.1.2/24"});
    b.join("dual", "r", {"10.0.2.1/24", "10.0.2.2/24"});
    router_rig r(b);
    EXPECT_EQ(r.next("us", ip("10.0.2.1")), (names{"dual"}));
    EXPECT_EQ(r.at("us", ip("192.0.2.1")).what, way::kind::none);
}

}  // namespace
}  // namespace sonde::sim
