// A rate limit over many probes: when the next one may go.
#pragma once

#include <algorithm>
#include <cstdint>

#include <sonde/base/time.hpp>

namespace sonde::probe {

/// The generic cell rate algorithm (ITU-T I.371): at most `rate` a second in the long run, at most `burst` at once.
/// Passive: the caller asks `ready_at` and reports with `take`.
class pacer {
public:
    /// `rate` 0 means no limit.
    explicit pacer(double rate = 0, std::uint32_t burst = 1) noexcept
        : gap_(rate > 0 ? std::chrono::duration_cast<duration>(std::chrono::duration<double>(1 / std::max(rate, 1e-6)))
                        : duration{0}),
          tolerance_(gap_ * (std::max(burst, std::uint32_t{1}) - 1)) {}

    [[nodiscard]] time_point ready_at() const noexcept { return theoretical_ - tolerance_; }
    [[nodiscard]] bool ready(time_point now) const noexcept { return gap_ == duration{0} || ready_at() <= now; }
    void take(time_point now) noexcept { theoretical_ = std::max(theoretical_, now) + gap_; }

private:
    duration gap_;
    duration tolerance_;
    time_point theoretical_{};
};

}  // namespace sonde::probe
