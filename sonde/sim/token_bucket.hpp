// A rate with a burst: what limits a router's ICMP errors (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 (f)).
#pragma once

#include <algorithm>

#include <sonde/base/time.hpp>

namespace sonde::sim {

/// A value type. Full at first.
class token_bucket {
public:
    /// `rate` a second, 0 for no limit, and at most `burst` (at least 1) at once. False: one too many.
    [[nodiscard]] bool take(time_point now, double rate, std::uint32_t burst) noexcept {
        if (rate <= 0) return true;
        const double most = std::max(burst, std::uint32_t{1});
        if (!started_) tokens_ = most;
        if (started_) tokens_ = std::min(most, tokens_ + std::chrono::duration<double>(now - last_).count() * rate);
        started_ = true;
        last_ = now;
        // A token that rounding has left a trifle short is one.
        if (tokens_ < 1 - 1e-9) return false;
        tokens_ -= 1;
        return true;
    }

private:
    time_point last_{};
    double tokens_ = 0;
    bool started_ = false;
};

}  // namespace sonde::sim
