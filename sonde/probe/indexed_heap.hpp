// A binary min-heap of entries that know their place in it, so that any of them can leave in O(log n).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <sonde/base/time.hpp>

namespace sonde::probe {

/// Orders the elements of a caller's array by a time. `Traits` is a callable object with
/// `time_point key(Array&, uint32_t)` and `uint32_t& position(Array&, uint32_t)`; 4 bytes per entry here.
template <class Array, class Traits>
class indexed_heap {
public:
    static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

    [[nodiscard]] bool empty() const noexcept { return order_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
    [[nodiscard]] std::uint32_t top() const noexcept { return order_.front(); }

    void push(Array& array, std::uint32_t element) {
        order_.push_back(element);
        rise(array, order_.size() - 1);
    }

    void remove(Array& array, std::uint32_t element) {
        const std::size_t hole = Traits::position(array, element);
        Traits::position(array, element) = nowhere;
        const std::uint32_t last = order_.back();
        order_.pop_back();
        if (last == element) return;
        order_[hole] = last;
        Traits::position(array, last) = static_cast<std::uint32_t>(hole);
        update(array, last);
    }

    /// The element's key has changed.
    void update(Array& array, std::uint32_t element) {
        const std::size_t at = Traits::position(array, element);
        rise(array, at);
        sink(array, Traits::position(array, element));
    }

private:
    void put(Array& array, std::size_t at, std::uint32_t element) {
        order_[at] = element;
        Traits::position(array, element) = static_cast<std::uint32_t>(at);
    }

    void rise(Array& array, std::size_t at) {
        const std::uint32_t element = order_[at];
        const time_point key = Traits::key(array, element);
        while (at > 0) {
            const std::size_t parent = (at - 1) / 2;
            if (!(key < Traits::key(array, order_[parent]))) break;
            put(array, at, order_[parent]);
            at = parent;
        }
        put(array, at, element);
    }

    void sink(Array& array, std::size_t at) {
        const std::uint32_t element = order_[at];
        const time_point key = Traits::key(array, element);
        for (;;) {
            std::size_t child = 2 * at + 1;
            if (child >= order_.size()) break;
            if (child + 1 < order_.size() &&
                Traits::key(array, order_[child + 1]) < Traits::key(array, order_[child])) {
                ++child;
            }
            if (!(Traits::key(array, order_[child]) < key)) break;
            put(array, at, order_[child]);
            at = child;
        }
        put(array, at, element);
    }

    std::vector<std::uint32_t> order_;
};

}  // namespace sonde::probe
