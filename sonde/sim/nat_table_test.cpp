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

TEST(nat_table, forgets_what_is_not_used) {
    using namespace std::chrono_literals;
    nat_table t;
    const transport_end a{17, 4000, ip("10.0.0.1")};
    const transport_end b{17, 4000, ip("10.0.0.2")};
    EXPECT_EQ(t.map(a, 2, time_point{10s}), 4000);
    const auto second = t.map(b, 2, time_point{10s});
    ASSERT_TRUE(second);
    EXPECT_EQ(t.map(b, 2, time_point{20s}), second) << "used again";
    EXPECT_EQ(t.map(b, 2, time_point{5s}), second) << "lives no shorter for it";
    t.expire(time_point{10s - 1ns});
    EXPECT_EQ(t.size(), 2U);
    t.expire(time_point{10s});
    EXPECT_FALSE(t.find_outside(a));
    EXPECT_FALSE(t.find_inside(family::v4, 17, 4000));
    EXPECT_EQ(t.find_inside(family::v4, 17, *second), b);
    EXPECT_EQ(t.map({17, 4000, ip("10.0.0.3")}, 2, time_point{30s}), 4000) << "there is room, and the port is free";
    t.expire(time_point{30s});
    EXPECT_EQ(t.size(), 0U);
}

TEST(nat_table, gives_ports_out_again) {
    nat_table t;
    for (int round = 1; round <= 2; ++round) {
        std::size_t count = 0;
        for (std::uint32_t i = 0; i < 65'000; ++i) {
            const bool is_mapped =
                t.map({17, 5000, ip_address::v4(0x0a00'0000U + i)}, 1'000'000, time_point{}).has_value();
            count += is_mapped ? 1U : 0U;
        }
        EXPECT_EQ(count, 65536U - 1024U) << "round " << round;
        t.expire(time_point{});
    }
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
