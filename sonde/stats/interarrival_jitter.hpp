// The interarrival jitter of RTP, as a receiver reports it.
#pragma once

#include <cstdint>

#include <sonde/base/time.hpp>

namespace sonde::stats {

/// RFC 3550 sections 6.4.1 and A.8: J += (|D| - J) / 16, where D is the difference of two successive transit times, the
/// first packet giving none. The round trip stands for the transit. In floating point: A.8 keeps 16 times the value in
/// an integer, which is where some tools' sixteenfold jitter comes from. A value type; any thread, one at a time.
class interarrival_jitter {
public:
    void add(duration transit) noexcept {
        const duration::rep value = transit.count();
        if (any_) {
            const duration::rep difference = value > last_ ? value - last_ : last_ - value;
            value_ += (static_cast<double>(difference) - value_) / 16;
        }
        last_ = value;
        any_ = true;
    }

    /// Zero before the second packet.
    [[nodiscard]] duration value() const noexcept { return duration{static_cast<duration::rep>(value_ + 0.5)}; }

private:
    double value_ = 0;
    duration::rep last_ = 0;
    bool any_ = false;
};

}  // namespace sonde::stats
