// Whether a scenario, however it was made, is in order: what a file cannot get wrong in one line alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

enum class scenario_part : std::uint8_t { whole, node, link, route, population, change };

/// Index into the vector of that part.
struct scenario_place {
    scenario_part part = scenario_part::whole;
    std::uint32_t index = 0;
};

struct scenario_finding {
    scenario_place place;
    std::string what;  ///< one line: `what is wrong; what was expected`
};

struct scenario_findings {
    std::optional<scenario_finding> error;  ///< the first; `network` takes no such scenario
    std::vector<scenario_finding>
        warnings;  ///< allowed, but worth telling: loops of routes, nodes that nothing reaches
};

/// Errors: an index out of range, no outside node, an address used twice (where not both are anycast), a link to
/// itself, a route via no neighbour, populations that overlap, changes out of order.
[[nodiscard]] scenario_findings check_scenario(const scenario& s);

}  // namespace sonde::sim
