// How long an answer is waited for: the less, the more is known of the path.
#pragma once

#include <array>
#include <cstdint>

#include <sonde/base/time.hpp>
#include <sonde/probe/trace_options.hpp>

namespace sonde::probe {

/// traceroute's -w max,here,near, and `tail`, from `trace_options`. Not below `least`: a router writes its errors on a
/// slow path, so `here` times a neighbour's few microseconds says nothing. A value type; not thread-safe.
class patience {
public:
    static constexpr duration least = std::chrono::milliseconds{10};

    explicit patience(const trace_options& options) noexcept
        : wait_(options.wait), here_(options.here), near_(options.near), tail_(options.tail) {}

    void answered(std::uint8_t ttl, duration rtt) noexcept;

    /// For the first attempt; each further one is waited for four times as long, up to `wait`: branches of one hop may
    /// be far apart.
    [[nodiscard]] duration wait_for(std::uint8_t ttl, unsigned attempt = 0) const noexcept;

    /// 0: nobody answered yet.
    [[nodiscard]] std::uint8_t last_answered() const noexcept { return last_; }

private:
    [[nodiscard]] duration times(double factor, duration rtt) const noexcept;

    std::array<duration, 256> slowest_{};  // of each hop; 0: no answer
    duration slowest_of_all_{};
    std::uint8_t last_ = 0;
    duration wait_;
    double here_;
    double near_;
    duration tail_;
};

}  // namespace sonde::probe
