// Fragments: what stands in one, and how a packet is cut into several (RFC 791 section 3.2, RFC 8200 section 4.5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/sim/packet_facts.hpp>

namespace sonde::sim {

/// Of a packet whose facts say that it is a fragment. Offsets in bytes.
struct fragment_fields {
    std::uint32_t identification = 0;
    std::uint32_t offset = 0;  ///< of its data in the whole
    bool more = false;
    std::uint32_t data = 0;          ///< where its data begin in the packet
    std::uint32_t header = 0;        ///< where IPv6's fragment header stands
    std::uint32_t announced_at = 0;  ///< where its number stands
};

[[nodiscard]] fragment_fields read_fragment(bytes_view packet, const packet_facts& facts) noexcept;

/// Cuts a packet for an MTU. The packet outlives it.
class fragmenter {
public:
    /// `identification` is for IPv6, whose packet is not a fragment yet and has no extension headers; IPv4's stays.
    fragmenter(bytes_view packet, const packet_facts& facts, std::size_t mtu, std::uint32_t identification);

    /// 0 where the MTU has no room for a header and 8 bytes.
    [[nodiscard]] std::size_t count() const noexcept;
    /// Writes fragment `index` into `out`, which has room for the MTU; returns its size.
    [[nodiscard]] std::size_t write(std::size_t index, bytes_span out) const noexcept;

private:
    [[nodiscard]] std::size_t data_size() const noexcept { return packet_.size() - header_; }
    [[nodiscard]] std::size_t write_v4(std::size_t at, bytes_view data, bool last, bytes_span out) const noexcept;

    bytes_view packet_;
    packet_facts facts_;
    std::uint32_t identification_;
    std::size_t header_;
    std::size_t step_ = 0;  // bytes of data in each but the last
    std::vector<std::byte> later_options_;
};

}  // namespace sonde::sim
