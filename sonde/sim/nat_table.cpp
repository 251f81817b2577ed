#include <sonde/sim/nat_table.hpp>

namespace sonde::sim {

std::optional<std::uint16_t> nat_table::free_port(outside_port wanted) {
    if (!inside_.contains(wanted)) return wanted.port;
    // Without ports there is one end outside for all.
    if (wanted.port == 0) return std::nullopt;
    constexpr std::size_t all = 0x1'0000U - first_dynamic;
    if (in_use_[{wanted.f, wanted.protocol}] >= all) return std::nullopt;
    for (std::size_t tries = all; tries > 0; --tries) {
        wanted.port = next_;
        next_ = next_ == 0xffffU ? first_dynamic : static_cast<std::uint16_t>(next_ + 1);
        if (!inside_.contains(wanted)) return wanted.port;
    }
    return std::nullopt;
}

std::optional<std::uint16_t> nat_table::map(const transport_end& inside, std::size_t limit) {
    if (const auto known = find_outside(inside)) return known;
    if (outside_.size() >= limit) return std::nullopt;
    const family f = inside.address.family();
    const auto port = free_port({f, inside.protocol, inside.port});
    if (!port) return std::nullopt;
    outside_.emplace(inside, *port);
    if (*port >= first_dynamic) ++in_use_[{f, inside.protocol}];
    inside_.emplace(outside_port{f, inside.protocol, *port}, inside);
    return port;
}

std::optional<std::uint16_t> nat_table::find_outside(const transport_end& inside) const {
    const auto found = outside_.find(inside);
    if (found == outside_.end()) return std::nullopt;
    return found->second;
}

std::optional<transport_end> nat_table::find_inside(family f, std::uint8_t protocol, std::uint16_t port) const {
    const auto found = inside_.find({f, protocol, port});
    if (found == inside_.end()) return std::nullopt;
    return found->second;
}

}  // namespace sonde::sim
