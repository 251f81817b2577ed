// Which sockets a tracer's lanes are made of.
#pragma once

#include <sonde/async/trace_lane.hpp>
#include <sonde/async/tracer_core.hpp>

namespace sonde::async {

/// Opens this machine's sockets. Where CAP_NET_RAW is permitted when the first lane of a family is opened, a raw socket
/// hears that family's ICMP errors whole; else the error queues tell of them.
[[nodiscard]] trace_lane_opener socket_trace_lanes(const tracer_options& options);

}  // namespace sonde::async
