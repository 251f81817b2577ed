// Scenarios as files: TOML in, a scenario that is in order out, or the line that is wrong and what was expected there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// A scenario, and what its author should know though it is allowed: a loop of routes, a node that nothing reaches.
struct read_result {
    sim::scenario scenario;
    std::vector<std::string> warnings;  ///< one line each, `FILE:LINE: ...`
};

/// Reads TOML text; `file` is its name for messages. The failure is one line: `FILE:LINE: what is wrong; what was
/// expected`. Text of any kind is survived; a file that asks for more than a million nodes fails.
[[nodiscard]] result<read_result> read_scenario(std::string_view text, std::string_view file);

}  // namespace sonde::sim
