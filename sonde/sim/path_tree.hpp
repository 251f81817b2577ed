// Shortest paths to one place from everywhere (Dijkstra, 1959), with all next hops of equal cost.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <sonde/sim/scenario.hpp>
#include <sonde/sim/topology.hpp>

namespace sonde::sim {

/// Over a link from one of its ends to another.
struct next_hop {
    link_index link = 0;
    std::uint32_t out = 0;  ///< the end at whoever sends
    std::uint32_t in = 0;   ///< the end at `node`
    node_index node = 0;
    friend bool operator==(const next_hop&, const next_hop&) noexcept = default;
};

inline constexpr std::uint64_t unreachable_distance = std::numeric_limits<std::uint64_t>::max();

/// Where the paths lead: a node that is not a leaf, and what is left to go from there (0: it is the place).
struct anchor {
    node_index node = 0;
    std::uint64_t distance = 0;
    friend auto operator<=>(const anchor&, const anchor&) noexcept = default;
};

/// Of a hop over that link from that end; never 0, so that no path goes round at no cost.
[[nodiscard]] std::uint64_t cost_from(const link& l, std::uint32_t end) noexcept;

/// By the topology's core numbers. Links and nodes that are down count as not there.
struct path_tree {
    std::vector<std::uint64_t> distance;
    std::vector<std::uint32_t> first;  ///< one more than there are nodes: where its hops begin
    std::vector<next_hop> hops;

    path_tree(const scenario& s, const topology& t, std::span<const anchor> anchors);

    [[nodiscard]] std::span<const next_hop> hops_of(std::uint32_t core) const noexcept {
        return std::span{hops}.subspan(first[core], first[core + 1] - first[core]);
    }
};

}  // namespace sonde::sim
