#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <sonde/stats/rtt_series.hpp>

namespace sonde::stats {
namespace {

constexpr std::uint32_t most_runs = (1U << 23) - 1;

/// Blocks of 24, 56, 120, ... bytes: with the allocator's 8 bytes they fill powers of two.
constexpr std::size_t grown(std::size_t capacity) noexcept {
    return 2 * capacity + (capacity == 0 ? 6 : 2);
}

std::uint64_t nearest_rank(double percent, std::uint64_t count) noexcept {
    const double rank = std::ceil(percent * static_cast<double>(count) / 100.0);
    return std::clamp(static_cast<std::uint64_t>(std::max(rank, 1.0)), std::uint64_t{1}, count);
}

duration rounded(double nanoseconds) noexcept {
    return duration{std::llround(nanoseconds)};
}

}  // namespace

rtt_series::rtt_series(const rtt_series& other)
    : count_(other.count_),
      min_(other.min_),
      max_(other.max_),
      last_(other.last_),
      mean_(other.mean_),
      squares_(other.squares_),
      differences_(other.differences_),
      ewma_(other.ewma_),
      runs_(other.runs_) {
    if (other.has_buckets()) {
        store_.buckets = new histogram(*other.store_.buckets);
    } else if (count_ > 0) {
        store_.samples = new float[count_];
        capacity_ = static_cast<std::uint32_t>(count_) & 0x1ffU;
        std::copy_n(other.store_.samples, count_, store_.samples);
    }
}

rtt_series::rtt_series(rtt_series&& other) noexcept {
    swap(other);
}

rtt_series& rtt_series::operator=(rtt_series other) noexcept {
    swap(other);
    return *this;
}

rtt_series::~rtt_series() {
    if (has_buckets()) {
        delete store_.buckets;
    } else {
        delete[] store_.samples;
    }
}

void rtt_series::swap(rtt_series& other) noexcept {
    std::swap(count_, other.count_);
    std::swap(min_, other.min_);
    std::swap(max_, other.max_);
    std::swap(last_, other.last_);
    std::swap(mean_, other.mean_);
    std::swap(squares_, other.squares_);
    std::swap(differences_, other.differences_);
    std::swap(store_, other.store_);
    std::swap(ewma_, other.ewma_);
    const std::uint32_t capacity = capacity_;
    capacity_ = other.capacity_;
    other.capacity_ = capacity & 0x1ffU;
    const std::uint32_t runs = runs_;
    runs_ = other.runs_;
    other.runs_ = runs & most_runs;
}

void rtt_series::set_capacity(std::size_t capacity) {
    auto* const samples = new float[capacity];
    std::copy_n(store_.samples, count_, samples);
    delete[] store_.samples;
    store_.samples = samples;
    capacity_ = static_cast<std::uint32_t>(capacity) & 0x1ffU;
}

void rtt_series::reserve(std::uint64_t samples) {
    const std::uint64_t wanted = std::min<std::uint64_t>(samples, exact_limit);
    if (!has_buckets() && wanted > capacity_) set_capacity(static_cast<std::size_t>(wanted));
}

void rtt_series::make_room(std::uint64_t new_count) {
    if (has_buckets()) return;
    if (new_count <= exact_limit) {
        if (new_count > capacity_) set_capacity(std::clamp<std::size_t>(grown(capacity_), new_count, exact_limit));
        return;
    }
    auto* const buckets = new histogram;
    visit([&](duration value, std::uint64_t) { buckets->add(value); });
    delete[] store_.samples;
    store_.buckets = buckets;
    capacity_ = 0;
}

void rtt_series::add(duration rtt) {
    const duration::rep value = std::max(rtt.count(), duration::rep{0});
    const auto nanoseconds = static_cast<double>(value);
    make_room(count_ + 1);
    if (count_ >= exact_limit) {
        store_.buckets->add(duration{value});
    } else {
        store_.samples[count_] = static_cast<float>(value);
    }

    ++count_;
    if (count_ == 1) {
        min_ = max_ = value;
        ewma_ = static_cast<float>(value);
        runs_ = 1;
    } else {
        min_ = std::min(min_, value);
        max_ = std::max(max_, value);
        ewma_ += (static_cast<float>(value) - ewma_) / 8;
        differences_ += std::abs(static_cast<double>(value - last_));
    }
    last_ = value;
    const double from_old_mean = nanoseconds - mean_;
    mean_ += from_old_mean / static_cast<double>(count_);
    squares_ += from_old_mean * (nanoseconds - mean_);
}

void rtt_series::merge(const rtt_series& other) {
    if (other.count_ == 0) return;
    if (count_ == 0) {
        *this = other;
        return;
    }
    if (this == &other) return merge(rtt_series(other));

    const std::uint64_t both = count_ + other.count_;
    make_room(both);
    if (both <= exact_limit) {
        std::copy_n(other.store_.samples, other.count_, store_.samples + count_);
    } else if (other.has_buckets()) {
        store_.buckets->merge(*other.store_.buckets);
    } else {
        other.visit([&](duration value, std::uint64_t) { store_.buckets->add(value); });
    }

    // Chan, Golub and LeVeque's formula for the deviation of two sets.
    const auto ours = static_cast<double>(count_);
    const auto theirs = static_cast<double>(other.count_);
    const double between = other.mean_ - mean_;
    squares_ += other.squares_ + between * between * ours * theirs / (ours + theirs);
    mean_ += between * theirs / (ours + theirs);
    differences_ += other.differences_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    runs_ = std::min<std::uint32_t>(std::uint32_t{runs_} + other.runs_, most_runs) & most_runs;
    count_ = both;
}

duration rtt_series::exact(float sample) const noexcept {
    return std::clamp(duration{std::llround(sample)}, min(), max());
}

duration rtt_series::mean() const noexcept {
    return rounded(mean_);
}

duration rtt_series::stddev() const noexcept {
    return count_ == 0 ? duration::zero() : rounded(std::sqrt(squares_ / static_cast<double>(count_)));
}

duration rtt_series::jitter() const noexcept {
    return count_ <= runs_ ? duration::zero() : rounded(differences_ / static_cast<double>(count_ - runs_));
}

duration rtt_series::bucket_percentile(double percent) const noexcept {
    const std::uint64_t rank = nearest_rank(percent, store_.buckets->total());
    if (rank == store_.buckets->total()) return max();
    return std::clamp(store_.buckets->at_rank(rank), min(), max());
}

duration rtt_series::percentile(double percent) const {
    if (count_ == 0) return duration::zero();
    if (has_buckets()) return bucket_percentile(percent);
    std::array<float, exact_limit> sorted;
    const std::uint64_t rank = nearest_rank(percent, count_);
    const auto chosen = sorted.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    const auto end = std::copy_n(store_.samples, count_, sorted.begin());
    std::nth_element(sorted.begin(), chosen, end);
    return exact(*chosen);
}

std::optional<rtt_summary> rtt_series::summary() const {
    if (count_ == 0) return std::nullopt;
    return rtt_summary{.min = min(),
                       .mean = mean(),
                       .p50 = percentile(50),
                       .p90 = percentile(90),
                       .p95 = percentile(95),
                       .p99 = percentile(99),
                       .max = max(),
                       .stddev = stddev(),
                       .jitter = jitter()};
}

}  // namespace sonde::stats
