// Which of several equal ways a flow takes (RFC 2992): the same for all its packets, another one at each router.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/sim/packet_facts.hpp>
#include <sonde/sim/random_stream.hpp>

namespace sonde::sim {

/// The flow of a packet: its addresses, protocol and ports, of ICMP identifier and checksum (so that Paris traceroute
/// holds it by the checksum), of IPv6 the flow label too (RFC 6438). Fragments, of which only one has ports, are told
/// by addresses and protocol alone.
[[nodiscard]] std::uint64_t flow_hash(bytes_view packet, const packet_facts& facts) noexcept;

/// The choice among `ways`, at least 1, of a router with that salt.
[[nodiscard]] inline std::size_t choice_of(std::uint64_t flow, std::uint64_t salt, std::size_t ways) noexcept {
    // The upper half, multiplied: a modulus would be a division a hop.
    return static_cast<std::size_t>(((mixed(flow ^ salt) >> 32) * ways) >> 32);
}

}  // namespace sonde::sim
