#include <algorithm>
#include <type_traits>
#include <vector>

#include <sonde/sim/scenario_change.hpp>

namespace sonde::sim {

namespace {

void replace_routes(std::vector<route>& routes, const std::vector<route>& by) {
    std::erase_if(routes, [&](const route& old) {
        return std::ranges::any_of(by, [&](const route& r) {
            return r.at == old.at && r.to.network() == old.to.network() && r.to.length() == old.to.length();
        });
    });
    routes.insert(routes.end(), by.begin(), by.end());
}

}  // namespace

void apply(scenario& s, const change& c) {
    std::visit(
        [&s]<class What>(const What& what) {
            if constexpr (std::is_same_v<What, change::link_change>) {
                s.links[what.link].behaviour = what.behaviour;
                s.links[what.link].backwards.reset();
            } else if constexpr (std::is_same_v<What, change::node_change>) {
                node& n = s.nodes[what.node];
                n.down = what.down;
                n.errors = what.errors;
                n.host = what.host;
                n.forwarding = what.forwarding;
            } else {
                replace_routes(s.routes, what.routes);
            }
        },
        c.what);
}

}  // namespace sonde::sim
