// What this machine needs to see a scenario behind a device: addresses, routes, and how large a packet may be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sonde/base/error.hpp>
#include <sonde/base/prefix.hpp>
#include <sonde/sim/scenario.hpp>
#include <sonde/socket/link_setup.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::cli {

/// A value type.
struct lab_plan {
    sim::node_index vantage = 0;                          ///< the node that this machine is
    std::vector<socket::link_address_setting> addresses;  ///< the vantage's
    std::vector<prefix> prefixes;                         ///< everything else of the scenario; none within another
    std::vector<ip_address> gateways;  ///< of each family one at most: the nearest node, which a TAP's frames go to
    std::uint32_t mtu = 1500;

    /// A TUN device's routes lead to it, a TAP device's through the gateway: else the kernel would keep a neighbour for
    /// each single destination, and has room for a thousand.
    [[nodiscard]] std::vector<socket::link_route> routes(socket::tun_kind kind) const;
    /// Addresses, prefixes and gateways of that family.
    void leave_out(family f);
};

/// How many prefixes a plan has at most. A scenario with more is summed up, at the price of prefixes that hold
/// addresses that are not in it.
inline constexpr std::size_t lab_prefix_limit = 64;

/// The failure says what the scenario lacks.
[[nodiscard]] result<lab_plan> plan_lab(const sim::scenario& s);

/// The fewest prefixes that hold exactly the same addresses; if these are more than `limit`, ones that hold more, made
/// by joining those that are closest. Never as wide as a /7 (IPv6: /15), so that a few far ones may stay above the
/// limit.
[[nodiscard]] std::vector<prefix> summed_up(std::vector<prefix> prefixes, std::size_t limit);

/// `sonde tap create NAME --user USER --tun --address ... --route ...`: a device that the lab needs no privilege for.
[[nodiscard]] std::string fitting_device(const lab_plan& plan, socket::tun_kind kind, const std::string& name,
                                         const std::string& user);

}  // namespace sonde::cli
