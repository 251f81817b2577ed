#include <algorithm>
#include <utility>

#include <sonde/probe/stopping_points.hpp>

namespace sonde::probe {

stopping_points::stopping_points(double confidence) noexcept : risk_(1 - std::clamp(confidence, 0.5, 1 - 1e-9)) {}

std::uint32_t stopping_points::at(std::size_t found) {
    const std::size_t k = std::clamp<std::size_t>(found, 1, most_next_hops);
    while (points_.size() < k) add_one();
    return points_[k - 1];
}

// A balancer of size K = k + 1 as a walk over how many were seen: `seen[j]` is the probability of j, `missed` that of
// having stopped too early at an n_j before. n_k is where that plus seen[k] falls below the risk.
void stopping_points::add_one() {
    const std::size_t k = points_.size() + 1;
    const auto size = static_cast<double>(k + 1);
    std::vector<double> seen(k + 2, 0.0);
    double missed = 0;
    seen[1] = 1;
    for (std::uint32_t flows = 1;; ++flows) {
        for (std::size_t j = 1; j < k; ++j) {
            if (points_[j - 1] == flows) missed += std::exchange(seen[j], 0.0);
        }
        if ((k == 1 || flows > points_.back()) && missed + seen[k] <= risk_) {
            points_.push_back(flows);
            return;
        }
        for (std::size_t j = k + 1; j > 0; --j) {
            seen[j] =
                seen[j] * static_cast<double>(j) / size + seen[j - 1] * (size - static_cast<double>(j - 1)) / size;
        }
    }
}

}  // namespace sonde::probe
