// The round-trip times of one target, in few bytes: ten thousand of these live in one process, most with ten samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/time.hpp>
#include <sonde/stats/histogram.hpp>

namespace sonde::stats {

/// What is said of a series. Percentiles are nearest-rank, without interpolation.
struct rtt_summary {
    duration min{};
    duration mean{};
    duration p50{};
    duration p90{};
    duration p95{};
    duration p99{};
    duration max{};
    duration stddev{};  ///< of the population: what iputils calls mdev
    duration jitter{};  ///< mean absolute difference of successive times (RFC 5481 section 4.1); 0 with one sample
};

/// Minimum, maximum, mean, deviation and jitter come from all samples. Percentiles are within 10^-6 up to `exact_limit`
/// samples and within 1 % beyond, where a `histogram` takes the samples' place. Negative times count as zero.
/// A value type that owns at most one heap block: none before the first sample, 24 bytes for the first few, 8 KiB with
/// the histogram; no allocation per sample in the steady state. Any thread, one at a time.
class rtt_series {
public:
    static constexpr std::size_t exact_limit = 256;

    rtt_series() noexcept = default;
    rtt_series(const rtt_series& other);
    rtt_series(rtt_series&& other) noexcept;
    rtt_series& operator=(rtt_series other) noexcept;
    ~rtt_series();

    /// Makes room for that many samples in one allocation, when their number is known; at most `exact_limit` counts.
    void reserve(std::uint64_t samples);

    void add(duration rtt);

    /// Adds another series' samples, as if of another target: jitter gets its differences, none between the two.
    void merge(const rtt_series& other);

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

    /// Nothing when there are no samples.
    [[nodiscard]] std::optional<rtt_summary> summary() const;

    /// `0 < percent <= 100`; zero when there are no samples.
    [[nodiscard]] duration percentile(double percent) const;

    /// The moving average with weight 1/8 that iputils prints; zero when there are no samples.
    [[nodiscard]] duration ewma() const noexcept { return duration{static_cast<duration::rep>(ewma_)}; }

    [[nodiscard]] duration min() const noexcept { return duration{min_}; }
    [[nodiscard]] duration max() const noexcept { return duration{max_}; }
    [[nodiscard]] duration mean() const noexcept;
    [[nodiscard]] duration stddev() const noexcept;
    [[nodiscard]] duration jitter() const noexcept;

    /// Calls `visitor(duration, std::uint64_t count)` for every sample, in the order of arrival, or for every bucket.
    template <class Visitor>
    void visit(Visitor&& visitor) const {
        if (has_buckets()) return store_.buckets->visit(visitor);
        for (std::size_t i = 0; i < count_; ++i) visitor(exact(store_.samples[i]), std::uint64_t{1});
    }

private:
    [[nodiscard]] bool has_buckets() const noexcept { return count_ > exact_limit; }
    [[nodiscard]] duration exact(float sample) const noexcept;
    [[nodiscard]] duration bucket_percentile(double percent) const noexcept;
    void swap(rtt_series& other) noexcept;
    void set_capacity(std::size_t capacity);
    // After it the store is the one that `new_count` samples need, while `count_` is still the old one.
    void make_room(std::uint64_t new_count);

    // `count_` says which member is alive. Samples are nanoseconds; a float holds them within 6 * 10^-8.
    union store {
        float* samples;
        histogram* buckets;
    };

    std::uint64_t count_ = 0;
    duration::rep min_ = 0;
    duration::rep max_ = 0;
    duration::rep last_ = 0;
    double mean_ = 0;
    double squares_ = 0;      // Welford's sum of squared distances from the mean
    double differences_ = 0;  // sum of |successive difference|
    store store_{.samples = nullptr};
    float ewma_ = 0;
    std::uint32_t capacity_ : 9 = 0;  // of `samples`
    std::uint32_t runs_ : 23 = 0;     // unmerged series in here: each has one difference fewer than samples
};

static_assert(sizeof(rtt_series) <= 72);

}  // namespace sonde::stats
