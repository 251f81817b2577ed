// Packets by the time at which something happens to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <sonde/base/time.hpp>
#include <sonde/sim/packet_pool.hpp>

namespace sonde::sim {

/// A 4-ary heap over lanes. A lane is a list of packets in the order of their times, as those on a link are: only its
/// first stands in the heap, which so stays as small as the number of links in use. What comes first at one time is
/// what was pushed first. The packets' `at`, `order` and `next` are the queue's.
class transit_queue {
public:
    static constexpr std::uint32_t no_lane = std::numeric_limits<std::uint32_t>::max();

    transit_queue(packet_pool& pool, std::size_t lanes) : pool_(&pool), lanes_(lanes) {}

    /// The packet joins a lane, or stands by itself where it is earlier than the lane's last or there is no lane.
    void push(packet_id id, time_point at, std::uint32_t lane = no_lane);

    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
    [[nodiscard]] time_point next() const noexcept { return heap_.empty() ? time_point::max() : heap_.front().at; }
    /// The earliest. There is one.
    packet_id pop();

private:
    struct entry {
        time_point at;
        std::uint64_t order;
        packet_id packet;
        std::uint32_t lane;
        [[nodiscard]] bool before(const entry& other) const noexcept {
            return at != other.at ? at < other.at : order < other.order;
        }
    };
    struct lane_ends {
        packet_id first = no_packet;
        packet_id last = no_packet;
    };

    void rise(const entry& e);
    void sink(const entry& e);

    packet_pool* pool_;
    std::vector<lane_ends> lanes_;
    std::vector<entry> heap_;
    std::uint64_t order_ = 0;
};

}  // namespace sonde::sim
