#include <algorithm>

#include <sonde/probe/patience.hpp>

namespace sonde::probe {

void patience::answered(std::uint8_t ttl, duration rtt) noexcept {
    const duration known = std::max(rtt, duration{1});
    slowest_[ttl] = std::max(slowest_[ttl], known);
    slowest_of_all_ = std::max(slowest_of_all_, known);
    last_ = std::max(last_, ttl);
}

duration patience::times(double factor, duration rtt) const noexcept {
    const double product = (factor > 0 ? factor : 0) * static_cast<double>(rtt.count());
    if (product >= static_cast<double>(wait_.count())) return wait_;
    return std::min(wait_, std::max(least, duration{static_cast<duration::rep>(product)}));
}

duration patience::wait_for(std::uint8_t ttl, unsigned attempt) const noexcept {
    duration first = wait_;
    if (last_ != 0 && ttl > last_) {
        first = std::min(wait_, std::max(tail_, times(near_, slowest_of_all_)));
    } else {
        if (slowest_[ttl] > duration{0}) first = times(here_, slowest_[ttl]);
        const auto later =
            std::find_if(slowest_.begin() + ttl + 1, slowest_.end(), [](duration rtt) { return rtt > duration{0}; });
        if (later != slowest_.end()) first = std::min(first, times(near_, *later));
    }
    for (unsigned i = 0; i < std::min(attempt, 8U) && first < wait_; ++i) first *= 4;
    return std::min(first, wait_);
}

}  // namespace sonde::probe
