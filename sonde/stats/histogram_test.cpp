#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/stats/histogram.hpp>

namespace sonde::stats {
namespace {

using namespace std::chrono_literals;

duration read_back(duration value) {
    histogram h;
    h.add(value);
    return h.at_rank(1);
}

TEST(histogram, fits_the_memory_it_promises) {
    EXPECT_LE(sizeof(histogram), 8 * 1024U + 32);
}

TEST(histogram, reads_back_within_one_percent) {
    for (double exact = 512; exact < 5.6e14; exact *= 1.0037) {
        const duration value{static_cast<duration::rep>(exact)};
        const auto error = static_cast<double>((read_back(value) - value).count());
        // One more nanosecond: bucket middles are whole nanoseconds.
        ASSERT_LE(std::abs(error), exact / 100 + 1) << value.count();
    }
}

TEST(histogram, is_linear_below_the_first_octave) {
    for (duration value = 0ns; value < 512ns; ++value) {
        ASSERT_LE(std::chrono::abs(read_back(value) - value), 6ns) << value.count();
    }
}

TEST(histogram, holds_extremes_in_its_outer_buckets) {
    EXPECT_LT(read_back(-5s), 12ns);
    EXPECT_GT(read_back(duration::max()), 6 * 24h);
}

TEST(histogram, buckets_ascend) {
    histogram h;
    for (double exact = 1; exact < 5e14; exact *= 1.3) h.add(duration{static_cast<duration::rep>(exact)});
    duration last{-1};
    std::uint64_t seen = 0;
    h.visit([&](duration middle, std::uint64_t count) {
        EXPECT_GT(middle, last);
        last = middle;
        seen += count;
    });
    EXPECT_EQ(seen, h.total());
}

TEST(histogram, ranks_count_from_one) {
    histogram h;
    h.add(1ms, 9);
    h.add(1s, 1);
    EXPECT_EQ(h.at_rank(1), read_back(1ms));
    EXPECT_EQ(h.at_rank(9), read_back(1ms));
    EXPECT_EQ(h.at_rank(10), read_back(1s));
    EXPECT_EQ(h.at_rank(11), 0ns);
}

TEST(histogram, counters_stop_at_their_maximum) {
    histogram h;
    h.add(1ms, std::numeric_limits<std::uint32_t>::max());
    h.add(1ms);
    histogram other;
    other.add(1ms, 7);
    other.add(2ms, 7);
    h.merge(other);
    EXPECT_EQ(h.total(), std::uint64_t{std::numeric_limits<std::uint32_t>::max()} + 7);
    EXPECT_EQ(h.at_rank(h.total()), read_back(2ms));
}

}  // namespace
}  // namespace sonde::stats
