#include <gtest/gtest.h>

#include <sonde/sim/address_table.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;
using kind = destination::kind;

TEST(address_table, masks) {
    EXPECT_EQ(masked(ip("10.1.2.3"), 8), ip("10.0.0.0"));
    EXPECT_EQ(masked(ip("10.1.2.3"), 32), ip("10.1.2.3"));
    EXPECT_EQ(masked(ip("10.1.2.3"), 0), ip("0.0.0.0"));
    EXPECT_EQ(last_address(ip("10.1.2.3"), 22), ip("10.1.3.255"));
    EXPECT_EQ(masked(ip("2001:db8:1:2::7"), 33), ip("2001:db8::"));
    EXPECT_EQ(masked(ip("2001:db8:ffff::7"), 33), ip("2001:db8:8000::"));
    EXPECT_EQ(masked(ip("2001:db8::7"), 128), ip("2001:db8::7"));
}

TEST(address_table, the_longest_prefix_and_whose_address_it_is) {
    builder b = chain(2);
    b.of("target").addresses = {at("192.0.2.1/32")};
    b.of("r1").addresses = {at("192.0.2.1/32")};
    b.of("r2").kind = node_kind::nat;
    b.of("r2").nat.v4 = ip("203.0.113.1");
    b.s.populations = {{.name = "wide", .behind = b.n("r1"), .addresses = net("10.0.0.0/8")},
                       {.name = "narrow", .behind = b.n("r1"), .addresses = net("10.0.3.0/24")}};
    const address_table t{b.s};
    const auto find = [&](const char* text) { return t[t.find(ip(text))]; };
    EXPECT_EQ(find("192.0.2.1").owners, (std::vector<node_index>{b.n("r1"), b.n("target")}));
    EXPECT_EQ(find("192.0.2.1").length, 32);
    EXPECT_EQ(find("10.0.3.2").what, kind::node);
    EXPECT_EQ(find("10.0.3.2").length, 24);
    EXPECT_EQ(find("203.0.113.1").owners, (std::vector<node_index>{b.n("r2")}));
    EXPECT_EQ(find("10.0.2.77").what, kind::link);
    EXPECT_EQ(find("10.0.2.77").which, 1U);
    EXPECT_EQ(find("10.0.3.77").what, kind::population) << "of equal prefixes";
    EXPECT_EQ(find("10.0.3.77").which, 1U);
    EXPECT_EQ(find("10.77.0.1").which, 0U);
    EXPECT_EQ(find("10.0.2.255").what, kind::broadcast);
    EXPECT_EQ(find("2001:db8:2::ff").what, kind::link);
    EXPECT_EQ(find("172.16.0.1").what, kind::nowhere);
    EXPECT_EQ(find("224.0.0.1").what, kind::nowhere);
}

TEST(address_table, short_prefixes_have_no_broadcast) {
    builder b;
    b.add("a", node_kind::router);
    b.add("b", node_kind::router);
    b.join("a", "b", {"10.0.0.0/31", "10.0.0.1/31"});
    b.join("a", "b", {"10.0.1.1/30", "10.0.1.2/30"});
    const address_table t{b.s};
    EXPECT_EQ(t[t.find(ip("10.0.0.1"))].what, kind::node);
    EXPECT_EQ(t[t.find(ip("10.0.1.3"))].what, kind::broadcast);
}

}  // namespace
}  // namespace sonde::sim
