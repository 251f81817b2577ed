// What a TCP port without memory answers (RFC 9293 section 3.10.7): enough for a handshake, a request and a close.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/ip_address.hpp>
#include <sonde/sim/scenario.hpp>
#include <sonde/wire/tcp.hpp>

namespace sonde::sim {

/// The initial sequence number of a connection, by a key and its two ends (RFC 6528, without the clock): what an
/// acknowledgment says about the connection's state is read from its distance to this.
[[nodiscard]] std::uint32_t initial_sequence(std::uint64_t key, const wire::pseudo_header& addresses,
                                             const wire::tcp_view& segment) noexcept;

/// The segment that answers one; nothing where TCP is silent: a reset, a bare acknowledgment, a port that is filtered.
/// An open port accepts, acknowledges data with its own FIN, and acknowledges a FIN; what fits no connection that it
/// could have is reset. Borrows nothing from the segment.
[[nodiscard]] std::optional<wire::tcp_message> tcp_answer(const wire::tcp_view& segment, port_state port,
                                                          std::uint32_t isn) noexcept;

}  // namespace sonde::sim
