// One run of `sonde ping`.
#pragma once

#include <cli/ping_settings.hpp>

namespace sonde::cli {

/// Pings until the settings or a signal end it; the exit code.
[[nodiscard]] int run_ping_session(ping_settings settings);

}  // namespace sonde::cli
