#include <gtest/gtest.h>

#include <sonde/sim/nat_table.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using rig::ip;

TEST(nat_table, ports_are_kept_where_they_are_free) {
    nat_table t;
    const transport_end a{17, 4000, ip("10.0.0.1")};
    const transport_end b{17, 4000, ip("10.0.0.2")};
    const transport_end other_protocol{6, 4000, ip("10.0.0.2")};
    const transport_end other_family{17, 4000, ip("fd00::1")};
    EXPECT_FALSE(t.find_outside(a));
    EXPECT_EQ(t.map(a, 100), 4000);
    EXPECT_EQ(t.map(a, 100), 4000);
    const auto second = t.map(b, 100);
    ASSERT_TRUE(second);
    EXPECT_NE(*second, 4000);
    EXPECT_EQ(t.map(other_protocol, 100), 4000);
    EXPECT_EQ(t.map(other_family, 100), 4000);
    EXPECT_EQ(t.find_inside(family::v4, 17, 4000), a);
    EXPECT_EQ(t.find_inside(family::v4, 17, *second), b);
    EXPECT_EQ(t.find_inside(family::v6, 17, 4000), other_family);
    EXPECT_FALSE(t.find_inside(family::v4, 1, 4000));
    EXPECT_EQ(t.size(), 4U);
}

TEST(nat_table, is_bounded) {
    nat_table t;
    for (std::uint16_t i = 0; i < 5; ++i) EXPECT_TRUE(t.map({17, i, ip("10.0.0.1")}, 5));
    EXPECT_FALSE(t.map({17, 99, ip("10.0.0.1")}, 5));
    EXPECT_TRUE(t.map({17, 3, ip("10.0.0.1")}, 5));
    EXPECT_TRUE(t.map({47, 0, ip("10.0.0.1")}, 99));
    EXPECT_FALSE(t.map({47, 0, ip("10.0.0.2")}, 99)) << "there are no ports to tell them apart";
}

TEST(nat_table, runs_out_of_ports) {
    nat_table t;
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < 66'000; ++i) {
        count += t.map({17, 5000, ip_address::v4(0x0a00'0000U + i)}, 1'000'000) ? 1U : 0U;
    }
    EXPECT_EQ(count, 65536U - 1024U);
}

}  // namespace
}  // namespace sonde::sim
