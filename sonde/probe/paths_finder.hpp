// All equal-cost paths to a destination: the multipath detection algorithm.
#pragma once

#include <memory>

#include <sonde/base/time.hpp>
#include <sonde/probe/path_strategy.hpp>
#include <sonde/probe/trace_options.hpp>

namespace sonde::probe {

/// The strategy of `trace_goal::paths`. A router is asked who comes behind it with as many flows that pass it as make
/// it unlikely, to `confidence`, that one more next hop was missed; where too few flows pass it, more are sent to its
/// own hop until enough do. All hops and routers at once. It takes balancers to spread flows evenly, as the sources do.
///
/// Events: `probe` for each; when all is known, in this order, `hop` (its probes are one for each responder, the
/// fastest), `paths`, `round`. One round, whatever `rounds` says. At most 65,535 flows and a million probes:
/// `path_graph::bounded` says that a bound ended it.
///
/// Sources: B. Augustin, T. Friedman, R. Teixeira, Measuring load-balanced paths in the internet (IMC 2007);
/// D. Veitch, B. Augustin, T. Friedman, R. Teixeira, Failure control in multipath route tracing (INFOCOM 2009).
[[nodiscard]] std::unique_ptr<path_strategy> make_paths_finder(time_point now, const trace_options& options);

}  // namespace sonde::probe
