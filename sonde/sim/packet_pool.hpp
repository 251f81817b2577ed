// The packets that are on their way: records and bytes, pooled, so that a hop allocates nothing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/time.hpp>
#include <sonde/sim/packet_facts.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

using packet_id = std::uint32_t;
inline constexpr packet_id no_packet = std::numeric_limits<packet_id>::max();
inline constexpr link_index no_link = std::numeric_limits<link_index>::max();

/// A packet on its way, with what was found out about it so far.
struct packet {
    time_point at{};          ///< when it arrives, or leaves the node that made it
    std::uint64_t order = 0;  ///< among those of the same time
    packet_id next = no_packet;
    node_index node = 0;            ///< where it is, or arrives next
    link_index link = no_link;      ///< over which; `no_link`: it was made there
    std::uint32_t end = 0;          ///< of the link, at `node`
    std::uint32_t pipe = 0;         ///< the direction of the link
    std::uint32_t destination = 0;  ///< in the address table
    std::uint64_t flow = 0;         ///< what `flow_hash` says
    packet_facts facts;
    std::uint16_t hops = 0;
    std::uint8_t depth = 0;  ///< 0 from outside, 1 an answer to that, ...
    bool behind = false;     ///< made by a host of a population behind the node
    bool broadcast = false;  ///< a copy for one end of the link that it is broadcast on
    bool inwards = false;    ///< the NAT where it is has given it the address of a host inside

    [[nodiscard]] bytes_span bytes() noexcept { return {data, size}; }
    [[nodiscard]] bytes_view bytes() const noexcept { return {data, size}; }

    std::byte* data = nullptr;  ///< the pool's
    std::uint32_t size = 0;
    std::uint32_t size_class = 0;
};

/// Owns all packets. References stay valid as long as their packet.
class packet_pool {
public:
    /// A record as new, with room for `size` bytes (at most 65,535 and an IPv6 header) whose contents are of no
    /// meaning.
    [[nodiscard]] packet_id take(std::size_t size);
    void give_back(packet_id id) noexcept;
    /// New room for the bytes of a packet; what it held is lost.
    void resize(packet_id id, std::size_t size);

    [[nodiscard]] packet& operator[](packet_id id) noexcept { return chunks_[id / chunk][id % chunk]; }
    [[nodiscard]] const packet& operator[](packet_id id) const noexcept { return chunks_[id / chunk][id % chunk]; }
    [[nodiscard]] std::size_t live() const noexcept { return live_; }

private:
    static constexpr std::size_t chunk = 1024;
    static constexpr std::size_t smallest = 128;
    static constexpr std::size_t classes = 11;  // 128 bytes to 128 KiB
    static constexpr std::size_t slab = 65536;

    [[nodiscard]] std::byte* take_bytes(std::uint32_t size_class);
    [[nodiscard]] static std::uint32_t class_of(std::size_t size) noexcept {
        return static_cast<std::uint32_t>(size <= smallest ? 0 : std::bit_width((size - 1) / smallest));
    }

    std::vector<std::unique_ptr<packet[]>> chunks_;
    std::vector<packet_id> free_;
    std::vector<std::unique_ptr<std::byte[]>> slabs_;
    std::array<std::vector<std::byte*>, classes> free_bytes_;
    std::size_t live_ = 0;
};

}  // namespace sonde::sim
