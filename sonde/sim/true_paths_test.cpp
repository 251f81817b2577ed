#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;
using responder = true_hop::responder;
using edges = std::vector<true_hop::edge>;

std::vector<std::vector<ip_address>> addresses_of(const std::vector<true_hop>& hops) {
    std::vector<std::vector<ip_address>> out;
    for (const true_hop& h : hops) {
        out.emplace_back();
        for (const responder& r : h.responders) out.back().push_back(r.address);
    }
    return out;
}
using truth = std::vector<std::vector<ip_address>>;

TEST(true_paths, of_a_chain) {
    builder b = chain(2);
    b.of("r2").errors.silent = true;
    const auto hops = true_paths(b.s, 0, ip("10.0.3.2"));
    EXPECT_EQ(addresses_of(hops), (truth{{ip("10.0.1.2")}, {ip("10.0.2.2")}, {ip("10.0.3.2")}}));
    EXPECT_FALSE(hops[0].responders[0].silent);
    EXPECT_TRUE(hops[1].responders[0].silent);
    EXPECT_TRUE(hops[2].responders[0].is_target);
    EXPECT_TRUE(hops[0].edges.empty());
    EXPECT_EQ(hops[2].edges, (edges{{0, 0}}));
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("2001:db8:2::2"))),
              (truth{{ip("2001:db8:1::2")}, {ip("2001:db8:2::2")}}));
    EXPECT_EQ(true_paths(b.s, 0, ip("10.0.3.2"), {}, 2).size(), 2U);
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("10.0.1.1"))), (truth{{ip("10.0.1.1")}})) << "ourselves";
}

TEST(true_paths, equal_ways_and_their_edges) {
    builder b;
    b.add("us", node_kind::outside);
    for (const char* name : {"a", "b", "c", "d"}) b.add(name, node_kind::router);
    b.join("us", "a", {"10.0.1.1/24", "10.0.1.2/24"});
    b.join("a", "b", {"10.0.2.1/24", "10.0.2.2/24"});
    b.join("a", "c", {"10.0.3.1/24", "10.0.3.2/24"});
    b.join("b", "d", {"10.0.4.1/24", "10.0.4.2/24"});
    b.join("c", "d", {"10.0.5.1/24", "10.0.5.2/24"});
    b.add("target", node_kind::host);
    b.join("d", "target", {"10.0.6.1/24", "10.0.6.2/24"});
    const auto hops = true_paths(b.s, 0, ip("10.0.6.2"));
    EXPECT_EQ(
        addresses_of(hops),
        (truth{
            {ip("10.0.1.2")}, {ip("10.0.2.2"), ip("10.0.3.2")}, {ip("10.0.4.2"), ip("10.0.5.2")}, {ip("10.0.6.2")}}));
    EXPECT_EQ(hops[1].edges, (edges{{0, 0}, {0, 1}}));
    EXPECT_EQ(hops[2].edges, (edges{{0, 0}, {1, 1}}));
    EXPECT_EQ(hops[3].edges, (edges{{0, 0}, {1, 0}}));
    b.of("a").forwarding.balance = balance::none;
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("10.0.6.2")))[1].size(), 1U);
}

TEST(true_paths, the_end_of_a_shorter_way_is_listed_once) {
    builder b;
    b.add("us", node_kind::outside);
    for (const char* name : {"s", "a", "b", "c", "d", "e"}) b.add(name, node_kind::router);
    b.add("target", node_kind::host, {"203.0.113.80/32"});
    b.join("us", "s", {"10.0.1.1/24", "10.0.1.2/24"});
    b.join("s", "a", {"10.0.2.1/24", "10.0.2.2/24"}, {.cost = 3});
    b.join("a", "e", {"10.0.3.1/24", "10.0.3.2/24"});
    b.join("s", "b", {"10.0.4.1/24", "10.0.4.2/24"});
    b.join("b", "c", {"10.0.5.1/24", "10.0.5.2/24"});
    b.join("c", "d", {"10.0.6.1/24", "10.0.6.2/24"});
    b.join("d", "e", {"10.0.7.1/24", "10.0.7.2/24"});
    b.join("e", "target");
    const auto hops = true_paths(b.s, 0, ip("203.0.113.80"));
    const ip_address target = ip("203.0.113.80");
    EXPECT_EQ(addresses_of(hops), (truth{{ip("10.0.1.2")},
                                         {ip("10.0.2.2"), ip("10.0.4.2")},
                                         {ip("10.0.3.2"), ip("10.0.5.2")},
                                         {ip("10.0.6.2"), target},
                                         {ip("10.0.7.2")},
                                         {target}}));
    EXPECT_EQ(hops[4].edges, (edges{{0, 0}}));
    EXPECT_EQ(hops[5].edges, (edges{{0, 0}}));
}

TEST(true_paths, ends_where_the_way_ends) {
    builder b = chain(2);
    b.s.routes = {{.at = b.n("us"), .to = net("0.0.0.0/0"), .via = {b.n("r1")}},
                  {.at = b.n("r1"), .to = net("198.51.100.0/24"), .via = {b.n("r2")}},
                  {.at = b.n("r2"), .to = net("198.51.100.0/25"), .blackhole = true},
                  {.at = b.n("r2"), .to = net("198.51.100.128/25")}};
    const truth first{{ip("10.0.1.2")}};
    const truth both{{ip("10.0.1.2")}, {ip("10.0.2.2")}};
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("203.0.113.1"))), first) << "it answers net unreachable";
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("198.51.100.1"))), first) << "a black hole says nothing";
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("198.51.100.200"))), both);
    const truth no_host{{ip("10.0.1.2")}, {ip("10.0.2.2")}, {ip("10.0.2.2")}};
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("10.0.3.77"))), no_host) << "first as a hop, then for the host";

    b.of("r2").rules = {{.then = firewall_rule::verdict::reject}};
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("10.0.3.2"))), no_host);
    b.of("r2").rules = {{.then = firewall_rule::verdict::drop}};
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("10.0.3.2"))), both);
}

TEST(true_paths, a_loop_closes) {
    builder b = chain(2);
    b.s.routes = {{.at = b.n("us"), .to = net("198.51.100.0/24"), .via = {b.n("r1")}},
                  {.at = b.n("r1"), .to = net("198.51.100.0/24"), .via = {b.n("r2")}},
                  {.at = b.n("r2"), .to = net("198.51.100.0/24"), .via = {b.n("r1")}}};
    const truth expected{{ip("10.0.1.2")}, {ip("10.0.2.2")}, {ip("10.0.2.1")}, {ip("10.0.2.2")}};
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("198.51.100.1"))), expected);
    b.of("r1").forwarding.decrements_ttl = false;
    b.of("r2").forwarding.decrements_ttl = false;
    EXPECT_TRUE(true_paths(b.s, 0, ip("198.51.100.1")).empty());
}

TEST(true_paths, at_a_later_time) {
    builder b = chain(2);
    b.s.changes = {
        {.at = 5s, .what = change::node_change{.node = b.n("r2"), .errors = {.source_v4 = ip("192.0.2.9")}}}};
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("10.0.3.2"), 4s))[1], std::vector{ip("10.0.2.2")});
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("10.0.3.2"), 5s))[1], std::vector{ip("192.0.2.9")});
}

TEST(true_paths, tunnels_and_populations) {
    builder b = chain(2);
    b.of("r1").forwarding.decrements_ttl = false;
    b.s.populations = {{.name = "all", .behind = b.n("r2"), .addresses = net("198.51.100.0/24")},
                       {.name = "none", .behind = b.n("r2"), .addresses = net("203.0.113.0/24"), .answering = 0}};
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("198.51.100.9"))), (truth{{ip("10.0.2.2")}, {ip("198.51.100.9")}}));
    EXPECT_EQ(addresses_of(true_paths(b.s, 0, ip("203.0.113.9"))), (truth{{ip("10.0.2.2")}}));
}

/// Routers in a ring with chords, a machine at one and a host at another.
builder random_internet(std::uint64_t seed) {
    random_stream random{seed};
    builder b;
    b.s.seed = seed;
    b.add("us", node_kind::outside);
    const auto routers = static_cast<unsigned>(3 + random.below(10));
    unsigned number = 0;
    const auto link = [&](const std::string& a, const std::string& c) {
        const std::string net = "10." + std::to_string(number / 250) + "." + std::to_string(number % 250) + ".";
        ++number;
        b.join(a, c, {net + "1/30", net + "2/30"});
        b.s.links.back().behaviour.cost = static_cast<std::uint32_t>(1 + random.below(2));
    };
    for (unsigned i = 0; i < routers; ++i) {
        node& r = b.add("r" + std::to_string(i), node_kind::router);
        r.forwarding.decrements_ttl = !random.happens(0.1);
    }
    b.add("target", node_kind::host, {"203.0.113.80/32"});
    const auto any = [&] { return "r" + std::to_string(random.below(routers)); };
    for (unsigned i = 0; i < routers; ++i) link("r" + std::to_string(i), "r" + std::to_string((i + 1) % routers));
    for (unsigned i = 0; i < routers; ++i) {
        const std::string a = any();
        const std::string c = any();
        if (a != c) link(a, c);
    }
    link("us", any());
    link(any(), "target");
    return b;
}

TEST(true_paths, are_what_probes_find) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        const builder b = random_internet(seed);
        const ip_address us = b.s.links[b.s.links.size() - 2].ends[0].addresses[0].address;
        const auto hops = true_paths(b.s, 0, ip("203.0.113.80"));
        ASSERT_FALSE(hops.empty());
        running lab(b);
        for (std::size_t ttl = 1; ttl <= hops.size(); ++ttl) {
            std::set<ip_address> found;
            for (std::uint16_t port = 0; port < 150; ++port) {
                const envelope e{.from = us, .to = ip("203.0.113.80"), .ttl = static_cast<std::uint8_t>(ttl)};
                found.insert(lab.answer(udp(e, static_cast<std::uint16_t>(20000 + port), 33434)).source());
            }
            const auto is_in = [&](const ip_address& who, std::size_t hop) {
                return std::ranges::find(hops[hop].responders, who, &responder::address) != hops[hop].responders.end();
            };
            for (const ip_address& who : found) {
                bool may = is_in(who, ttl - 1);
                // Whose way was shorter answers on.
                for (std::size_t hop = 0; hop < ttl && who == ip("203.0.113.80"); ++hop) may = may || is_in(who, hop);
                EXPECT_TRUE(may) << ttl << ' ' << who.to_string();
            }
            for (const responder& r : hops[ttl - 1].responders) {
                EXPECT_TRUE(found.contains(r.address)) << ttl << ' ' << r.address.to_string();
            }
        }
    }
}

}  // namespace
}  // namespace sonde::sim
