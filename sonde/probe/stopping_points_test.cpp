#include <cmath>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include <sonde/probe/stopping_points.hpp>

namespace sonde::probe {
namespace {

TEST(stopping_points, begin_as_published) {
    stopping_points usual(0.95);
    const std::vector<std::uint32_t> published_95{6, 11, 16, 21, 27, 33};
    for (std::size_t k = 1; k <= published_95.size(); ++k) EXPECT_EQ(usual.at(k), published_95[k - 1]) << k;
    stopping_points careful(0.99);
    const std::vector<std::uint32_t> published_99{8, 15, 21, 28, 36, 43, 51, 58, 66, 74};
    for (std::size_t k = 1; k <= published_99.size(); ++k) EXPECT_EQ(careful.at(k), published_99[k - 1]) << k;
}

TEST(stopping_points, of_two_next_hops_are_a_coin_thrown_until_it_is_unlikely) {
    for (const double confidence : {0.6, 0.9, 0.95, 0.99, 0.999, 0.999999}) {
        stopping_points points(confidence);
        const double risk = 1 - confidence;
        const auto n = static_cast<double>(points.at(1));
        EXPECT_LE(std::pow(0.5, n - 1), risk);
        EXPECT_GT(std::pow(0.5, n - 2), risk);
    }
}

// The rule itself played against balancers: the share of incomplete ones stays below the risk, but not far below, or
// the numbers would be wasteful.
TEST(stopping_points, leave_as_many_incomplete_as_they_promise) {
    constexpr int games = 20'000;
    std::mt19937 random(20'070'210);
    stopping_points points(0.95);
    for (const std::size_t size : {2U, 3U, 5U, 8U, 16U}) {
        int incomplete = 0;
        for (int game = 0; game < games; ++game) {
            std::set<unsigned> seen;
            for (std::uint32_t flows = 1;; ++flows) {
                seen.insert(static_cast<unsigned>(random() % size));
                if (seen.size() == size) break;
                if (flows < points.at(seen.size())) continue;
                ++incomplete;
                break;
            }
        }
        const double share = static_cast<double>(incomplete) / games;
        EXPECT_LE(share, 0.05 + 0.005) << size;  // three standard deviations of the count
        EXPECT_GE(share, 0.02) << size;
    }
}

TEST(stopping_points, grow_and_are_bounded) {
    stopping_points points(0.95);
    EXPECT_EQ(points.at(0), points.at(1));
    for (std::size_t k = 2; k <= 64; ++k) EXPECT_GT(points.at(k), points.at(k - 1));
    EXPECT_EQ(points.at(100'000), points.at(stopping_points::most_next_hops));
    EXPECT_LT(stopping_points(2).at(1), 64U);  // certainty is not to be had
    EXPECT_EQ(stopping_points(0).at(1), 2U);
}

}  // namespace
}  // namespace sonde::probe
