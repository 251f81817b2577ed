// The equal-cost paths to a destination, drawn in a terminal: a row per router, a lane per branch of its hop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <sonde/probe/trace_event.hpp>
#include <sonde/report/address_note.hpp>

namespace sonde::report {

struct path_drawing_options {
    std::size_t columns = 80;  ///< width to fit: a hop of too many branches is listed instead of drawn
    bool ascii = false;        ///< `|`, `+`, `-` and `o` in place of box characters
    bool extensions = false;   ///< what the answers carry beside, such as MPLS labels
    address_notes notes = {};
};

/// Appends lines, each ended by a newline; the last says how sure it is. Text of the network is escaped. Pure.
///
///       1  ●    10.0.0.1  0.213 ms
///          ├─┐
///       2  ● │  10.0.1.1  1.032 ms
///          │ ●  10.0.1.2  1.105 ms
///          ├─┘
///       3  ●    203.0.113.80  3.011 ms  destination
///     2 paths; each balancer's next hops are complete with 95 % confidence, 61 probes
///
/// Where lines would say more than is known, or cross, a router names those before it: `<- 10.0.1.1, 10.0.1.2`.
void draw_paths(std::string& out, const probe::path_graph& graph, const path_drawing_options& options = {});

/// How many ways lead from the first hop to an end, as far as edges are known; at most 2^32-1.
[[nodiscard]] std::uint32_t count_paths(const probe::path_graph& graph);

}  // namespace sonde::report
