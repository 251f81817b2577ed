#include <algorithm>
#include <map>
#include <optional>

#include <sonde/sim/address_table.hpp>
#include <sonde/sim/route_loops.hpp>
#include <sonde/sim/routing.hpp>
#include <sonde/sim/topology.hpp>

namespace sonde::sim {

namespace {

constexpr std::uint64_t most_steps = 2'000'000;

/// A destination within `to`: somebody's, where there is one.
ip_address destination_in(const scenario& s, const prefix& to) {
    const auto within = [&](const std::vector<interface_address>& addresses) -> std::optional<ip_address> {
        for (const auto& a : addresses) {
            if (to.contains(a.address)) return a.address;
        }
        return std::nullopt;
    };
    for (const auto& n : s.nodes) {
        if (const auto found = within(n.addresses)) return *found;
    }
    for (const auto& link : s.links) {
        for (const auto& end : link.ends) {
            if (const auto found = within(end.addresses)) return *found;
        }
    }
    return to.host(0);
}

class loop_search {
public:
    loop_search(const scenario& s, routing& ways, destination_index index, const ip_address& destination)
        : s_(s), ways_(ways), index_(index), destination_(destination), done_(s.nodes.size()) {}

    /// Depth first: the nodes of the first loop that packets from `start` come into.
    std::vector<node_index> from(node_index start) {
        struct step {
            node_index node;
            std::vector<node_index> next;
        };
        std::vector<step> path;
        std::map<node_index, std::size_t> on_path;
        const auto enter = [&](node_index n) {
            on_path[n] = path.size();
            path.push_back({n, next_hops(n)});
        };
        if (!done_[start]) enter(start);
        while (!path.empty()) {
            auto& [node, next] = path.back();
            if (next.empty()) {
                done_[node] = true;
                on_path.erase(node);
                path.pop_back();
                continue;
            }
            const auto to = next.back();
            next.pop_back();
            if (const auto back = on_path.find(to); back != on_path.end()) {
                std::vector<node_index> loop;
                for (auto i = back->second; i < path.size(); ++i) loop.push_back(path[i].node);
                return loop;
            }
            if (!done_[to]) enter(to);
        }
        return {};
    }

private:
    [[nodiscard]] std::vector<node_index> next_hops(node_index n) {
        std::vector<node_index> next;
        if (!forwards(s_.nodes[n].kind) || s_.nodes[n].down) return next;
        const auto way = ways_.at(n, index_, destination_);
        for (const auto& hop : way.hops) next.push_back(hop.node);
        return next;
    }

    const scenario& s_;
    routing& ways_;
    destination_index index_;
    ip_address destination_;
    std::vector<bool> done_;
};

}  // namespace

std::vector<route_loop> route_loops(const scenario& s) {
    std::vector<route_loop> out;
    if (s.routes.empty()) return out;
    const topology graph(s);
    const address_table addresses(s);
    routing ways(s, graph, addresses);
    std::map<std::pair<ip_address, unsigned>, std::vector<std::uint32_t>> by_prefix;
    for (std::uint32_t i = 0; i < s.routes.size(); ++i) {
        by_prefix[{s.routes[i].to.network(), s.routes[i].to.length()}].push_back(i);
    }
    std::uint64_t steps = 0;
    for (const auto& [key, routes] : by_prefix) {
        steps += s.nodes.size() + s.links.size();
        if (steps > most_steps) break;
        const prefix& to = s.routes[routes.front()].to;
        const auto destination = destination_in(s, to);
        loop_search search(s, ways, addresses.find(destination), destination);
        for (const auto i : routes) {
            auto loop = search.from(s.routes[i].at);
            if (loop.empty()) continue;
            out.push_back({i, to, std::move(loop)});
            break;
        }
    }
    return out;
}

}  // namespace sonde::sim
