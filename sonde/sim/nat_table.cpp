#include <sonde/sim/nat_table.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::sim {

duration usual_idle_time(std::uint8_t protocol) noexcept {
    namespace known = wire::ip_protocol;
    if (protocol == known::icmp || protocol == known::icmpv6) return std::chrono::minutes{1};
    if (protocol == known::tcp) return std::chrono::hours{2} + std::chrono::minutes{4};
    return std::chrono::minutes{5};
}

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

void nat_table::expire(time_point now) {
    while (!ends_.empty() && ends_.begin()->first <= now) {
        const transport_end& inside = ends_.begin()->second;
        const auto found = outside_.find(inside);
        const outside_port gone{inside.address.family(), inside.protocol, found->second.port};
        if (gone.port >= first_dynamic) --in_use_[{gone.f, gone.protocol}];
        inside_.erase(gone);
        outside_.erase(found);
        ends_.erase(ends_.begin());
    }
}

std::optional<std::uint16_t> nat_table::map(const transport_end& inside, std::size_t limit, time_point until) {
    if (const auto known = outside_.find(inside); known != outside_.end()) {
        mapping& m = known->second;
        if (until > m.until) {
            auto end = ends_.extract({m.until, inside});
            end.value().first = m.until = until;
            ends_.insert(std::move(end));
        }
        return m.port;
    }
    if (outside_.size() >= limit) return std::nullopt;
    const family f = inside.address.family();
    const auto port = free_port({f, inside.protocol, inside.port});
    if (!port) return std::nullopt;
    outside_.emplace(inside, mapping{*port, until});
    ends_.emplace(until, inside);
    if (*port >= first_dynamic) ++in_use_[{f, inside.protocol}];
    inside_.emplace(outside_port{f, inside.protocol, *port}, inside);
    return port;
}

std::optional<std::uint16_t> nat_table::find_outside(const transport_end& inside) const {
    const auto found = outside_.find(inside);
    if (found == outside_.end()) return std::nullopt;
    return found->second.port;
}

std::optional<transport_end> nat_table::find_inside(family f, std::uint8_t protocol, std::uint16_t port) const {
    const auto found = inside_.find({f, protocol, port});
    if (found == inside_.end()) return std::nullopt;
    return found->second;
}

}  // namespace sonde::sim
