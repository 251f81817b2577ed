// How many flows must go through a balancer until nobody is left who was not seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sonde::probe {

/// The stopping points n_k of the multipath detection algorithm: with k next hops seen after n_k flows, there are no
/// more. They are the least numbers for which a balancer of any size K is left incomplete with a probability of at most
/// 1 - confidence, counting that it can happen at each n_k with k < K. Computed on first use. Not thread-safe.
/// Source: D. Veitch, B. Augustin, T. Friedman, R. Teixeira, Failure control in multipath route tracing (INFOCOM 2009).
class stopping_points {
public:
    static constexpr std::size_t most_next_hops = 256;

    /// Clamped to 0.5 ... 1 - 10^-9.
    explicit stopping_points(double confidence) noexcept;

    /// n_k; of 0 that of 1, beyond `most_next_hops` that of it.
    [[nodiscard]] std::uint32_t at(std::size_t found);
    [[nodiscard]] double confidence() const noexcept { return 1 - risk_; }

private:
    void add_one();
    double risk_;
    std::vector<std::uint32_t> points_;  // n_1, n_2, ...
};

}  // namespace sonde::probe
