#include <array>

#include <gtest/gtest.h>

#include <sonde/respond/delayed_replies.hpp>

namespace sonde::respond {
namespace {

using namespace std::chrono_literals;

TEST(DelayedReplies, InTheirOrder) {
    delayed_replies queue(10);
    const time_point start{1s};
    const std::array<int, 6> delays{5, 1, 3, 1, 5, 0};
    for (std::size_t i = 0; i < delays.size(); ++i) {
        ASSERT_TRUE(queue.push(start + delays[i] * 1ms, std::array{static_cast<std::byte>(i)}));
    }
    EXPECT_EQ(queue.next(), start);
    std::array<std::byte, 4> out{};
    std::vector<unsigned> order;
    for (time_point now = start; queue.size() > 0; now += 1ms) {
        while (queue.pop(now, out) == 1) order.push_back(std::to_integer<unsigned>(out[0]));
        if (const auto next = queue.next()) {
            EXPECT_GT(*next, now);
        }
    }
    EXPECT_EQ(order, (std::vector<unsigned>{5, 1, 3, 2, 0, 4}));
    EXPECT_EQ(queue.next(), std::nullopt);
}

TEST(DelayedReplies, Bound) {
    delayed_replies queue(1);
    const std::array<std::byte, 1> frame{};
    EXPECT_TRUE(queue.push(time_point{}, frame));
    EXPECT_FALSE(queue.push(time_point{}, frame));
    std::array<std::byte, 1> out{};
    EXPECT_EQ(queue.pop(time_point{}, out), 1U);
    EXPECT_TRUE(queue.push(time_point{}, frame));
}

}  // namespace
}  // namespace sonde::respond
