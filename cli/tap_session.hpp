// `sonde tap create` and `sonde tap delete`, carried out.
#pragma once

#include <cli/tap_settings.hpp>

namespace sonde::cli {

/// All or nothing; the exit code.
[[nodiscard]] int run_tap_creation(const tap_creation& c);
[[nodiscard]] int run_tap_deletion(const tap_deletion& d);

}  // namespace sonde::cli
