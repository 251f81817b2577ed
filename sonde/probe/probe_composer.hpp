// What a probe of a tracer looks like on the wire, and by what its answer is known: UDP by a checksum that no other
// probe of the flow has, ICMP by its sequence number under a checksum that all of the flow have, TCP by its sequence
// number; all by a keyed token where there is room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/probe/token.hpp>
#include <sonde/probe/tracer.hpp>

namespace sonde::probe {

/// Everything that a probe's bytes depend on. A value type.
struct probe_image {
    lane_kind kind = lane_kind::udp;
    sonde::family family = sonde::family::v4;
    std::uint32_t lane = 0;
    std::uint16_t identifier = 0;  ///< the lane's
    std::uint16_t port = 0;        ///< of the destination
    std::uint16_t flow = 0;
    std::uint16_t size = 0;  ///< of the IP packet: one that `packet_size` gave
    std::uint64_t serial = 0;

    [[nodiscard]] std::uint16_t number() const noexcept { return static_cast<std::uint16_t>(serial); }
    /// Bytes of the payload of UDP and ICMP: at least 2.
    [[nodiscard]] std::size_t payload_size() const noexcept;
    /// Where the two bytes stand that make the checksum what it is to be.
    [[nodiscard]] std::size_t balance_at() const noexcept { return (payload_size() - 2) & ~std::size_t{1}; }
};

/// The size that a probe gets that was to have `wanted` bytes (0: the usual size of its kind).
[[nodiscard]] std::uint16_t packet_size(lane_kind kind, family f, std::uint16_t wanted) noexcept;

/// The one's-complement sum of a UDP probe's payload, and the way back.
[[nodiscard]] std::uint16_t udp_sum(std::uint16_t number) noexcept;
[[nodiscard]] std::optional<std::uint16_t> number_of_udp_sum(std::uint16_t sum) noexcept;
/// The one's-complement sum of an ICMP probe, its checksum field counted as zero: the same for all of a flow.
[[nodiscard]] std::uint16_t icmp_sum(std::uint16_t flow) noexcept;
/// The port that a TCP probe leaves from.
[[nodiscard]] std::uint16_t tcp_source_port(std::uint16_t identifier, std::uint16_t flow) noexcept;
/// A SYN's sequence number: 16 bits of the keyed code, then its number.
[[nodiscard]] std::uint32_t tcp_sequence(const token_key& key, std::uint64_t serial, std::uint32_t lane) noexcept;

/// Writes UDP's or ICMP's payload into `out`, of exactly `payload_size()` bytes.
void write_payload(const token_key& key, const probe_image& image, bytes_span out) noexcept;

/// Writes what a lane of its kind sends, and returns it. `computes_checksum`: also an ICMP checksum. `buffer` has at
/// least `image.size` bytes.
[[nodiscard]] bytes_view compose_probe(const token_key& key, const probe_image& image, bool computes_checksum,
                                       bytes_span buffer) noexcept;

}  // namespace sonde::probe
