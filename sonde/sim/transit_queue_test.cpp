#include <algorithm>
#include <tuple>

#include <gtest/gtest.h>

#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/transit_queue.hpp>

namespace sonde::sim {
namespace {

using namespace std::chrono_literals;

TEST(transit_queue, by_time_then_by_turn) {
    // Against a sorted list, with lanes whose times sometimes go back.
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        packet_pool pool;
        transit_queue queue(pool, 5);
        random_stream random{seed};
        using entry = std::tuple<time_point, int, packet_id>;
        std::vector<entry> expected;
        int turn = 0;
        time_point now{};
        for (int step = 0; step < 3000; ++step) {
            if (random.happens(0.6) || expected.empty()) {
                const packet_id id = pool.take(1);
                const time_point at = now + duration{random.below(50)};
                const auto lane = static_cast<std::uint32_t>(random.below(6));
                queue.push(id, at, lane == 5 ? transit_queue::no_lane : lane);
                expected.emplace_back(at, turn++, id);
                continue;
            }
            const auto first = std::ranges::min_element(expected);
            ASSERT_EQ(queue.next(), std::get<0>(*first));
            ASSERT_EQ(queue.pop(), std::get<2>(*first)) << "seed " << seed << " step " << step;
            now = std::get<0>(*first);
            pool.give_back(std::get<2>(*first));
            expected.erase(first);
        }
        EXPECT_EQ(queue.empty(), expected.empty());
    }
}

TEST(transit_queue, is_never_due_when_empty) {
    packet_pool pool;
    transit_queue queue(pool, 1);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.next(), time_point::max());
    const packet_id id = pool.take(1);
    queue.push(id, time_point{5s}, 0);
    EXPECT_EQ(queue.pop(), id);
    EXPECT_EQ(queue.next(), time_point::max());
}

}  // namespace
}  // namespace sonde::sim
