// `sonde sniff` at work: on an interface, or on a capture file.
#pragma once

#include <cli/sniff_settings.hpp>

namespace sonde::cli {

/// Both return the exit code; all has been said.
[[nodiscard]] int sniff_interface(const sniff_settings& settings);
[[nodiscard]] int sniff_file(const sniff_settings& settings);

}  // namespace sonde::cli
