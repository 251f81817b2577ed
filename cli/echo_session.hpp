// One run of `sonde echo`.
#pragma once

#include <cli/echo_settings.hpp>

namespace sonde::cli {

/// Answers until the settings or a signal end it; the exit code.
[[nodiscard]] int run_echo_session(const echo_settings& settings);

}  // namespace sonde::cli
