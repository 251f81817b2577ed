#include <gtest/gtest.h>

#include <sonde/probe/patience.hpp>

namespace sonde::probe {
namespace {

using namespace std::chrono_literals;

patience usual() {
    return patience({.wait = 5s, .here = 3, .near = 10, .tail = 1s});
}

TEST(patience, waits_long_while_nothing_is_known) {
    EXPECT_EQ(usual().wait_for(1), 5s);
    EXPECT_EQ(usual().wait_for(255), 5s);
    EXPECT_EQ(usual().last_answered(), 0);
}

TEST(patience, learns_from_the_same_hop_and_from_later_ones) {
    patience p = usual();
    p.answered(4, 20ms);
    p.answered(4, 15ms);
    EXPECT_EQ(p.wait_for(4), 60ms);
    EXPECT_EQ(p.wait_for(3), 200ms);
    p.answered(3, 100ms);
    EXPECT_EQ(p.wait_for(3), 200ms);  // three times 100 ms is more than ten times 20
    EXPECT_EQ(p.last_answered(), 4);
}

TEST(patience, behind_the_last_answer_is_the_tail) {
    patience p = usual();
    p.answered(2, 20ms);
    EXPECT_EQ(p.wait_for(3), 1s);
    p.answered(1, 300ms);
    EXPECT_EQ(p.wait_for(3), 3s);
    p.answered(1, 900ms);
    EXPECT_EQ(p.wait_for(3), 5s);
}

TEST(patience, grows_with_each_attempt_and_has_a_floor) {
    patience p = usual();
    p.answered(1, 10us);
    EXPECT_EQ(p.wait_for(1), patience::least);
    EXPECT_EQ(p.wait_for(1, 1), 40ms);
    EXPECT_EQ(p.wait_for(1, 2), 160ms);
    EXPECT_EQ(p.wait_for(1, 200), 5s);
    EXPECT_EQ(patience({.wait = 1ms}).wait_for(1, 5), 1ms);
}

}  // namespace
}  // namespace sonde::probe
