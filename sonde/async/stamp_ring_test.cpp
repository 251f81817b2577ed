#include <gtest/gtest.h>

#include <sonde/async/stamp_ring.hpp>

namespace sonde::async {
namespace {

TEST(stamp_ring, knows_the_last_numbers_and_forgets_older_ones) {
    stamp_ring<int> ring;
    EXPECT_EQ(ring.find(0), nullptr) << "nothing was sent yet";
    for (std::uint32_t i = 0; i < 5000; ++i) ring.add(i, static_cast<int>(i) * 10);
    ASSERT_NE(ring.find(4999), nullptr);
    EXPECT_EQ(*ring.find(4999), 49990);
    EXPECT_NE(ring.find(5000 - 4096), nullptr);
    EXPECT_EQ(ring.find(4999 - 4096), nullptr);
    EXPECT_EQ(ring.find(5000), nullptr);
}

TEST(stamp_ring, begins_anew) {
    stamp_ring<int> ring;
    ring.add(7, 70);
    ring.clear();
    EXPECT_EQ(ring.find(7), nullptr);
    EXPECT_EQ(ring.find(0), nullptr);
    ring.add(0, 1);
    EXPECT_EQ(*ring.find(0), 1);
}

TEST(stamp_ring, numbers_wrap) {
    stamp_ring<int> ring;
    ring.add(0xffffffff, 1);
    ring.add(0, 2);
    EXPECT_EQ(*ring.find(0xffffffff), 1);
    EXPECT_EQ(*ring.find(0), 2);
}

}  // namespace
}  // namespace sonde::async
