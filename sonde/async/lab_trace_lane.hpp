// A tracer's lanes over a simulated network.
#pragma once

#include <memory>

#include <sonde/async/lab_core.hpp>
#include <sonde/async/trace_lane.hpp>

namespace sonde::async {

/// Opens UDP, ICMP and TCP lanes at the lab's vantage; errors are heard whole, with what they quote. Fails where the
/// vantage has no address of the family, and for connecting sockets, which nobody needs there.
[[nodiscard]] trace_lane_opener lab_trace_lanes(std::shared_ptr<lab_core> lab);

}  // namespace sonde::async
