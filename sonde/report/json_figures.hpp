// Figures as JSON objects that several subcommands write. Not installed: no public header uses the JSON library.
#pragma once

#include <sonde/base/time.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/stats/accounting.hpp>
#include <sonde/stats/rtt_series.hpp>

namespace sonde::report {

/// With the nanoseconds behind the point.
[[nodiscard]] double json_milliseconds(duration value);

/// `min mean p50 p90 p95 p99 max stddev jitter` in milliseconds; null when nothing came back.
[[nodiscard]] json rtt_object(const stats::rtt_series& series);

/// Every counter, under its name.
[[nodiscard]] json accounting_object(const stats::accounting& a);

}  // namespace sonde::report
