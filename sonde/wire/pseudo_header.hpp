// The addresses that the checksums of UDP and TCP cover besides their own bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sonde/base/ip_address.hpp>
#include <sonde/wire/checksum.hpp>

namespace sonde::wire {

/// Of the datagram that carries the packet. The length that goes in with them stands in the packet (UDP) or is its own
/// (TCP), so the packet's parser adds it.
struct pseudo_header {
    ip_address source = {};
    ip_address destination = {};

    /// The sum, not inverted, over an upper-layer packet of that size and protocol.
    [[nodiscard]] std::uint16_t sum(std::size_t size, std::uint8_t protocol) const noexcept {
        return pseudo_header_sum(source, destination, static_cast<std::uint32_t>(size), protocol);
    }
    [[nodiscard]] sonde::family family() const noexcept { return destination.family(); }
};

}  // namespace sonde::wire
