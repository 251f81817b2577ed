#include <algorithm>
#include <span>
#include <tuple>

#include <sonde/sim/routing.hpp>

namespace sonde::sim {

routing::routing(const scenario& s, const topology& t, const address_table& addresses)
    : scenario_(&s), topology_(&t), addresses_(&addresses), resolved_(addresses.size()) {
    read_given_routes();
}

void routing::forget() {
    forget_trees();
    read_given_routes();
}

void routing::forget_trees() {
    trees_.clear();
    std::ranges::fill(resolved_, resolved{});
}

void routing::read_given_routes() {
    given_.assign(scenario_->nodes.size(), {});
    for (const route& r : scenario_->routes) {
        given_route g{.to = r.to, .hops = {}, .blackhole = r.blackhole};
        for (const attachment& a : topology_->attachments(r.at)) {
            const link& l = scenario_->links[a.link];
            if (behaviour_from(l, a.end).down) continue;
            for (std::uint32_t end = 0; end < l.ends.size(); ++end) {
                const node_index other = l.ends[end].node;
                if (end != a.end && std::ranges::find(r.via, other) != r.via.end()) {
                    g.hops.push_back({a.link, a.end, end, other});
                }
            }
        }
        // Without a neighbour that can be reached the route is not there; without any it rejects.
        if (g.hops.empty() && !r.via.empty()) continue;
        given_[r.at].push_back(std::move(g));
    }
    const auto order = [](const given_route& g) {
        return std::tuple{!g.to.network().is_v4(), 128 - g.to.length(), g.to.network()};
    };
    for (auto& routes : given_) std::ranges::stable_sort(routes, {}, order);
}

/// The longest that holds the address: among those of one length, which stand together, by its network. There may be
/// as many routes as the internet has.
const routing::given_route* routing::given(node_index n, const ip_address& address) const {
    const bool v4 = address.is_v4();
    const auto is_v4 = [](const given_route& g) { return g.to.network().is_v4(); };
    const auto later = std::ranges::partition_point(given_[n], is_v4);
    std::span<const given_route> rest = v4 ? std::span{given_[n].begin(), later} : std::span{later, given_[n].end()};
    while (!rest.empty()) {
        const unsigned length = rest.front().to.length();
        const auto end = std::ranges::upper_bound(rest, length, std::ranges::greater{},
                                                  [](const given_route& g) { return g.to.length(); });
        const ip_address network = masked(address, length);
        const auto found = std::ranges::lower_bound(
            rest.begin(), end, network, {}, [](const given_route& g) -> const ip_address& { return g.to.network(); });
        if (found != end && found->to.contains(address)) return &*found;
        rest = rest.subspan(static_cast<std::size_t>(end - rest.begin()));
    }
    return nullptr;
}

way routing::at(node_index n, destination_index destination, const ip_address& address) {
    const way c = computed(n, destination);
    if (given_[n].empty() || c.what == way::kind::local) return c;
    const given_route* const g = given(n, address);
    if (g == nullptr) return c;
    if (c.what != way::kind::none && g->to.length() < (*addresses_)[destination].length) return c;
    if (g->blackhole) return {.what = way::kind::blackholed};
    if (g->hops.empty()) return {.what = way::kind::rejected};
    return {.what = way::kind::hops, .hops = g->hops};
}

way routing::computed(node_index n, destination_index index) {
    const destination& d = (*addresses_)[index];
    switch (d.what) {
        case destination::kind::nowhere:
            return {};
        case destination::kind::node:
            if (std::ranges::find(d.owners, n) != d.owners.end()) return {.what = way::kind::local};
            break;
        case destination::kind::population:
            if (scenario_->populations[d.which].behind == n) return {.what = way::kind::population, .which = d.which};
            break;
        case destination::kind::link:
            if (topology_->is_on(n, d.which)) return {.what = way::kind::no_host, .which = d.which};
            break;
        case destination::kind::broadcast:
            if (topology_->is_on(n, d.which)) return {.what = way::kind::broadcast, .which = d.which};
            break;
    }
    const resolved& r = resolve(index);
    return topology_->core(n) == topology::no_core ? from_leaf(n, d, r) : from_core(n, r);
}

way routing::from_core(node_index n, const resolved& r) {
    const std::uint32_t core = topology_->core(n);
    const auto hops = r.tree->hops_of(core);
    if (r.last_hops.empty()) return {.what = hops.empty() ? way::kind::none : way::kind::hops, .hops = hops};
    scratch_.assign(hops.begin(), hops.end());
    for (const last_hop& last : r.last_hops) {
        if (last.from == n && last.cost == r.tree->distance[core]) scratch_.push_back(last.hop);
    }
    return {.what = scratch_.empty() ? way::kind::none : way::kind::hops, .hops = scratch_};
}

/// Over its one link, to whoever is nearest to the destination there.
way routing::from_leaf(node_index n, const destination& d, const resolved& r) {
    scratch_.clear();
    if (topology_->attachments(n).empty()) return {};
    const attachment here = topology_->attachments(n).front();
    const link& l = scenario_->links[here.link];
    if (behaviour_from(l, here.end).down) return {};
    std::uint64_t best = unreachable_distance;
    const auto offer = [&](std::uint32_t end, std::uint64_t distance) {
        if (distance > best || distance == unreachable_distance || end == here.end) return;
        if (distance < best) scratch_.clear();
        best = distance;
        scratch_.push_back({here.link, here.end, end, l.ends[end].node});
    };
    for (const std::uint32_t end : topology_->core_ends(here.link)) {
        const node_index other = l.ends[end].node;
        const std::uint64_t distance = r.tree->distance[topology_->core(other)];
        if (distance == 0 || forwards(scenario_->nodes[other].kind)) offer(end, distance);
    }
    for (const node_index owner : d.owners) {
        if (topology_->core(owner) != topology::no_core || scenario_->nodes[owner].down) continue;
        for (const attachment& a : topology_->attachments(owner)) {
            if (a.link == here.link) offer(a.end, 0);
        }
    }
    return {.what = scratch_.empty() ? way::kind::none : way::kind::hops, .hops = scratch_};
}

void routing::anchor_link(std::vector<anchor>& anchors, link_index l) const {
    for (const std::uint32_t end : topology_->core_ends(l)) {
        const link& of = scenario_->links[l];
        if (!behaviour_from(of, end).down) anchors.push_back({of.ends[end].node, cost_from(of, end)});
    }
}

void routing::anchor_leaf(std::vector<anchor>& anchors, resolved& r, node_index leaf) const {
    if (scenario_->nodes[leaf].down) return;
    for (const attachment& a : topology_->attachments(leaf)) {
        const link& l = scenario_->links[a.link];
        for (const std::uint32_t end : topology_->core_ends(a.link)) {
            if (behaviour_from(l, end).down) continue;
            const std::uint64_t cost = cost_from(l, end);
            anchors.push_back({l.ends[end].node, cost});
            r.last_hops.push_back({l.ends[end].node, {a.link, end, a.end, leaf}, cost});
        }
    }
}

const routing::resolved& routing::resolve(destination_index index) {
    resolved& r = resolved_[index];
    if (r.known) return r;
    const destination& d = (*addresses_)[index];
    std::vector<anchor> anchors;
    if (d.what == destination::kind::link || d.what == destination::kind::broadcast) anchor_link(anchors, d.which);
    if (d.what == destination::kind::population) anchors.push_back({scenario_->populations[d.which].behind, 0});
    for (const node_index owner : d.owners) {
        if (topology_->core(owner) == topology::no_core) {
            anchor_leaf(anchors, r, owner);
        } else {
            anchors.push_back({owner, 0});
        }
    }
    std::ranges::sort(anchors);
    auto found = trees_.find(anchors);
    if (found == trees_.end()) {
        if (tree_nodes() + topology_->core_count() > tree_nodes_max && !trees_.empty()) {
            std::vector<last_hop> last_hops = std::move(r.last_hops);
            forget_trees();
            r.last_hops = std::move(last_hops);
        }
        auto tree = std::make_unique<path_tree>(*scenario_, *topology_, anchors);
        found = trees_.emplace(std::move(anchors), std::move(tree)).first;
    }
    r.tree = found->second.get();
    r.known = true;
    return r;
}

}  // namespace sonde::sim
