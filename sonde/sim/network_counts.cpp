#include <numeric>

#include <sonde/sim/network.hpp>

namespace sonde::sim {

std::string_view to_string(fate f) noexcept {
    constexpr std::array<std::string_view, fate_count> names{
        "delivered",  "answered",  "absorbed",     "expired",   "no_route",   "rejected",
        "blackholed", "filtered",  "too_big",      "malformed", "lost",       "queue_full",
        "link_down",  "node_down", "no_such_host", "nat_full",  "reassembly", "overload"};
    return names[static_cast<std::size_t>(f)];
}

bool network_counts::adds_up() const noexcept {
    const std::uint64_t in = injected + originated + duplicated + fragmented;
    return in == std::accumulate(ended.begin(), ended.end(), std::uint64_t{0}) + on_the_way + reassembled;
}

}  // namespace sonde::sim
