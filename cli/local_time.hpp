// The wall clock, and the local time zone.
#pragma once

#include <cstdint>

#include <sonde/base/time.hpp>

namespace sonde::cli {

/// For people and logs.
[[nodiscard]] wall_time wall_now() noexcept;

/// Seconds that local time is ahead of UTC at that moment (seconds since 1970); 0 where the system cannot say.
[[nodiscard]] std::int32_t local_utc_offset(std::int64_t second) noexcept;

}  // namespace sonde::cli
