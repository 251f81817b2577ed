#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include <sonde/sim/route_loops.hpp>
#include <sonde/sim/scenario_check.hpp>

namespace sonde::sim {

namespace {

using neighbours = std::vector<std::vector<node_index>>;

neighbours neighbours_in(const scenario& s) {
    neighbours out(s.nodes.size());
    for (const auto& link : s.links) {
        // On a LAN everybody is everybody's: its first end stands for it where only reaching matters.
        for (const auto& a : link.ends) {
            if (a.node != link.ends.front().node) {
                out[a.node].push_back(link.ends.front().node);
                out[link.ends.front().node].push_back(a.node);
            }
        }
    }
    return out;
}

std::string name_of(const scenario& s, node_index n) {
    return s.nodes[n].name;
}

/// Stops at the first error; the order is that of what the later checks rely on.
class checker {
public:
    explicit checker(const scenario& s) : s_(s) {}

    scenario_findings run() {
        links();
        if (fine()) outside();
        if (fine()) addresses();
        if (fine()) routes();
        if (fine()) populations();
        if (fine()) changes();
        if (fine()) unreached();
        if (fine()) loops();
        return std::move(found_);
    }

private:
    [[nodiscard]] bool fine() const noexcept { return !found_.error; }
    [[nodiscard]] bool is_node(node_index n) const noexcept { return n < s_.nodes.size(); }

    void error(scenario_part part, std::size_t index, std::string what) {
        if (fine()) found_.error = {{part, static_cast<std::uint32_t>(index)}, std::move(what)};
    }
    void warn(scenario_part part, std::size_t index, std::string what) {
        constexpr std::size_t most = 100;
        if (found_.warnings.size() < most) {
            found_.warnings.push_back({{part, static_cast<std::uint32_t>(index)}, std::move(what)});
        }
    }

    void links() {
        for (std::size_t i = 0; i < s_.links.size(); ++i) {
            const auto& link = s_.links[i];
            if (link.ends.size() < 2) error(scenario_part::link, i, "a link with one end; expected two or more");
            if (link.backwards && link.ends.size() != 2) {
                error(scenario_part::link, i,
                      "a LAN that differs backwards; expected that of a link with two ends only");
            }
            std::vector<node_index> ends;
            for (const auto& end : link.ends) ends.push_back(end.node);
            std::ranges::sort(ends);
            if (!ends.empty() && !is_node(ends.back())) {
                error(scenario_part::link, i, "a link to a node that is not there; expected the index of one");
            } else if (const auto twice = std::ranges::adjacent_find(ends); twice != ends.end()) {
                error(scenario_part::link, i,
                      fmt::format("a link from '{0}' to '{0}'; expected two different nodes", name_of(s_, *twice)));
            }
        }
    }

    void outside() {
        if (!s_.vantage()) {
            error(scenario_part::whole, 0,
                  "no node is outside; expected one with kind = \"outside\", where packets enter and leave");
        }
    }

    struct owner {
        scenario_place place;
        node_index node;
        bool anycast;
    };

    void claim(const interface_address& address, const owner& by) {
        const auto [at, fresh] = owners_.emplace(address.address, by);
        if (fresh || (at->second.anycast && by.anycast)) return;
        error(by.place.part, by.place.index,
              fmt::format("{} of '{}' is that of '{}' already; expected another address{}", address.address.to_string(),
                          name_of(s_, by.node), name_of(s_, at->second.node),
                          by.place.part == scenario_part::node && by.node != at->second.node
                              ? ", or anycast = true at both"
                              : ""));
    }

    void addresses() {
        for (node_index n = 0; n < s_.nodes.size(); ++n) {
            for (const auto& address : s_.nodes[n].addresses) {
                claim(address, {{scenario_part::node, n}, n, s_.nodes[n].anycast});
            }
        }
        for (std::uint32_t i = 0; i < s_.links.size(); ++i) {
            for (const auto& end : s_.links[i].ends) {
                for (const auto& address : end.addresses) claim(address, {{scenario_part::link, i}, end.node, false});
            }
        }
    }

    void route_at(const route& r, scenario_part part, std::size_t index) {
        if (!is_node(r.at)) return error(part, index, "a route at a node that is not there; expected the index of one");
        for (const auto via : r.via) {
            if (!is_node(via))
                return error(part, index, "a route via a node that is not there; expected the index of one");
            if (std::ranges::binary_search(beside_[r.at], via)) continue;
            return error(part, index,
                         fmt::format("a route at '{}' via '{}', which is no neighbour; expected a node that a link "
                                     "joins to it",
                                     name_of(s_, r.at), name_of(s_, via)));
        }
        if (r.blackhole && !r.via.empty()) {
            error(part, index, "a blackhole with a next hop; expected one or the other");
        }
    }

    void routes() {
        beside_.resize(s_.nodes.size());
        std::vector<bool> asked(s_.nodes.size());
        const auto ask = [&](const std::vector<route>& routes) {
            for (const auto& r : routes) {
                if (is_node(r.at)) asked[r.at] = true;
            }
        };
        ask(s_.routes);
        for (const auto& change : s_.changes) {
            if (const auto* what = std::get_if<change::routes_change>(&change.what)) ask(what->routes);
        }
        for (const auto& link : s_.links) {
            for (const auto& a : link.ends) {
                if (!asked[a.node]) continue;
                for (const auto& b : link.ends) beside_[a.node].push_back(b.node);
            }
        }
        for (auto& list : beside_) std::ranges::sort(list);
        for (std::size_t i = 0; i < s_.routes.size(); ++i) route_at(s_.routes[i], scenario_part::route, i);
    }

    void populations() {
        std::vector<std::size_t> order(s_.populations.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
            if (!is_node(s_.populations[i].behind)) {
                error(scenario_part::population, i, "a population behind a node that is not there; expected the index");
            }
        }
        const auto at = [&](std::size_t i) { return s_.populations[i].addresses; };
        std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair{at(i).network(), at(i).length()}; });
        // Sorted, prefixes that overlap any are within the widest before them.
        std::size_t widest = 0;
        for (std::size_t i = 1; i < order.size(); ++i) {
            if (at(order[widest]).contains(at(order[i]).network())) {
                const auto [first, second] = std::minmax(order[widest], order[i]);
                error(scenario_part::population, second,
                      fmt::format("population '{}' overlaps '{}'; expected prefixes of their own",
                                  s_.populations[second].name, s_.populations[first].name));
            } else {
                widest = i;
            }
        }
    }

    void changes() {
        for (std::size_t i = 0; i < s_.changes.size(); ++i) {
            const auto& change = s_.changes[i];
            if (change.at < duration::zero() || (i > 0 && change.at < s_.changes[i - 1].at)) {
                error(scenario_part::change, i, "a change in the past; expected changes by ascending time");
            }
            const auto* link = std::get_if<change::link_change>(&change.what);
            const auto* node = std::get_if<change::node_change>(&change.what);
            if ((link != nullptr && link->link >= s_.links.size()) || (node != nullptr && !is_node(node->node))) {
                error(scenario_part::change, i, "a change of something that is not there; expected the index of it");
            }
            if (const auto* what = std::get_if<change::routes_change>(&change.what)) {
                for (const auto& r : what->routes) route_at(r, scenario_part::change, i);
            }
        }
    }

    void unreached() {
        const auto beside = neighbours_in(s_);
        std::vector<bool> reached(s_.nodes.size());
        std::vector<node_index> pending;
        for (node_index n = 0; n < s_.nodes.size(); ++n) {
            if (s_.nodes[n].kind == node_kind::outside) pending.push_back(n);
        }
        for (const auto n : pending) reached[n] = true;
        while (!pending.empty()) {
            const auto n = pending.back();
            pending.pop_back();
            for (const auto next : beside[n]) {
                if (reached[next]) continue;
                reached[next] = true;
                pending.push_back(next);
            }
        }
        for (node_index n = 0; n < s_.nodes.size(); ++n) {
            if (!reached[n]) {
                warn(scenario_part::node, n,
                     fmt::format("no links lead from outside to '{}': nothing reaches it", name_of(s_, n)));
            }
        }
    }

    void loops() {
        for (const auto& loop : route_loops(s_)) {
            std::string way;
            for (const auto n : loop.nodes) way += name_of(s_, n) + " -> ";
            warn(scenario_part::route, loop.route,
                 fmt::format("routes to {}/{} go round in a loop: {}{}", loop.to.network().to_string(),
                             loop.to.length(), way, name_of(s_, loop.nodes.front())));
        }
    }

    const scenario& s_;
    scenario_findings found_;
    std::unordered_map<ip_address, owner> owners_;
    neighbours beside_;  ///< ascending, of the nodes that have given routes
};

}  // namespace

scenario_findings check_scenario(const scenario& s) {
    return checker(s).run();
}

}  // namespace sonde::sim
