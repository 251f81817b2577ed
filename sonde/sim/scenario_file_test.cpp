#include <gtest/gtest.h>

#include <sonde/sim/scenario_file.hpp>

namespace sonde::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* two = R"(
[[node]]
name = "me"
kind = "outside"
[[node]]
name = "r1"
[[link]]
between = ["me", "r1"]
)";

/// What is said about the small scenario with more behind it.
std::string complaint(const std::string& more, const char* before = two) {
    const auto read = read_scenario(before + more, "a.toml");
    return read ? "" : read.error().what;
}

scenario good(const std::string& more) {
    auto read = read_scenario(two + more, "a.toml");
    EXPECT_TRUE(read) << read.error().what;
    if (!read) return {};
    EXPECT_TRUE(read->warnings.empty()) << read->warnings.front();
    return std::move(read->scenario);
}

TEST(ScenarioFile, TheLeastThereIs) {
    const auto s = good("");
    ASSERT_EQ(s.nodes.size(), 2U);
    EXPECT_EQ(s.vantage(), 0U);
    EXPECT_EQ(s.nodes[1].kind, node_kind::router);
    ASSERT_EQ(s.nodes[1].addresses.size(), 2U);
    EXPECT_EQ(s.nodes[1].addresses[0].address.to_string(), "10.0.0.2");
    EXPECT_EQ(s.nodes[1].addresses[1].address.to_string(), "fd00::2");
    EXPECT_EQ(s.links[0].name, "me-r1");
    EXPECT_EQ(s.links[0].behaviour.mtu, 1500U);
}

TEST(ScenarioFile, EverythingOfANode) {
    const auto s = good(R"(
[[node]]
name = "all"
kind = "host"
addresses = ["192.0.2.7", "2001:db8::7/64"]
errors = { delay = "1ms", jitter = "2ms", rate = 2.5, burst = 3, mpls = [24001, { label = 16, tc = 5, ttl = 9 }], interface_information = true, legacy_extension = true, bad_checksum = true, quote = 8, source = ["10.9.9.9", "2001:db8::99"], ttl = 64 }
host = { echo = false, broadcast = false, delay = "3ms", unreachable = 10, udp = { default = "filtered", 7 = "echo" }, tcp = "open" }
forward = { balance = "packet", tos = 0x20, decrement = false }
[[link]]
between = ["r1", "all"]
)");
    const auto& n = s.nodes.at(2);
    EXPECT_EQ(n.addresses[1].length, 64);
    EXPECT_EQ(n.errors.delay, 1ms);
    EXPECT_EQ(n.errors.jitter, 2ms);
    EXPECT_DOUBLE_EQ(n.errors.rate, 2.5);
    EXPECT_EQ(n.errors.burst, 3U);
    const std::vector<wire::mpls_label> labels{{24001, 0, false, 1}, {16, 5, true, 9}};
    EXPECT_EQ(n.errors.mpls, labels);
    EXPECT_TRUE(n.errors.interface_information && n.errors.legacy_extension && n.errors.bad_checksum);
    EXPECT_EQ(n.errors.quote, 8);
    EXPECT_EQ(n.errors.source_v4->to_string(), "10.9.9.9");
    EXPECT_EQ(n.errors.source_v6->to_string(), "2001:db8::99");
    EXPECT_EQ(n.errors.ttl, 64);
    EXPECT_FALSE(n.host.echo || n.host.broadcast_echo);
    EXPECT_EQ(n.host.unreachable_code, 10);
    EXPECT_EQ(n.host.udp.of(7), port_state::echo);
    EXPECT_EQ(n.host.udp.of(8), port_state::filtered);
    EXPECT_EQ(n.host.tcp.of(8), port_state::open);
    EXPECT_EQ(n.forwarding.balance, balance::packet);
    EXPECT_EQ(n.forwarding.traffic_class, 0x20);
    EXPECT_FALSE(n.forwarding.decrements_ttl);
}

TEST(ScenarioFile, ALinkIsCalledAfterItsEnds) {
    std::string more;
    std::string ends = "'r1'";
    for (int i = 2; i <= 9; ++i) {
        more += "[[node]]\nname = 'r" + std::to_string(i) + "'\n";
        ends += ", 'r" + std::to_string(i) + "'";
        if (i >= 8) more += "[[link]]\nbetween = [" + ends + "]\n";
    }
    const auto s = good(more);
    ASSERT_EQ(s.links.size(), 3U);
    EXPECT_EQ(s.links[1].name, "r1-r2-r3-r4-r5-r6-r7-r8");
    EXPECT_EQ(s.links[2].name, "r1-r2-r3-r4-and-5-more");
}

TEST(ScenarioFile, EverythingOfALink) {
    const auto s = good(R"(
[defaults.link]
delay = "9ms"
[[node]]
name = "r2"
[[node]]
name = "r3"
[[link]]
between = ["r1", "r2", "r3"]
name = "lan"
addresses = { r1 = "10.1.0.1/24", r3 = ["10.1.0.3/24", "2001:db8:1::3/64"] }
[[link]]
between = ["r2", "r3"]
loss = "1%"
duplicate = 0.5
reorder = "2%"
corrupt = "3%"
bandwidth = "10Mbit"
queue = 5
mtu = 1280
cost = 7
backwards = { delay = "1ms", cost = 2 }
[[link]]
path = ["r1", "r2", "r3"]
)");
    ASSERT_EQ(s.links.size(), 5U);
    EXPECT_EQ(s.links[0].behaviour.delay, 9ms) << "defaults hold for the whole file";
    EXPECT_EQ(s.links[1].name, "lan");
    EXPECT_EQ(s.links[1].ends.size(), 3U);
    EXPECT_TRUE(s.links[1].ends[1].addresses.empty());
    EXPECT_EQ(s.links[1].ends[2].addresses[1].length, 64);
    const auto& l = s.links[2];
    EXPECT_DOUBLE_EQ(l.behaviour.loss, 0.01);
    EXPECT_DOUBLE_EQ(l.behaviour.bandwidth, 1e7);
    EXPECT_EQ(l.behaviour.cost, 7U);
    EXPECT_EQ(l.backwards->cost, 2U);
    EXPECT_EQ(l.backwards->delay, 1ms);
    EXPECT_EQ(l.backwards->mtu, 1280U) << "what is not said backwards is as forwards";
    EXPECT_EQ(s.links[3].name, "r1-r2");
    EXPECT_EQ(s.links[4].name, "r2-r3#2");
}

TEST(ScenarioFile, NatAndFirewall) {
    const auto s = good(R"(
[[node]]
name = "n"
kind = "nat"
nat = { inside = ["10.0.0.0/8"], address = "192.0.2.9", mappings = 5, idle = "90s", translates_quotes = false }
[[node]]
name = "f"
kind = "firewall"
rules = [{ then = "reject", protocol = "udp", port = 53, from = "10.0.0.0/8", to = "192.0.2.1", code = 9 }, { then = "pass" }]
[[link]]
path = ["r1", "n", "f"]
)");
    EXPECT_EQ(s.nodes[2].nat.v4->to_string(), "192.0.2.9");
    EXPECT_EQ(s.nodes[2].nat.mappings, 5U);
    EXPECT_EQ(s.nodes[2].nat.idle, std::chrono::seconds{90});
    EXPECT_FALSE(s.nodes[2].nat.translates_quotes);
    ASSERT_EQ(s.nodes[3].rules.size(), 2U);
    EXPECT_EQ(s.nodes[3].rules[0].protocol, 17);
    EXPECT_EQ(s.nodes[3].rules[0].port, 53);
    EXPECT_EQ(s.nodes[3].rules[0].reject_code, 9);
    EXPECT_EQ(s.nodes[3].rules[0].destination->length(), 32U);
    EXPECT_EQ(s.nodes[3].rules[1].then, firewall_rule::verdict::pass);
}

TEST(ScenarioFile, RoutesAndPopulations) {
    const auto s = good(R"(
[[route]]
at = "me"
to = "default"
via = "r1"
[[route]]
at = "r1"
to = "203.0.113.0/24"
blackhole = true
[[route]]
at = "r1"
to = "198.51.100.0/24"
reject = true
[[population]]
name = "many"
behind = "r1"
addresses = ["10.64.0.0/16", "2001:db8:64::/112"]
answering = "60%"
report_missing = true
host = { delay = "5ms" }
)");
    ASSERT_EQ(s.routes.size(), 4U);
    EXPECT_EQ(s.routes[1].to.length(), 0U);
    EXPECT_TRUE(s.routes[2].blackhole);
    EXPECT_TRUE(s.routes[3].via.empty() && !s.routes[3].blackhole);
    ASSERT_EQ(s.populations.size(), 2U);
    EXPECT_EQ(s.populations[1].name, "many#2");
    EXPECT_DOUBLE_EQ(s.populations[1].answering, 0.6);
    EXPECT_EQ(s.populations[1].host.delay, 5ms);
}

TEST(ScenarioFile, ChangesBuildOnThoseBefore) {
    const auto s = good(R"(
[[change]]
at = "60s"
link = "me-r1"
loss = "5%"
[[change]]
at = "30s"
link = "me-r1"
down = true
delay = "2ms"
[[change]]
at = "10s"
node = "r1"
errors = { silent = true }
[[change]]
at = "90s"
route = [{ at = "r1", to = "203.0.113.0/24", blackhole = true }]
)");
    ASSERT_EQ(s.changes.size(), 4U);
    EXPECT_TRUE(std::get<change::node_change>(s.changes[0].what).errors.silent);
    EXPECT_EQ(s.changes[1].at, 30s);
    EXPECT_EQ(s.changes[1].line, 14U);
    const auto& last = std::get<change::link_change>(s.changes[2].what).behaviour;
    EXPECT_TRUE(last.down) << "as the change at 30 s left it";
    EXPECT_EQ(last.delay, 2ms);
    EXPECT_DOUBLE_EQ(last.loss, 0.05);
    EXPECT_EQ(std::get<change::routes_change>(s.changes[3].what).routes.size(), 1U);
}

TEST(ScenarioFile, ExpectationsAreNobodysBusiness) {
    EXPECT_EQ(complaint("[[expected]]\ntarget = \"10.0.0.2\"\nanything = [1, { x = 2 }]\n"), "");
}

struct wrong_file {
    const char* more;
    const char* said;
};

TEST(ScenarioFile, EveryErrorIsALineWithWhatWasExpected) {
    const wrong_file files[] = {
        {"[[nodes]]\nname='x'", "a.toml:9: unknown key 'nodes' in the scenario; did you mean 'node'?"},
        {"[[node]]", "a.toml:9: a node without 'name'; expected a name in quotes"},
        {"[[node]]\nname='r1'", "a.toml:9: there is a node 'r1' already, in line 5; expected another name"},
        {"[[node]]\nname='a b'",
         "a.toml:9: 'a b' is no name for a node; expected 1 to 63 of the letters a-z A-Z 0-9 . _ - #"},
        {"[[node]]\nname='x'\nkind='ruoter'", "a.toml:11: 'kind' of a node is 'ruoter'; did you mean 'router'?"},
        {"[[node]]\nname='x'\naddress='10.0.0'",
         "a.toml:11: '10.0.0' is not an IP address; expected an address such as \"10.0.0.1\" or \"2001:db8::1/64\""},
        {"[[node]]\nname='x'\nerrors={ttl=256}",
         "a.toml:11: 'ttl' of errors is 256; expected a whole number from 1 to 255"},
        {"[[node]]\nname='x'\nhost={udp={70000='open'}}",
         "a.toml:11: '70000' is not a port; expected a number from 1 to 65535, or default"},
        {"[[node]]\nname='x'\nhost={unreachable=99}",
         "a.toml:11: 'unreachable' of host is 99; expected a whole number from 0 to 15"},
        {"[[node]]\nname='x'\nhost={tcp={80='opne'}}",
         "a.toml:11: '80' of 'tcp' of a host is 'opne'; did you mean 'open'?"},
        {"[[node]]\nname='x'\nrules=[{then='drop'}]",
         "a.toml:9: node 'x' has rules; expected kind = \"firewall\" for that"},
        {"[[node]]\nname='x'\nkind='nat'",
         "a.toml:9: node 'x' is a nat; expected a table such as nat = { inside = [...], address = ... }"},
        {"[[link]]\nbetween=['me','r2']", "a.toml:10: there is no node 'r2'; expected one of me, r1"},
        {"[[link]]\nbetween=['me']",
         "a.toml:9: 'between' has 1 names; expected from 2 to 10000 nodes, such as between = "
         "[\"a\", \"b\"]"},
        {"[[link]]\nbetween=['r1','r1']", "a.toml:9: a link from 'r1' to 'r1'; expected two different nodes"},
        {"[[link]]\nbetween=['me','r1']\ndelya='1ms'",
         "a.toml:11: unknown key 'delya' in a link; did you mean 'delay'?"},
        {"[[link]]\nbetween=['me','r1']\nloss='120%'",
         "a.toml:11: 'loss' of a link is '120%'; expected a percentage from \"0%\" to \"100%\", or a number from 0 to "
         "1"},
        {"[[route]]\nat='me'\nto='10.0.0.0/8'",
         "a.toml:9: a route to nowhere; expected one of via = \"a neighbour\", "
         "blackhole = true and reject = true"},
        {"[[node]]\nname='x'\n[[route]]\nat='me'\nto='default'\nvia='x'",
         "a.toml:11: a route at 'me' via 'x', which is no neighbour; expected a node that a link joins to it"},
        {"[[change]]\nat='-5s'\nlink='me-r1'",
         "a.toml:10: 'at' of a change is '-5s'; expected a duration such as \"10ms\", "
         "\"1.5s\" or \"50us\", at most an hour"},
        {"[[change]]\nat='5s'\nlink='me-r2'", "a.toml:11: there is no link 'me-r2'; did you mean 'me-r1'?"},
        {"[[change]]\nat='5s'",
         "a.toml:9: a change of 0 things; expected one of link = \"a-b\", node = \"a\" and route = { "
         "... }"},
        {"[[population]]\nname='a'\nbehind='r1'\naddresses='10.1.0.0/16'\n"
         "[[population]]\nname='b'\nbehind='me'\naddresses='10.1.2.0/24'",
         "a.toml:13: population 'b' overlaps 'a'; expected prefixes of their own"},
        {"[[chain]]\nname='c'\ncount=5\naddresses='10.0.0.0/30'",
         "a.toml:12: 'addresses' of a chain is '10.0.0.0/30'; expected prefixes of 5 hosts"},
        {"[[chain]]\nname='c'\ncount=10001",
         "a.toml:11: 'count' of a chain is 10001; expected a whole number from 1 to 10000"},
        {"[[node]]\nname='x'\naddress='192.0.2.1'\n[[node]]\nname='y'\naddress='192.0.2.1'",
         "a.toml:12: 192.0.2.1 of 'y' is that of 'x' already; expected another address, or anycast = true at both"},
    };
    for (const auto& [more, said] : files) EXPECT_EQ(complaint(more), said) << more;
    EXPECT_EQ(complaint("", "[[node]]\nname = 'r'"),
              "a.toml:1: no node is outside; expected one with kind = \"outside\", where "
              "packets enter and leave");
    EXPECT_TRUE(complaint("[[node]\n").starts_with("a.toml:9: "));
}

TEST(ScenarioFile, MoreThanAMillionNodesFail) {
    std::string many;
    for (int i = 0; i < 101; ++i) many += "[[chain]]\nname='c" + std::to_string(i) + "x'\ncount=10000\n";
    EXPECT_EQ(complaint(many), "a.toml:306: too many nodes; expected at most 1000000");
}

TEST(ScenarioFile, WarningsHaveTheirLines) {
    const auto read = read_scenario(std::string(two) + R"([[node]]
name = "r2"
[[node]]
name = "lost"
[[link]]
between = ["r1", "r2"]
[[route]]
at = "r1"
to = "203.0.113.0/24"
via = "r2"
[[route]]
at = "r2"
to = "203.0.113.0/24"
via = "r1"
)",
                                    "a.toml");
    ASSERT_TRUE(read) << read.error().what;
    ASSERT_EQ(read->warnings.size(), 2U);
    EXPECT_EQ(read->warnings[0], "a.toml:11: no links lead from outside to 'lost': nothing reaches it");
    EXPECT_EQ(read->warnings[1], "a.toml:15: routes to 203.0.113.0/24 go round in a loop: r1 -> r2 -> r1");
}

}  // namespace
}  // namespace sonde::sim
