// Loops among the routes that are given: allowed, since a traceroute shows them, but seldom meant.
#pragma once

#include <cstdint>
#include <vector>

#include <sonde/base/prefix.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

struct route_loop {
    std::uint32_t route = 0;  ///< index of one of its routes
    prefix to;
    std::vector<node_index> nodes;  ///< once round
};

/// At most one loop for each prefix that a route is given for, as routed at the start, towards one address of the
/// prefix: somebody's, where there is one. Scenarios of which that would take long (many prefixes times many nodes) are
/// looked at in part. The scenario's indices must be in order.
[[nodiscard]] std::vector<route_loop> route_loops(const scenario& s);

}  // namespace sonde::sim
