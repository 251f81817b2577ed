// How nodes and links behave, read from a scenario file: only the keys that are there change what `out` was before, so
// that defaults and later changes are the same thing.
#pragma once

#include <sonde/sim/scenario.hpp>
#include <sonde/sim/scenario_fields.hpp>

namespace sonde::sim {

/// The tables `errors`, `host` and `forward` of a node.
void read_node_behaviour(scenario_fields& fields, node& out);
/// The table `host` alone, of a node or a population.
void read_host_behaviour(scenario_fields& fields, host_behaviour& out);
/// The tables `nat` and `rules` of a node of that kind.
void read_nat(scenario_fields& fields, nat_behaviour& out);
void read_rules(scenario_fields& fields, std::vector<firewall_rule>& out);
/// The keys of a link itself: `delay`, `loss`, ...
void read_link_behaviour(scenario_fields& fields, link_behaviour& out);

}  // namespace sonde::sim
