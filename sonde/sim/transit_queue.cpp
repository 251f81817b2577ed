#include <algorithm>

#include <sonde/sim/transit_queue.hpp>

namespace sonde::sim {

void transit_queue::push(packet_id id, time_point at, std::uint32_t lane) {
    packet& p = (*pool_)[id];
    p.at = at;
    p.order = order_++;
    p.next = no_packet;
    if (lane != no_lane) {
        auto& ends = lanes_[lane];
        if (ends.first != no_packet) {
            packet& last = (*pool_)[ends.last];
            if (at < last.at) {
                lane = no_lane;
            } else {
                last.next = id;
                ends.last = id;
                return;
            }
        } else {
            ends = {id, id};
        }
    }
    rise({at, p.order, id, lane});
}

packet_id transit_queue::pop() {
    const entry top = heap_.front();
    if (top.lane != no_lane) {
        auto& ends = lanes_[top.lane];
        ends.first = (*pool_)[top.packet].next;
        if (ends.first != no_packet) {
            const packet& next = (*pool_)[ends.first];
            sink({next.at, next.order, ends.first, top.lane});
            return top.packet;
        }
    }
    const entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
    return top.packet;
}

void transit_queue::rise(const entry& e) {
    heap_.push_back(e);
    std::size_t at = heap_.size() - 1;
    while (at > 0) {
        const std::size_t parent = (at - 1) / 4;
        if (!e.before(heap_[parent])) break;
        heap_[at] = heap_[parent];
        at = parent;
    }
    heap_[at] = e;
}

/// Puts `e` in the place of the first.
void transit_queue::sink(const entry& e) {
    const std::size_t size = heap_.size();
    std::size_t at = 0;
    for (;;) {
        const std::size_t first = 4 * at + 1;
        if (first >= size) break;
        std::size_t least = first;
        for (std::size_t child = first + 1; child < std::min(first + 4, size); ++child) {
            if (heap_[child].before(heap_[least])) least = child;
        }
        if (!heap_[least].before(e)) break;
        heap_[at] = heap_[least];
        at = least;
    }
    heap_[at] = e;
}

}  // namespace sonde::sim
