#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/sim/packet_pool.hpp>

namespace sonde::sim {
namespace {

TEST(packet_pool, packets_do_not_overlap) {
    packet_pool pool;
    std::vector<packet_id> ids;
    for (std::size_t i = 0; i < 3000; ++i) {
        ids.push_back(pool.take(1 + (i * 37) % 1500));
        packet& p = pool[ids.back()];
        p.hops = static_cast<std::uint16_t>(i);
        std::ranges::fill(p.bytes(), static_cast<std::byte>(i));
    }
    EXPECT_EQ(pool.live(), 3000U);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const packet& p = pool[ids[i]];
        EXPECT_EQ(p.hops, i);
        EXPECT_EQ(p.size, 1 + (i * 37) % 1500);
        EXPECT_EQ(p.bytes().front(), static_cast<std::byte>(i));
        EXPECT_EQ(p.bytes().back(), static_cast<std::byte>(i));
    }
}

TEST(packet_pool, what_comes_back_is_used_again_and_as_new) {
    packet_pool pool;
    const packet_id first = pool.take(100);
    pool[first].depth = 3;
    const std::byte* const memory = pool[first].data;
    pool.give_back(first);
    const packet_id second = pool.take(128);
    EXPECT_EQ(second, first);
    EXPECT_EQ(pool[second].data, memory);
    EXPECT_EQ(pool[second].depth, 0);
    pool.resize(second, 65'575);
    EXPECT_EQ(pool[second].size, 65'575U);
    std::ranges::fill(pool[second].bytes(), std::byte{1});
    pool.resize(second, 0);
    EXPECT_TRUE(pool[second].bytes().empty());
    EXPECT_EQ(pool.live(), 1U);
}

}  // namespace
}  // namespace sonde::sim
