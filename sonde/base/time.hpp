// Time is an argument: these are the types that it is passed in. Nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <sonde/base/error.hpp>

namespace sonde {

using duration = std::chrono::nanoseconds;

/// Monotonic time: the origin is arbitrary, it never steps. Machines take it as `now`; a simulation makes its own.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// Wall-clock time (UTC), for people and logs only: never subtracted to get a round-trip time.
using wall_time = std::chrono::time_point<std::chrono::system_clock, duration>;

/// Which clocks bracket a round-trip time.
enum class clock_source : std::uint8_t {
    user,       ///< monotonic clock, read by this process before the send and after the receive
    kernel_rx,  ///< sent by this process's clock, received by the kernel's timestamp
    kernel,     ///< the kernel's timestamps at both ends
};

/// `kernel`, `kernel-rx` or `user`.
[[nodiscard]] std::string_view to_string(clock_source clock) noexcept;

/// Reads `200ms`, `2s`, `50us`, `1.5m`, `3h`, `10ns`; a bare number is in `bare_unit`. Not negative, at most
/// `longest_duration`. The error says what is wrong in one line.
[[nodiscard]] result<duration> parse_duration(std::string_view text, duration bare_unit);

inline constexpr duration longest_duration = std::chrono::hours{24 * 365};

/// RFC 3339 in UTC with nine digits of seconds: `2026-01-31T23:59:59.000000001Z`.
[[nodiscard]] std::string to_rfc3339(wall_time time);

}  // namespace sonde
