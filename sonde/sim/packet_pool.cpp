#include <algorithm>

#include <sonde/sim/packet_pool.hpp>

namespace sonde::sim {

std::byte* packet_pool::take_bytes(std::uint32_t size_class) {
    auto& free = free_bytes_[size_class];
    if (free.empty()) {
        const std::size_t size = smallest << size_class;
        const std::size_t count = std::max<std::size_t>(1, slab / size);
        // Not zeroed: whoever takes a packet writes it.
        slabs_.push_back(std::make_unique_for_overwrite<std::byte[]>(count * size));
        for (std::size_t i = count; i-- > 0;) free.push_back(slabs_.back().get() + i * size);
    }
    std::byte* const bytes = free.back();
    free.pop_back();
    return bytes;
}

packet_id packet_pool::take(std::size_t size) {
    if (free_.empty()) {
        const auto first = static_cast<packet_id>(chunks_.size() * chunk);
        chunks_.push_back(std::make_unique<packet[]>(chunk));
        for (std::size_t i = chunk; i-- > 0;) free_.push_back(first + static_cast<packet_id>(i));
    }
    const packet_id id = free_.back();
    free_.pop_back();
    packet& p = (*this)[id];
    p = packet{};
    p.size_class = class_of(size);
    p.data = take_bytes(p.size_class);
    p.size = static_cast<std::uint32_t>(size);
    ++live_;
    return id;
}

void packet_pool::give_back(packet_id id) noexcept {
    const packet& p = (*this)[id];
    free_bytes_[p.size_class].push_back(p.data);
    free_.push_back(id);
    --live_;
}

void packet_pool::resize(packet_id id, std::size_t size) {
    packet& p = (*this)[id];
    const std::uint32_t wanted = class_of(size);
    if (wanted != p.size_class) {
        std::byte* const bytes = take_bytes(wanted);
        free_bytes_[p.size_class].push_back(p.data);
        p.data = bytes;
        p.size_class = wanted;
    }
    p.size = static_cast<std::uint32_t>(size);
}

}  // namespace sonde::sim
