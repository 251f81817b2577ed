// Durations as people read round-trip times: in milliseconds.
#pragma once

#include <string>

#include <sonde/base/time.hpp>

namespace sonde::report {

/// `0.031`, `12.345`: rounded to the microsecond, always three decimals. Negative durations count as zero.
[[nodiscard]] std::string milliseconds_text(duration value);

/// As iputils writes the time of a reply: `0.031`, `1.23`, `12.3`, `123`.
[[nodiscard]] std::string reply_time_text(duration value);

}  // namespace sonde::report
