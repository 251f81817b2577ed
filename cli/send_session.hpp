// The running of `sonde send`.
#pragma once

#include <cli/send_settings.hpp>

namespace sonde::cli {

/// Returns the exit code; everything has been said.
[[nodiscard]] int run_send_session(const send_settings& settings);

}  // namespace sonde::cli
