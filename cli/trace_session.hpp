// A run of `sonde trace`: names, sockets, traces, signals, and the end.
#pragma once

#include <cli/trace_settings.hpp>

namespace sonde::cli {

/// Traces until the settings or a signal end it; returns the exit code.
[[nodiscard]] int run_trace_session(trace_settings settings);

}  // namespace sonde::cli
