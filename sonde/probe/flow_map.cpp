#include <algorithm>
#include <utility>

#include <sonde/probe/flow_map.hpp>

namespace sonde::probe {
namespace {

constexpr std::uint8_t no_end = 255;

void insert_sorted(std::vector<std::uint16_t>& sorted, std::uint16_t value) {
    const auto where = std::lower_bound(sorted.begin(), sorted.end(), value);
    if (where == sorted.end() || *where != value) sorted.insert(where, value);
}

/// Takes out silent vertices that nothing follows, from the back on: packets that vanished, not routers.
void drop_silent_ends(std::vector<path_graph::hop>& hops) {
    for (std::size_t i = hops.size(); i-- > 0;) {
        const std::vector<path_edge> none;
        const auto& onward = i + 1 < hops.size() ? hops[i + 1].edges : none;
        auto& vertices = hops[i].vertices;
        std::vector<std::uint32_t> moved(vertices.size());
        std::vector<bool> dropped(vertices.size());
        std::uint32_t kept = 0;
        for (std::uint32_t v = 0; v < vertices.size(); ++v) {
            dropped[v] = vertices[v].address == ip_address{} &&
                         std::none_of(onward.begin(), onward.end(), [v](const path_edge& e) { return e.from == v; });
            moved[v] = kept;
            if (!dropped[v]) std::swap(vertices[kept++], vertices[v]);
        }
        vertices.resize(kept);
        std::erase_if(hops[i].edges, [&](const path_edge& e) { return dropped[e.to]; });
        for (path_edge& e : hops[i].edges) e.to = moved[e.to];
        if (i + 1 == hops.size()) continue;
        for (path_edge& e : hops[i + 1].edges) e.from = moved[e.from];
    }
    while (!hops.empty() && hops.back().vertices.empty()) hops.pop_back();
}

}  // namespace

flow_map::flow_map(std::uint8_t first_hop, std::uint8_t max_hops)
    : first_(first_hop), hops_(std::size_t{max_hops} + 2) {}

flow_cell& flow_map::edit(std::uint8_t ttl, std::uint16_t flow) {
    auto& cells = hops_[ttl].cells;
    if (flow >= cells.size()) cells.resize(std::size_t{flow} + 1);
    return cells[flow];
}

std::uint16_t flow_map::find_or_add(hop& h, const ip_address& address) {
    const auto found =
        std::find_if(h.vertices.begin(), h.vertices.end(), [&](const path_vertex& v) { return v.address == address; });
    if (found == h.vertices.end()) {
        h.vertices.push_back({.address = address});
        return static_cast<std::uint16_t>(h.vertices.size() - 1);
    }
    return static_cast<std::uint16_t>(found - h.vertices.begin());
}

std::uint16_t flow_map::vertex_of(std::uint8_t ttl, const hop_answer& answer) {
    const std::uint16_t index = find_or_add(hops_[ttl], answer.from);
    path_vertex& v = hops_[ttl].vertices[index];
    if (v.rtt == duration{0} || answer.rtt < v.rtt) v.rtt = answer.rtt;
    if (answer.extensions) v.extensions = answer.extensions;
    if (answer.kind == answer_from::destination) v.destination = true;
    return index;
}

void flow_map::ends_at(std::uint16_t flow, std::uint8_t ttl) {
    if (flow >= ends_.size()) ends_.resize(std::size_t{flow} + 1, no_end);
    ends_[flow] = std::min(ends_[flow], ttl);
}

std::uint16_t flow_map::see(std::uint8_t ttl, std::uint16_t flow, const hop_answer& answer) {
    const std::uint16_t vertex = vertex_of(ttl, answer);
    flow_cell& cell = edit(ttl, flow);
    cell.what = flow_cell::fate::seen;
    cell.vertex = vertex;
    if (answer.kind == answer_from::hop) {
        // A router that has no route behind it says so to whatever comes later: the flow ends at it, not a hop behind.
        if (end_of(flow) == ttl + 1 && at(static_cast<std::uint8_t>(ttl + 1), flow).what == flow_cell::fate::seen) {
            const path_vertex& next = hops_[ttl + 1U].vertices[at(static_cast<std::uint8_t>(ttl + 1), flow).vertex];
            if (next.address == answer.from && !next.destination) ends_at(flow, ttl);
        }
        return vertex;
    }
    (answer.kind == answer_from::destination ? reached_ : unreachable_) = true;
    const auto before = static_cast<std::uint8_t>(ttl - 1);
    const bool said_before = answer.kind == answer_from::unreachable && ttl > first_ &&
                             at(before, flow).what == flow_cell::fate::seen &&
                             hops_[before].vertices[at(before, flow).vertex].address == answer.from;
    ends_at(flow, said_before ? before : ttl);
    return vertex;
}

void flow_map::see_silence(std::uint8_t ttl, std::uint16_t flow) {
    flow_cell& cell = edit(ttl, flow);
    cell.what = flow_cell::fate::seen;
    cell.vertex = find_or_add(hops_[ttl], ip_address{});
}

bool flow_map::has_silent_vertex(std::uint8_t ttl) const noexcept {
    const auto& vertices = hops_[ttl].vertices;
    return std::any_of(vertices.begin(), vertices.end(),
                       [](const path_vertex& v) { return v.address == ip_address{}; });
}

void flow_map::see_again(std::uint8_t ttl, std::uint16_t flow, std::uint16_t vertex) {
    hops_[ttl].repeats.push_back({flow, vertex});
}

void flow_map::mark_per_packet(std::uint8_t ttl, const router_standing& r) {
    for (const std::uint16_t v : r.next) hops_[ttl].vertices[v].per_packet = true;
    for (const repeat& again : hops_[ttl].repeats) {
        if (std::binary_search(r.flows.begin(), r.flows.end(), again.flow)) {
            hops_[ttl].vertices[again.vertex].per_packet = true;
        }
    }
}

void flow_map::add_next(router_standing& r, std::uint8_t ttl, std::uint16_t flow) const {
    r.flows.push_back(flow);
    if (ttl >= first_ && end_of(flow) == ttl) {
        ++r.ended;
        ++r.samples;
        return;
    }
    if (std::size_t{ttl} + 1 >= hops_.size()) return;
    const flow_cell& next = at(static_cast<std::uint8_t>(ttl + 1), flow);
    if (next.is_out()) ++r.waiting;
    if (next.what != flow_cell::fate::seen) return;
    ++r.samples;
    insert_sorted(r.next, next.vertex);
}

std::vector<router_standing> flow_map::standings(std::uint8_t ttl) const {
    std::vector<router_standing> found;
    if (ttl < first_) {
        router_standing& before = found.emplace_back();
        const std::size_t flows = width(first_);
        for (std::size_t f = 0; f < flows; ++f) add_next(before, ttl, static_cast<std::uint16_t>(f));
        return found;
    }
    const hop& h = hops_[ttl];
    std::vector<std::size_t> standing_of(h.vertices.size(), h.vertices.size());
    std::size_t shared = h.vertices.size();  // that of all per-packet vertices
    for (std::size_t f = 0; f < h.cells.size(); ++f) {
        const auto flow = static_cast<std::uint16_t>(f);
        if (!counts(ttl, flow)) continue;
        const std::uint16_t v = h.cells[f].vertex;
        std::size_t& index = h.vertices[v].per_packet ? shared : standing_of[v];
        if (index == h.vertices.size()) {
            index = found.size();
            found.emplace_back().vertices.push_back(v);
        } else if (h.vertices[v].per_packet) {
            insert_sorted(found[index].vertices, v);
        }
        add_next(found[index], ttl, flow);
    }
    return found;
}

flow_shares flow_map::shares(std::uint8_t ttl, const router_standing& r) const {
    const hop& h = hops_[ttl];
    flow_shares made{.vertices = h.vertices.size()};
    const bool has_parents = ttl > first_;
    const auto before = static_cast<std::uint8_t>(ttl - 1);
    std::vector<double> passing(has_parents ? hops_[before].vertices.size() : 0);
    made.of_parent.resize(passing.size());
    // Where somebody is silent, a flow without an answer so far has most likely come to them.
    const auto silent = std::find_if(h.vertices.begin(), h.vertices.end(),
                                     [](const path_vertex& v) { return v.address == ip_address{}; });
    const auto is_ours = [&](std::size_t v) {
        return std::binary_search(r.vertices.begin(), r.vertices.end(), static_cast<std::uint16_t>(v));
    };
    double resolved = 0;
    for (std::size_t f = 0; f < h.cells.size(); ++f) {
        const auto flow = static_cast<std::uint16_t>(f);
        const bool doubtful = silent != h.vertices.end() && h.cells[f].in_doubt();
        if (!doubtful && !counts(ttl, flow)) continue;
        const bool passes =
            is_ours(doubtful ? static_cast<std::size_t>(silent - h.vertices.begin()) : h.cells[f].vertex);
        if (doubtful && passes) ++made.waiting;
        ++resolved;
        made.of_unknown += passes ? 1 : 0;
        if (!has_parents || !counts(before, flow)) continue;
        ++passing[at(before, flow).vertex];
        made.of_parent[at(before, flow).vertex] += passes ? 1 : 0;
    }
    made.of_unknown /= std::max(resolved, 1.0);
    for (std::size_t v = 0; v < passing.size(); ++v) made.of_parent[v] /= std::max(passing[v], 1.0);
    for (std::size_t f = 0; f < h.cells.size(); ++f) {
        const bool counted = silent != h.vertices.end() && h.cells[f].in_doubt();
        if (!h.cells[f].is_out() || counted) continue;
        made.waiting += share_of(made, ttl, static_cast<std::uint16_t>(f));
    }
    return made;
}

double flow_map::share_of(const flow_shares& shares, std::uint8_t ttl, std::uint16_t flow) const noexcept {
    const auto before = static_cast<std::uint8_t>(ttl - 1);
    if (ttl <= first_ || !counts(before, flow) || per_packet(before, at(before, flow).vertex)) return shares.of_unknown;
    if (end_of(flow) < ttl) return 0;
    return shares.of_parent[at(before, flow).vertex];
}

std::vector<std::uint16_t> flow_map::orphans(std::uint8_t ttl) const {
    const hop& h = hops_[ttl];
    const auto before = static_cast<std::uint8_t>(ttl - 1);
    std::vector<bool> has_parent(h.vertices.size());
    std::vector<std::optional<std::uint16_t>> flow_of(h.vertices.size());
    for (std::size_t f = 0; f < h.cells.size(); ++f) {
        const auto flow = static_cast<std::uint16_t>(f);
        if (!counts(ttl, flow)) continue;
        const std::uint16_t v = h.cells[f].vertex;
        const flow_cell::fate parent = at(before, flow).what;
        if (parent == flow_cell::fate::unasked) {
            if (!flow_of[v]) flow_of[v] = flow;
        } else if (parent != flow_cell::fate::unknown) {
            has_parent[v] = true;
        }
    }
    std::vector<std::uint16_t> flows;
    for (std::size_t v = 0; v < flow_of.size(); ++v) {
        if (!has_parent[v] && flow_of[v]) flows.push_back(*flow_of[v]);
    }
    return flows;
}

std::vector<path_vertex> flow_map::vertices_with_flows(std::uint8_t ttl) const {
    const hop& h = hops_[ttl];
    std::vector<path_vertex> vertices = h.vertices;
    for (std::size_t f = 0; f < h.cells.size(); ++f) {
        const auto flow = static_cast<std::uint16_t>(f);
        if (counts(ttl, flow)) vertices[h.cells[f].vertex].flows.push_back(flow);
    }
    for (const repeat& r : h.repeats) {
        if (end_of(r.flow) >= ttl) insert_sorted(vertices[r.vertex].flows, r.flow);
    }
    return vertices;
}

std::vector<path_edge> flow_map::edges_into(std::uint8_t ttl, const std::vector<path_vertex>& before,
                                            const std::vector<path_vertex>& here) const {
    const auto there = static_cast<std::uint8_t>(ttl - 1);
    const auto live = std::count_if(here.begin(), here.end(), [](const path_vertex& v) { return !v.flows.empty(); });
    std::vector<path_edge> edges;
    const auto add = [&](std::uint16_t flow, std::uint16_t to) {
        if (!counts(there, flow) || end_of(flow) == there) return;
        const std::uint16_t from = at(there, flow).vertex;
        // Behind a balancer by packet nobody knows which way this packet went, unless there is but one to go.
        if (before[from].per_packet && live != 1) return;
        edges.push_back({from, to});
    };
    for (std::size_t f = 0; f < hops_[ttl].cells.size(); ++f) {
        const auto flow = static_cast<std::uint16_t>(f);
        if (counts(ttl, flow)) add(flow, hops_[ttl].cells[f].vertex);
    }
    for (const repeat& r : hops_[ttl].repeats) {
        if (end_of(r.flow) >= ttl) add(r.flow, r.vertex);
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    return edges;
}

path_graph flow_map::graph(std::uint8_t last) const {
    path_graph made;
    made.first_hop = first_;
    made.reached = reached_;
    std::vector<path_vertex> before;
    std::vector<std::uint32_t> order_before;
    for (std::uint8_t ttl = first_; ttl <= last; ++ttl) {
        std::vector<path_vertex> here = vertices_with_flows(ttl);
        path_graph::hop h;
        if (ttl > first_) h.edges = edges_into(ttl, before, here);
        // In the order of their first flow, which does not depend on who was quicker.
        std::vector<std::uint32_t> sorted;
        for (std::uint32_t v = 0; v < here.size(); ++v) {
            if (!here[v].flows.empty()) sorted.push_back(v);
        }
        std::sort(sorted.begin(), sorted.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return here[a].flows < here[b].flows; });
        std::vector<std::uint32_t> order(here.size());
        for (std::uint32_t i = 0; i < sorted.size(); ++i) {
            order[sorted[i]] = i;
            h.vertices.push_back(here[sorted[i]]);
        }
        for (path_edge& e : h.edges) e = {order_before[e.from], order[e.to]};
        std::sort(h.edges.begin(), h.edges.end());
        made.hops.push_back(std::move(h));
        before = std::move(here);
        order_before = std::move(order);
    }
    drop_silent_ends(made.hops);
    return made;
}

}  // namespace sonde::probe
