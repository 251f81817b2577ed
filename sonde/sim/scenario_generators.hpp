// What a scenario file makes many of at once: chains of routers, and addresses for whoever was given none.
#pragma once

#include <sonde/sim/scenario_builder.hpp>

namespace sonde::sim {

inline constexpr std::uint64_t longest_chain = 10'000;

/// One `[[chain]]`: routers in a row between two nodes.
void generate_chain(scenario_builder& builder, const toml_value& table);

/// One `[[population]]`, of one or more prefixes.
void generate_population(scenario_builder& builder, const toml_value& table);

/// Nodes that have no address, neither of their own nor on a link, get the next free ones of 10.0.0.0/8 and fd00::/64,
/// in their order.
void add_missing_addresses(scenario& s);

/// A NAT owns what it translates to, unless somebody else does: otherwise no answer would find its way back.
void add_translated_addresses(scenario& s);

}  // namespace sonde::sim
