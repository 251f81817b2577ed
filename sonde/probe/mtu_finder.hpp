// The path MTU, and where the path gets narrower.
#pragma once

#include <memory>

#include <sonde/base/time.hpp>
#include <sonde/probe/path_strategy.hpp>
#include <sonde/probe/trace_options.hpp>

namespace sonde::probe {

/// The strategy of `trace_goal::mtu`: the hops first, as `path_finder` does in one round, then packets that must not be
/// fragmented, to the destination, or to the last hop that answers.
///
/// The first size is `packet_size`, and no larger one is asked. Without it 1500 bytes are first, because most paths
/// end there; if they pass, 9000 (jumbo frames) and 65,535 (the most that IP has, for loopback and tunnels). What this
/// machine refuses to send costs nothing. Errors that name an MTU are believed if it is below what was sent and not
/// below what every link must carry (68, IPv6 1280); others only say "too large". Where large packets vanish without
/// an error (RFC 2923) the size is searched, the common ones first, and the hop behind which they vanish with them.
///
/// Events: those of the path, and `mtu` in the order of finding; the path MTU is the least of them. The first `mtu` is
/// of hop 0: the largest size that this machine sent, or was asked to.
///
/// Sources: RFC 1191, RFC 8201, RFC 4821, RFC 8899 section 5.
[[nodiscard]] std::unique_ptr<path_strategy> make_mtu_finder(time_point now, const trace_options& options);

}  // namespace sonde::probe
