// What is different in a scenario from some time on.
#pragma once

#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// Its time is the caller's business.
void apply(scenario& s, const change& c);

}  // namespace sonde::sim
