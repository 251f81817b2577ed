#include <algorithm>
#include <bit>
#include <limits>

#include <sonde/stats/histogram.hpp>

namespace sonde::stats {

std::size_t histogram::bucket_of(duration value) noexcept {
    const auto nanoseconds = static_cast<std::uint64_t>(std::max(value.count(), duration::rep{0}));
    if (nanoseconds >> first_octave == 0) return static_cast<std::size_t>((nanoseconds * parts) >> first_octave);
    const auto octave = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1;
    if (octave > last_octave) return bucket_count - 1;
    const std::uint64_t above = nanoseconds - (std::uint64_t{1} << octave);
    return parts * (octave - first_octave + 1) + static_cast<std::size_t>((above * parts) >> octave);
}

duration histogram::middle_of(std::size_t bucket) noexcept {
    const std::uint64_t halves = 2 * (bucket % parts) + 1;
    if (bucket < parts) return duration{static_cast<duration::rep>((halves << first_octave) / (2 * parts))};
    const std::size_t octave = first_octave + bucket / parts - 1;
    const std::uint64_t above = (halves << octave) / (2 * parts);
    return duration{static_cast<duration::rep>((std::uint64_t{1} << octave) + above)};
}

void histogram::add_to(std::size_t bucket, std::uint32_t times) noexcept {
    const std::uint32_t added = std::min(times, std::numeric_limits<std::uint32_t>::max() - counts_[bucket]);
    counts_[bucket] += added;
    total_ += added;
}

void histogram::add(duration value, std::uint32_t times) noexcept {
    add_to(bucket_of(value), times);
}

void histogram::merge(const histogram& other) noexcept {
    for (std::size_t i = 0; i < bucket_count; ++i) add_to(i, other.counts_[i]);
}

duration histogram::at_rank(std::uint64_t rank) const noexcept {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) {
        seen += counts_[i];
        if (counts_[i] != 0 && seen >= rank) return middle_of(i);
    }
    return duration::zero();
}

}  // namespace sonde::stats
