// The local time zone.
#pragma once

#include <cstdint>

namespace sonde::cli {

/// Seconds that local time is ahead of UTC at that moment (seconds since 1970); 0 where the system cannot say.
[[nodiscard]] std::int32_t local_utc_offset(std::int64_t second) noexcept;

}  // namespace sonde::cli
