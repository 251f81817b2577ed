// A firewall's rules, without memory: the first that matches decides.
#pragma once

#include <cstdint>
#include <span>

#include <sonde/base/bytes.hpp>
#include <sonde/sim/packet_facts.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// The rule that decides about a packet; null when none matches, and it passes. A rule with a port never matches what
/// has none: a fragment other than the first, ICMP.
[[nodiscard]] const firewall_rule* deciding_rule(std::span<const firewall_rule> rules, bytes_view packet,
                                                 const packet_facts& facts) noexcept;

/// The code of destination unreachable with which a rule rejects: ICMPv6 has 1 for administratively prohibited
/// (RFC 4443 section 3.1), where ICMP has 13 (RFC 1812 section 5.2.7.1).
[[nodiscard]] std::uint8_t reject_code(const firewall_rule& rule, family f) noexcept;

}  // namespace sonde::sim
