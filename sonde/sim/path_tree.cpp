#include <algorithm>
#include <queue>
#include <utility>

#include <sonde/sim/path_tree.hpp>

namespace sonde::sim {

namespace {

/// Calls `visit(core, attachment, far end)` for every other core node on a link of `n` that is up, with that link.
template <class Visit>
void for_neighbours(const scenario& s, const topology& t, node_index n, Visit visit) {
    for (const attachment& a : t.attachments(n)) {
        const link& l = s.links[a.link];
        for (const std::uint32_t end : t.core_ends(a.link)) {
            const node_index other = l.ends[end].node;
            if (other != n && !s.nodes[other].down) visit(t.core(other), a, end);
        }
    }
}

bool is_up(const link& l, std::uint32_t from) noexcept {
    return !behaviour_from(l, from).down;
}

void measure(const scenario& s, const topology& t, std::span<const anchor> anchors,
             std::vector<std::uint64_t>& distance) {
    using candidate = std::pair<std::uint64_t, std::uint32_t>;
    std::priority_queue<candidate, std::vector<candidate>, std::greater<>> open;
    const auto offer = [&](std::uint32_t core, std::uint64_t d) {
        if (d >= distance[core]) return;
        distance[core] = d;
        open.emplace(d, core);
    };
    for (const anchor& a : anchors) {
        if (t.core(a.node) != topology::no_core && !s.nodes[a.node].down) offer(t.core(a.node), a.distance);
    }
    while (!open.empty()) {
        const std::uint64_t d = open.top().first;
        const std::uint32_t core = open.top().second;
        open.pop();
        if (d != distance[core]) continue;
        const node_index n = t.node_of_core(core);
        if (d != 0 && !forwards(s.nodes[n].kind)) continue;
        for_neighbours(s, t, n, [&](std::uint32_t other, const attachment& here, std::uint32_t far) {
            const link& l = s.links[here.link];
            if (is_up(l, far)) offer(other, d + cost_from(l, far));
        });
    }
}

}  // namespace

std::uint64_t cost_from(const link& l, std::uint32_t end) noexcept {
    return std::max(behaviour_from(l, end).cost, std::uint32_t{1});
}

path_tree::path_tree(const scenario& s, const topology& t, std::span<const anchor> anchors)
    : distance(t.core_count(), unreachable_distance), first{0} {
    measure(s, t, anchors, distance);
    for (std::uint32_t core = 0; core < t.core_count(); ++core) {
        const std::uint64_t d = distance[core];
        if (d != 0 && d != unreachable_distance) {
            const node_index n = t.node_of_core(core);
            for_neighbours(s, t, n, [&](std::uint32_t other, const attachment& here, std::uint32_t far) {
                const link& l = s.links[here.link];
                const node_index next = l.ends[far].node;
                if (distance[other] >= d || !is_up(l, here.end)) return;
                if (distance[other] != 0 && !forwards(s.nodes[next].kind)) return;
                if (distance[other] + cost_from(l, here.end) == d) hops.push_back({here.link, here.end, far, next});
            });
        }
        first.push_back(static_cast<std::uint32_t>(hops.size()));
    }
}

}  // namespace sonde::sim
