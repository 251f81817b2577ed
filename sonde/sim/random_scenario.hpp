// Scenarios by seed, for tests that hold something to the truth on more internets than anybody would write down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// What a random scenario may contain besides routers that answer at once.
struct random_scenario_limits {
    std::uint32_t nodes = 40;  ///< at most, 4 or more
    bool silent_hops = true;
    bool diamonds = true;         ///< next hops of equal cost
    bool packet_balance = false;  ///< some of them balanced by packet, so that no flow has one path
    bool slow_hops = true;        ///< errors on a slow path, up to 50 ms late
    bool labels = true;           ///< MPLS, interface information, short quotes, both kinds of extension
    double loss = 0;              ///< of every link
};

struct random_scenario {
    sim::scenario scenario;
    /// Of both families: a host that answers, one of the routers, and destinations that are not reached: an address
    /// that nobody routes, a rejected one, a blackhole, a host that is not on its LAN, a host that is silent.
    std::vector<ip_address> targets;
    std::string shape;  ///< for whoever reads a failure: the stages of the way
};

/// The same on every machine for the same seed and limits, and in order (`check_scenario`) for all of them. Links take
/// 100 us to 5 ms in each direction, and nothing changes over time.
[[nodiscard]] random_scenario make_random_scenario(std::uint64_t seed, const random_scenario_limits& limits = {});

}  // namespace sonde::sim
