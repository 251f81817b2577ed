// ICMP errors as routers and hosts make them: RFC 792, RFC 1812 section 4.3.2, RFC 4443 section 2.4, and what real ones
// get wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/sim/packet_facts.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// No error is longer: IPv6's least MTU (RFC 4443 section 2.4 (c)); IPv4's end at 576 (RFC 1812 section 4.3.2.3).
inline constexpr std::size_t icmp_error_max = 1280;

/// The interface that the reported packet came in on (RFC 5837).
struct incoming_interface {
    std::uint32_t index = 0;
    std::optional<ip_address> address = {};
    std::string_view name = {};
    std::uint32_t mtu = 0;
};

struct icmp_error {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t rest = 0;  ///< MTU or pointer; IPv4's MTU stands in the lower 16 bits
    ip_address source = {};
    std::uint16_t identification = 0;  ///< of IPv4
    std::optional<incoming_interface> incoming = {};
};

/// Which error may be sent about a packet (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e)).
enum class reported : std::uint8_t {
    any,
    too_big,  ///< also about what was sent to a group: path MTU discovery of multicast
};

/// Not about ICMP errors, what was sent to a group or a broadcast, or what comes from none that is one host; of IPv4
/// not about fragments other than the first. Directed broadcasts cannot be told here.
[[nodiscard]] bool may_be_reported(bytes_view packet, const packet_facts& facts, reported what) noexcept;

/// Writes the error about `packet`, to its source, into `out`, which has `icmp_error_max` bytes; returns its size.
[[nodiscard]] std::size_t write_icmp_error(bytes_span out, const icmp_error& error, const error_behaviour& behaviour,
                                           bytes_view packet, const packet_facts& facts) noexcept;

}  // namespace sonde::sim
