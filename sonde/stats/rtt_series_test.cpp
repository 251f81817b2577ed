#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/stats/rtt_series.hpp>

namespace sonde::stats {
namespace {

using namespace std::chrono_literals;

rtt_series series_of(const std::vector<duration>& values) {
    rtt_series series;
    for (const duration value : values) series.add(value);
    return series;
}

std::vector<duration> random_values(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::lognormal_distribution<double> times(std::log(3e6), 0.8);
    std::vector<duration> values;
    for (std::size_t i = 0; i < count; ++i) values.emplace_back(static_cast<duration::rep>(times(random)));
    return values;
}

duration nearest_rank(std::vector<duration> values, double percent) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(std::ceil(percent * static_cast<double>(values.size()) / 100)) - 1];
}

double relative_error(duration got, duration wanted) {
    return std::abs(static_cast<double>((got - wanted).count())) / static_cast<double>(wanted.count());
}

TEST(rtt_series, says_nothing_of_nothing) {
    const rtt_series series;
    EXPECT_FALSE(series.summary());
    EXPECT_EQ(series.percentile(50), 0ns);
    EXPECT_EQ(series.ewma(), 0ns);
    EXPECT_EQ(series.stddev(), 0ns);
    EXPECT_EQ(series.jitter(), 0ns);
}

TEST(rtt_series, summarises_exactly) {
    const auto series = series_of({10ms, 30ms, 20ms, 40ms});
    const auto s = series.summary().value();
    EXPECT_EQ(s.min, 10ms);
    EXPECT_EQ(s.mean, 25ms);
    EXPECT_EQ(s.max, 40ms);
    EXPECT_EQ(s.p50, 20ms);
    EXPECT_EQ(s.p90, 40ms);
    EXPECT_EQ(s.stddev, 11'180'340ns);  // sqrt(125) ms
    EXPECT_EQ(s.jitter, 16'666'667ns);  // (20 + 10 + 20) / 3
}

TEST(rtt_series, one_sample_has_neither_deviation_nor_jitter) {
    const auto s = series_of({123'456'789ns}).summary().value();
    EXPECT_EQ(s.p50, 123'456'789ns);
    EXPECT_EQ(s.p99, s.max);
    EXPECT_EQ(s.stddev, 0ns);
    EXPECT_EQ(s.jitter, 0ns);
}

TEST(rtt_series, ewma_is_iputils) {
    auto series = series_of({8ms});
    EXPECT_EQ(series.ewma(), 8ms);
    series.add(16ms);
    EXPECT_EQ(series.ewma(), 9ms);
}

TEST(rtt_series, negative_times_count_as_zero) {
    EXPECT_EQ(series_of({-3ms, 5ms}).summary().value().mean, 2'500us);
}

TEST(rtt_series, percentiles_are_nearest_rank_at_every_size) {
    for (const std::size_t count : {1U, 2U, 3U, 6U, 7U, 14U, 15U, 20U, 100U, 255U, 256U}) {
        const auto values = random_values(count, 7);
        const auto series = series_of(values);
        for (const double percent : {0.1, 1.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0}) {
            EXPECT_LT(relative_error(series.percentile(percent), nearest_rank(values, percent)), 1e-6)
                << count << ' ' << percent;
        }
    }
}

TEST(rtt_series, becomes_a_histogram_and_stays_within_one_percent) {
    for (const std::size_t count : {257U, 1000U, 20'000U}) {
        const auto values = random_values(count, 11);
        const auto series = series_of(values);
        for (const double percent : {1.0, 50.0, 90.0, 95.0, 99.0, 99.9}) {
            EXPECT_LE(relative_error(series.percentile(percent), nearest_rank(values, percent)), 0.01)
                << count << ' ' << percent;
        }
        EXPECT_EQ(series.percentile(100), *std::max_element(values.begin(), values.end()));
        EXPECT_EQ(series.max(), *std::max_element(values.begin(), values.end()));
        EXPECT_EQ(series.count(), count);
    }
}

TEST(rtt_series, deviation_is_stable_far_from_zero) {
    rtt_series series;
    for (int i = 0; i < 1'000'000; ++i) series.add(1h + (i % 2 == 0 ? 1us : -1us));
    EXPECT_EQ(series.mean(), 1h);
    EXPECT_LE(std::chrono::abs(series.stddev() - 1us), 1ns);
    EXPECT_EQ(series.jitter(), 2us);
}

TEST(rtt_series, a_long_day_does_not_overflow) {
    rtt_series day;
    for (int i = 0; i < 1000; ++i) day.add(i % 2 == 0 ? 10s : 20s);
    for (int doubling = 0; doubling < 20; ++doubling) day.merge(day);
    const auto s = day.summary().value();
    EXPECT_EQ(day.count(), 1000ULL << 20);
    EXPECT_EQ(s.mean, 15s);
    EXPECT_EQ(s.stddev, 5s);
    EXPECT_EQ(s.jitter, 10s);
    EXPECT_LE(relative_error(s.p99, 20s), 0.01);
}

TEST(rtt_series, merges_as_if_all_had_been_added) {
    for (const auto& [left, right] :
         {std::pair{0U, 5U}, {5U, 0U}, {5U, 9U}, {200U, 100U}, {300U, 10U}, {10U, 300U}, {300U, 400U}}) {
        const auto a = random_values(left, 3);
        const auto b = random_values(right, 5);
        auto all = a;
        all.insert(all.end(), b.begin(), b.end());
        auto merged = series_of(a);
        merged.merge(series_of(b));
        const auto whole = series_of(all);
        EXPECT_EQ(merged.count(), whole.count());
        EXPECT_EQ(merged.min(), whole.min());
        EXPECT_EQ(merged.max(), whole.max());
        EXPECT_LE(std::chrono::abs(merged.mean() - whole.mean()), 1ns);
        EXPECT_LE(std::chrono::abs(merged.stddev() - whole.stddev()), 1ns);
        EXPECT_EQ(merged.percentile(50), whole.percentile(50));
        EXPECT_EQ(merged.percentile(99), whole.percentile(99));
    }
}

TEST(rtt_series, merged_jitter_knows_no_step_between_targets) {
    auto near = series_of({1ms, 2ms, 1ms});
    near.merge(series_of({100ms, 103ms}));
    near.merge(series_of({500ms}));
    EXPECT_EQ(near.jitter(), 1'666'667ns);  // (1 + 1 + 3) / 3
}

TEST(rtt_series, copies_and_moves_both_stores) {
    for (const std::size_t count : {0U, 3U, 300U}) {
        auto original = series_of(random_values(count, 1));
        const duration p90 = original.percentile(90);
        rtt_series copy = original;
        copy.add(1h);
        EXPECT_EQ(original.percentile(90), p90);
        EXPECT_EQ(original.count(), count);
        const rtt_series moved = std::move(original);
        EXPECT_EQ(moved.percentile(90), p90);
        copy = moved;
        EXPECT_EQ(copy.count(), count);
        EXPECT_EQ(copy.jitter(), moved.jitter());
    }
}

TEST(rtt_series, reserve_keeps_what_is_there) {
    auto series = series_of({1ms, 2ms});
    series.reserve(10);
    series.reserve(1'000'000'000);
    series.add(3ms);
    EXPECT_EQ(series.percentile(50), 2ms);
}

TEST(rtt_series, visits_every_sample) {
    for (const std::size_t count : {4U, 400U}) {
        std::uint64_t seen = 0;
        series_of(random_values(count, 2)).visit([&](duration, std::uint64_t times) { seen += times; });
        EXPECT_EQ(seen, count);
    }
}

}  // namespace
}  // namespace sonde::stats
