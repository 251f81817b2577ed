#include <algorithm>
#include <cmath>

#include <sonde/probe/hop_pace.hpp>

namespace sonde::probe {

bool hop_pace::judge() noexcept {
    const bool fair = batch_ > 0 && (3 * batch_answered_ >= 2 * batch_ || gap_ >= last_gap);
    if (fair) {
        controls_ += batch_;
        controls_lost_ += batch_ - batch_answered_;
    } else {
        gap_ = std::clamp(gap_ * 4, first_gap, last_gap);
    }
    batch_ = batch_answered_ = 0;
    return fair;
}

std::size_t hop_pace::controls_wanted(std::size_t flows) const noexcept {
    // Under a limit each control costs the hop an answer that a flow could have had.
    return gap_ > first_gap ? 3 : std::clamp<std::size_t>(flows, 6, 12);
}

unsigned hop_pace::batches_needed(double risk, std::size_t flows, bool silence_known) const noexcept {
    const double loss = (controls_lost_ + 1.0) / (controls_ + 2.0);  // Laplace: nothing is known to be lossless
    const double each = risk / static_cast<double>(std::max<std::size_t>(flows, 1));
    const double needed = std::clamp(std::ceil(std::log(each) / std::log(loss)), 3.0, 9.0);
    return static_cast<unsigned>(silence_known ? needed / 2 : needed);
}

}  // namespace sonde::probe
