// From the kernel's timestamps (wall clock) to monotonic time, so that a stepped clock cannot bend a round-trip time.
#pragma once

#include <algorithm>
#include <chrono>

#include <sonde/base/time.hpp>

namespace sonde::async {

/// Knows the distance between the two clocks. Call `refresh` in each wake-up, before stamps are converted. Small
/// changes (adjtime slews by at most 500 ppm) are followed in steps of a microsecond, so that two stamps of one ping
/// are mostly converted with the same distance, and their difference is the kernel's own.
class wall_clock_bridge {
public:
    void refresh() noexcept {
        duration best = duration::max();
        duration measured{};
        for (int tries = 0; tries < 3 && best > step; ++tries) {
            const auto before = std::chrono::steady_clock::now();
            const auto wall = std::chrono::system_clock::now();
            const auto after = std::chrono::steady_clock::now();
            if (after - before >= best) continue;
            best = after - before;
            measured = wall.time_since_epoch() - (before.time_since_epoch() + best / 2);
        }
        // A measurement during which this process was interrupted knows the distance no better than it took.
        const duration tolerance = std::max(step, best);
        if (const duration moved = measured - distance_; moved > tolerance || moved < -tolerance) distance_ = measured;
    }

    [[nodiscard]] time_point to_monotonic(wall_time stamp) const noexcept {
        return time_point{stamp.time_since_epoch() - distance_};
    }
    [[nodiscard]] wall_time to_wall(time_point t) const noexcept { return wall_time{t.time_since_epoch() + distance_}; }

private:
    static constexpr duration step = std::chrono::microseconds{1};
    duration distance_{};
};

}  // namespace sonde::async
