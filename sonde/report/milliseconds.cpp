#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include <sonde/report/milliseconds.hpp>

namespace sonde::report {
namespace {

std::int64_t rounded_microseconds(duration value) noexcept {
    const auto nanoseconds = std::max<std::int64_t>(value.count(), 0);
    return nanoseconds / 1000 + (nanoseconds % 1000 >= 500 ? 1 : 0);
}

}  // namespace

std::string milliseconds_text(duration value) {
    const std::int64_t us = rounded_microseconds(value);
    return fmt::format("{}.{:03}", us / 1000, us % 1000);
}

// iputils' ping_common.c, the thresholds included: they are where the rounded figure gains a digit.
std::string reply_time_text(duration value) {
    const std::int64_t us = rounded_microseconds(value);
    if (us >= 100'000 - 50) return fmt::format("{}", (us + 500) / 1000);
    if (us >= 10'000 - 5) return fmt::format("{}.{}", (us + 50) / 1000, (us + 50) % 1000 / 100);
    if (us >= 1000) return fmt::format("{}.{:02}", (us + 5) / 1000, (us + 5) % 1000 / 10);
    return milliseconds_text(value);
}

}  // namespace sonde::report
