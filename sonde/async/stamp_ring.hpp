// Which datagram a transmit timestamp is about. They come at once, so few numbers need to be remembered.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sonde::async {

/// The last 4,096 numbers of a socket, and what its caller knows the datagrams by.
template <class Place>
class stamp_ring {
public:
    void add(std::uint32_t number, const Place& place) { entries_[number % entries_.size()] = {number, true, place}; }
    /// Null when it is not known, or not any more.
    [[nodiscard]] const Place* find(std::uint32_t number) const noexcept {
        const entry& e = entries_[number % entries_.size()];
        return e.used && e.number == number ? &e.place : nullptr;
    }
    /// The socket counts anew.
    void clear() { std::ranges::fill(entries_, entry{}); }

private:
    struct entry {
        std::uint32_t number = 0;
        bool used = false;
        Place place{};
    };
    std::vector<entry> entries_ = std::vector<entry>(4096);
};

}  // namespace sonde::async
