// One run of `sonde lab`.
#pragma once

#include <cli/lab_settings.hpp>

namespace sonde::cli {

/// Carries packets until the settings or a signal end it; the exit code.
[[nodiscard]] int run_lab_session(const lab_settings& settings);

}  // namespace sonde::cli
