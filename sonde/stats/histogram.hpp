// A log-linear histogram of durations (HdrHistogram's idea): constant memory for any number of samples.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sonde/base/time.hpp>

namespace sonde::stats {

/// 8 KiB of counters. From 512 ns to 6.5 days a value read back is within 1 % of one that was added; below 512 ns it is
/// within 6 ns. Longer durations count as the longest, negative ones as zero. A counter stops at 2^32-1.
/// A value type; any thread, one at a time.
class histogram {
public:
    /// Each power of two is cut into this many equal parts: the middle of a part is then at most 1/100 off its edge.
    static constexpr std::size_t parts = 50;
    static constexpr unsigned first_octave = 9;
    static constexpr unsigned last_octave = 48;
    /// The first `parts` buckets are linear, from zero to the first octave.
    static constexpr std::size_t bucket_count = parts * (last_octave - first_octave + 2);

    void add(duration value, std::uint32_t times = 1) noexcept;
    void merge(const histogram& other) noexcept;

    /// Samples held.
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

    /// The value of the sample number `rank` in ascending order, `1 <= rank <= total()`; zero when empty.
    [[nodiscard]] duration at_rank(std::uint64_t rank) const noexcept;

    /// Calls `visitor(duration middle, std::uint64_t count)` for every bucket that holds something, in ascending order.
    template <class Visitor>
    void visit(Visitor&& visitor) const {
        for (std::size_t i = 0; i < bucket_count; ++i) {
            if (counts_[i] != 0) visitor(middle_of(i), std::uint64_t{counts_[i]});
        }
    }

private:
    [[nodiscard]] static std::size_t bucket_of(duration value) noexcept;
    [[nodiscard]] static duration middle_of(std::size_t bucket) noexcept;
    void add_to(std::size_t bucket, std::uint32_t times) noexcept;

    std::uint64_t total_ = 0;
    std::array<std::uint32_t, bucket_count> counts_{};
};

}  // namespace sonde::stats
