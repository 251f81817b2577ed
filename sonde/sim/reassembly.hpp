// Fragments that wait for the rest of their packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/sim/fragmentation.hpp>
#include <sonde/sim/packet_pool.hpp>

namespace sonde::sim {

/// One for all nodes. Holds packets of the pool by their ids, at most `packets_max` x `fragments_max`. RFC 791 section
/// 3.2, RFC 8200 section 4.5; what overlaps is dropped with all the rest of its packet (RFC 5722).
class reassembly {
public:
    static constexpr std::size_t packets_max = 1024;
    static constexpr std::size_t fragments_max = 128;
    static constexpr duration patience_v4 = std::chrono::seconds{30};  // Linux's; RFC 1122 wants 60 to 120
    static constexpr duration patience_v6 = std::chrono::seconds{60};

    explicit reassembly(packet_pool& pool) : pool_(&pool) {}

    struct outcome {
        enum class kind : std::uint8_t {
            waiting,
            whole,    ///< `fragments`, in order, are all of one packet
            dropped,  ///< `fragments` are of no use any more
        } what = kind::waiting;
        std::vector<packet_id> fragments = {};
    };
    /// Takes a fragment that has come to where it is put together. A packet whose fragments are too many is dropped,
    /// and where too many packets wait, the new one.
    [[nodiscard]] outcome add(packet_id id, time_point now);

    [[nodiscard]] time_point next_deadline() const noexcept { return next_deadline_; }
    /// The fragments of one packet that has waited until `now`; nothing when there is none.
    [[nodiscard]] std::vector<packet_id> expire(time_point now);

private:
    struct piece {
        packet_id id = no_packet;
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        bool last = false;
    };
    struct entry {
        node_index node = 0;
        std::uint32_t identification = 0;
        std::uint8_t protocol = 0;  // of IPv4
        ip_address source = {};
        ip_address destination = {};
        time_point deadline{};
        std::vector<piece> pieces = {};
        [[nodiscard]] bool is_whole() const noexcept;
        [[nodiscard]] std::vector<packet_id> ids() const;
    };

    [[nodiscard]] entry& entry_of(const packet& p, const fragment_fields& f, time_point now);
    outcome take(entry& e, outcome::kind what);
    void find_next_deadline() noexcept;

    packet_pool* pool_;
    std::vector<entry> entries_;
    time_point next_deadline_ = time_point::max();
};

/// Writes the whole packet of fragments that are in order into `out`; returns its size, 0 where it would be too long.
[[nodiscard]] std::size_t put_together(const packet_pool& pool, const std::vector<packet_id>& fragments,
                                       bytes_span out) noexcept;

}  // namespace sonde::sim
