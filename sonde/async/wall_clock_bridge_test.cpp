#include <gtest/gtest.h>

#include <sonde/async/wall_clock_bridge.hpp>

namespace sonde::async {
namespace {

using namespace std::chrono_literals;

TEST(wall_clock_bridge, a_stamp_of_now_is_now) {
    wall_clock_bridge bridge;
    bridge.refresh();
    const auto before = std::chrono::steady_clock::now();
    const wall_time stamp = std::chrono::system_clock::now();
    const auto after = std::chrono::steady_clock::now();
    EXPECT_GE(bridge.to_monotonic(stamp), before - 50us);
    EXPECT_LE(bridge.to_monotonic(stamp), after + 50us);
    EXPECT_EQ(bridge.to_wall(bridge.to_monotonic(stamp)), stamp);
}

TEST(wall_clock_bridge, differences_survive_to_the_nanosecond) {
    wall_clock_bridge bridge;
    bridge.refresh();
    const wall_time stamp = std::chrono::system_clock::now();
    EXPECT_EQ(bridge.to_monotonic(stamp + 1234567ns) - bridge.to_monotonic(stamp), 1234567ns);
}

}  // namespace
}  // namespace sonde::async
