// One run of `sonde recv`.
#pragma once

#include <cli/recv_settings.hpp>

namespace sonde::cli {

/// Receives until the settings or a signal end it; the exit code.
[[nodiscard]] int run_recv_session(recv_settings settings);

}  // namespace sonde::cli
