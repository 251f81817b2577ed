#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <sonde/sim/address_table.hpp>
#include <sonde/sim/network.hpp>
#include <sonde/sim/packet_pool.hpp>
#include <sonde/sim/population_member.hpp>
#include <sonde/sim/routing.hpp>
#include <sonde/sim/scenario_change.hpp>
#include <sonde/sim/topology.hpp>

namespace sonde::sim {

namespace {

using responder = true_hop::responder;

/// Where a packet is when its TTL is used up.
struct place {
    enum class kind : std::uint8_t {
        node,   ///< at a node, over a link
        error,  ///< still there: the error that ends the way, which takes one TTL more than the node's own hop
        host,   ///< at a host behind the node
    } what = kind::node;
    node_index node = 0;
    link_index link = 0;
    std::uint32_t end = 0;
    friend auto operator<=>(const place&, const place&) = default;
};

/// The places of one TTL, each with who answered before it.
using level = std::map<place, std::set<responder>>;
/// Who answers at one TTL, each with who answered before it.
using answers = std::map<responder, std::set<responder>>;

class walk {
public:
    walk(const scenario& s, node_index from, const ip_address& destination, duration at)
        : scenario_(s),
          graph_(scenario_),
          addresses_(scenario_),
          routing_(scenario_, graph_, addresses_),
          from_(from),
          destination_(destination.with_scope(0)),
          index_(addresses_.find(destination_)) {
        for (const change& c : s.changes) {
            if (c.at <= at) apply(scenario_, c);
        }
        routing_.forget();
        source_ = error_source(scenario_, graph_.attachments(from), from, std::nullopt, destination_.family())
                      .value_or(ip_address{});
    }

    std::vector<true_hop> hops(std::uint8_t most) {
        std::vector<true_hop> all;
        std::vector<std::set<place>> seen;
        answers now;
        level next = start(now);
        answers before;
        if (!now.empty()) all.push_back(written(now, before));
        while (!next.empty() && all.size() < most) {
            now.clear();
            std::set<place> places;
            for (const auto& [where, _] : next) places.insert(where);
            next = step(next, now);
            if (now.empty()) break;
            all.push_back(written(now, before));
            // A loop has closed: from here on everything comes again.
            if (std::ranges::find(seen, places) != seen.end()) break;
            seen.push_back(std::move(places));
            before = now;
        }
        return all;
    }

private:
    [[nodiscard]] responder error_of(const place& p) const {
        std::optional<attachment> in;
        if (p.link != no_link) in = attachment{p.link, p.end};
        const auto source = error_source(scenario_, graph_.attachments(p.node), p.node, in, destination_.family());
        return {.address = source.value_or(ip_address{}), .silent = !source || scenario_.nodes[p.node].errors.silent};
    }

    level start(answers& now) {
        level first;
        const place here{.node = from_, .link = no_link};
        const way w = routing_.at(from_, index_, destination_);
        if (w.what == way::kind::local) {
            now[{.address = destination_, .is_target = true}];
        } else if (w.what == way::kind::none || w.what == way::kind::rejected || w.what == way::kind::no_host) {
            now[error_of(here)];
        } else {
            onward(here, w, {}, first);
        }
        return first;
    }

    /// Who answers at these places, and where the packets that have one TTL more come next.
    level step(level open, answers& now) {
        level next;
        std::set<place> through;
        while (!open.empty()) {
            const auto [where, before] = *open.begin();
            open.erase(open.begin());
            const node& n = scenario_.nodes[where.node];
            if (where.what != place::kind::node) {
                now[where.what == place::kind::error ? error_of(where)
                                                     : responder{.address = destination_, .is_target = true}]
                    .insert(before.begin(), before.end());
                continue;
            }
            if (n.down) continue;
            const way w = routing_.at(where.node, index_, destination_);
            if (const auto last = end_of(where, w)) {
                now[*last].insert(before.begin(), before.end());
                continue;
            }
            if (w.what == way::kind::local || w.what == way::kind::blackholed || !forwards(n.kind)) continue;
            if (!n.forwarding.decrements_ttl) {
                if (through.insert(where).second) onward(where, w, before, open);
                continue;
            }
            const responder here = error_of(where);
            now[here].insert(before.begin(), before.end());
            onward(where, w, {here}, next);
        }
        return next;
    }

    /// Who answers without forwarding.
    [[nodiscard]] std::optional<responder> end_of(const place& where, const way& w) const {
        const node& n = scenario_.nodes[where.node];
        if (w.what == way::kind::local) return responder{.address = destination_, .is_target = true};
        // A broadcast has come to an end of its link.
        const destination& d = addresses_[index_];
        if (d.what == destination::kind::broadcast && d.which == where.link) {
            responder own = error_of(where);
            own.silent = !n.host.echo || !n.host.broadcast_echo;
            own.is_target = true;
            return own;
        }
        if (!forwards(n.kind)) return std::nullopt;
        if (w.what == way::kind::none || w.what == way::kind::rejected) return error_of(where);
        return std::nullopt;
    }

    void onward(const place& where, const way& w, const std::set<responder>& before, level& next) const {
        const auto add = [&](const place& p) { next[p].insert(before.begin(), before.end()); };
        place same = where;
        switch (rule_at(where)) {
            case firewall_rule::verdict::drop:
                return;
            case firewall_rule::verdict::reject:
                same.what = place::kind::error;
                return add(same);
            case firewall_rule::verdict::pass:
                break;
        }
        switch (w.what) {
            case way::kind::hops:
                for (const next_hop& hop : choices(where.node, w)) {
                    add({.node = hop.node, .link = hop.link, .end = hop.in});
                }
                return;
            case way::kind::population: {
                const population& of = scenario_.populations[w.which];
                const bool exists = population_has(scenario_, of, destination_);
                if (!exists && !of.report_missing) return;
                same.what = exists ? place::kind::host : place::kind::error;
                return add(same);
            }
            case way::kind::no_host:
                same.what = place::kind::error;
                return add(same);
            case way::kind::broadcast: {
                const auto& ends = scenario_.links[w.which].ends;
                for (std::uint32_t end = 0; end < ends.size(); ++end) {
                    if (ends[end].node != where.node) add({.node = ends[end].node, .link = w.which, .end = end});
                }
                return;
            }
            default:
                return;
        }
    }

    [[nodiscard]] std::span<const next_hop> choices(node_index n, const way& w) const noexcept {
        return scenario_.nodes[n].forwarding.balance == balance::none ? w.hops.first(1) : w.hops;
    }

    /// What the rules say that look at addresses alone: the truth holds for probes of every kind.
    [[nodiscard]] firewall_rule::verdict rule_at(const place& where) const {
        for (const firewall_rule& r : scenario_.nodes[where.node].rules) {
            if (r.protocol || r.port || where.link == no_link) continue;
            if (r.source && !r.source->contains(source_)) continue;
            if (r.destination && !r.destination->contains(destination_)) continue;
            return r.then;
        }
        return firewall_rule::verdict::pass;
    }

    [[nodiscard]] static true_hop written(const answers& now, const answers& before) {
        true_hop hop;
        for (const auto& [who, from] : now) {
            const auto to = static_cast<std::uint32_t>(hop.responders.size());
            hop.responders.push_back(who);
            for (const responder& r : from) {
                const auto index = std::distance(before.begin(), before.find(r));
                hop.edges.push_back({static_cast<std::uint32_t>(index), to});
            }
        }
        return hop;
    }

    scenario scenario_;
    topology graph_;
    address_table addresses_;
    routing routing_;
    node_index from_;
    ip_address destination_;
    destination_index index_;
    ip_address source_;
};

}  // namespace

std::vector<true_hop> true_paths(const scenario& s, node_index from, const ip_address& destination, duration at,
                                 std::uint8_t max_hops) {
    return walk{s, from, destination, at}.hops(max_hops);
}

}  // namespace sonde::sim
