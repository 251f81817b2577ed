// Random numbers that are the same on every machine: the standard's engines are, its distributions are not.
#pragma once

#include <array>
#include <cstdint>

#include <sonde/base/time.hpp>

namespace sonde::sim {

/// splitmix64's finalizer (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of `x`.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
    x += 0x9e37'79b9'7f4a'7c15U;
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9U;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebU;
    return x ^ (x >> 31);
}

/// The upper 53 bits as a number from 0 to below 1.
[[nodiscard]] constexpr double unit_of(std::uint64_t number) noexcept {
    return static_cast<double>(number >> 11) * 0x1p-53;
}

/// xoshiro256** (Blackman and Vigna, 2018). A value type; one thread at a time.
class random_stream {
public:
    /// Streams of one seed with different `purpose` are independent.
    explicit random_stream(std::uint64_t seed, std::uint64_t purpose = 0) noexcept;

    [[nodiscard]] std::uint64_t number() noexcept;
    /// From 0 to below `bound`, which is not 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return number() % bound; }
    /// True with that probability. Of 0 and below, and of 1 and above, nothing is drawn.
    [[nodiscard]] bool happens(double probability) noexcept {
        if (probability <= 0) return false;
        return probability >= 1 || unit_of(number()) < probability;
    }
    /// From `least` to `least + spread`; a spread of 0 draws nothing.
    [[nodiscard]] duration from(duration least, duration spread) noexcept {
        if (spread <= duration::zero()) return least;
        return least + duration{static_cast<duration::rep>(below(static_cast<std::uint64_t>(spread.count()) + 1))};
    }

private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace sonde::sim
