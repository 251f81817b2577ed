#include <algorithm>

#include <sonde/sim/firewall.hpp>
#include <sonde/sim/flow_hash.hpp>
#include <sonde/sim/header_edit.hpp>
#include <sonde/sim/network_state.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::sim {

namespace {

/// No TTL allows more; where nodes do not decrement it, this ends a loop.
constexpr std::uint16_t hops_max = 512;

}  // namespace

link_counts& network::state::counts_of(link_index l, std::uint32_t from_end) noexcept {
    const bool backwards = scenario.links[l].ends.size() == 2 && from_end == 1;
    return link_totals[l][backwards ? 1 : 0];
}

/// Out of a link, at a node.
void network::state::arrive(packet_id id) {
    packet& p = pool[id];
    const sim::link& l = scenario.links[p.link];
    const std::uint32_t from_end = p.pipe - graph.pipe(p.link, 0);
    link_counts& counts = counts_of(p.link, from_end);
    --counts.on_the_way;
    if (behaviour_from(l, from_end).down) {
        ++counts.down;
        return end_on_link(id, fate::link_down);
    }
    ++counts.carried;
    ++node_totals[p.node].received;
    const sim::node& n = scenario.nodes[p.node];
    if (n.down) return end(id, fate::node_down);
    if (n.kind == node_kind::outside) return deliver(id);
    at_node(id);
}

/// To whoever reads it here, or on.
void network::state::at_node(packet_id id) {
    const node_kind kind = node_of(id).kind;
    if (kind == node_kind::nat && nat_needs_whole(pool[id])) {
        const auto whole = whole_of(id);
        if (!whole) return;
        id = *whole;
    }
    if (pool[id].broadcast) return receive(id);
    way w = way_of(id);
    if (w.what == way::kind::local) {
        if (kind == node_kind::outside) return deliver(id);
        if (kind != node_kind::nat || !nat_inwards(id)) return receive(id);
        w = way_of(id);
        // To itself, by a mapping of its own address.
        if (w.what == way::kind::local) return receive(id);
    }
    // A host discards what is not for it (RFC 1122 section 3.2.1.3).
    if (!forwards(kind)) return end(id, fate::no_route);
    forward(id, w);
}

/// From the node that made it, or from a host behind it.
void network::state::depart(packet_id id) {
    const packet& p = pool[id];
    if (scenario.nodes[p.node].down) return end(id, fate::node_down);
    const way w = way_of(id);
    if (w.what == way::kind::local) return at_node(id);
    p.behind ? forward(id, w) : set_out(id, w);
}

way network::state::way_of(packet_id id) {
    const packet& p = pool[id];
    if (!routing.has_given(p.node)) return routing.computed(p.node, p.destination);
    return routing.at(p.node, p.destination, destination_of(p.bytes(), p.facts.family));
}

/// The router's part. That there is a way is asked before the TTL, as Linux does.
void network::state::forward(packet_id id, const way& w) {
    packet& p = pool[id];
    const sim::node& n = scenario.nodes[p.node];
    if (w.what == way::kind::none || w.what == way::kind::rejected || w.what == way::kind::blackholed) {
        return take_way(id, w);
    }
    const family f = p.facts.family;
    if (++p.hops > hops_max) return end(id, fate::expired);
    if (n.forwarding.decrements_ttl && ttl_of(p.bytes(), f) <= 1) {
        report(id, static_cast<std::uint8_t>(wire::icmp_types_of(f).time_exceeded), 0);
        return end(id, fate::expired);
    }
    if (!n.rules.empty() && !passes(id)) return;
    if (n.forwarding.decrements_ttl) decrement_ttl(p.bytes(), f);
    if (n.forwarding.traffic_class) set_traffic_class(p.bytes(), f, *n.forwarding.traffic_class);
    if (w.what == way::kind::hops || w.what == way::kind::population) {
        ++node_totals[p.node].forwarded;
        ++total.forwarded;
    }
    // The hops may be gone after this: a way is asked for again.
    if (n.kind != node_kind::nat) return take_way(id, w);
    if (nat_outwards(id)) take_way(id, way_of(id));
}

/// False: the packet has ended at a rule.
bool network::state::passes(packet_id id) {
    const packet& p = pool[id];
    const firewall_rule* const rule = deciding_rule(scenario.nodes[p.node].rules, p.bytes(), p.facts);
    if (rule == nullptr || rule->then == firewall_rule::verdict::pass) return true;
    if (rule->then == firewall_rule::verdict::drop) {
        end(id, fate::filtered);
        return false;
    }
    const auto type = wire::icmp_types_of(p.facts.family).destination_unreachable;
    report(id, static_cast<std::uint8_t>(type), reject_code(*rule, p.facts.family));
    end(id, fate::rejected);
    return false;
}

/// What a node sends of its own. A host that cannot tell itself so: only who is outside hears that there is no way.
void network::state::set_out(packet_id id, const way& w) {
    const bool tells = scenario.nodes[pool[id].node].kind == node_kind::outside;
    if (!tells && w.what == way::kind::none) return end(id, fate::no_route);
    if (!tells && w.what == way::kind::no_host) return end(id, fate::no_such_host);
    take_way(id, w);
}

void network::state::take_way(packet_id id, const way& w) {
    switch (w.what) {
        case way::kind::hops: {
            const next_hop hop = choose(pool[id], w.hops);
            return transmit(id, hop);
        }
        case way::kind::population:
            return answer_as_population(id, w.which);
        case way::kind::broadcast:
            return broadcast(id, w.which);
        case way::kind::no_host:
            report_unreachable(id, 1, 3);
            return end(id, fate::no_such_host);
        case way::kind::rejected:
            report_unreachable(id, 1, 6);
            return end(id, fate::rejected);
        case way::kind::none:
            report_unreachable(id, 0, 0);
            return end(id, fate::no_route);
        case way::kind::blackholed:
        case way::kind::local:
            break;
    }
    end(id, fate::blackholed);
}

const next_hop& network::state::choose(const packet& p, std::span<const next_hop> hops) {
    if (hops.size() == 1) return hops.front();
    node_memory& m = memory[p.node];
    switch (scenario.nodes[p.node].forwarding.balance) {
        case balance::flow:
            return hops[choice_of(p.flow, m.salt, hops.size())];
        case balance::packet:
            return hops[m.turn++ % hops.size()];
        case balance::none:
            break;
    }
    return hops.front();
}

void network::state::send_over(packet_id id, const next_hop& hop) {
    const link_behaviour& behaviour = behaviour_from(scenario.links[hop.link], hop.out);
    link_counts& counts = counts_of(hop.link, hop.out);
    const std::uint32_t pipe = graph.pipe(hop.link, hop.out);
    packet& p = pool[id];
    ++counts.packets;
    counts.bytes += p.size;
    const crossing c = pipes[pipe].send(now, p.size, behaviour);
    if (c.what == crossing::outcome::lost) {
        ++counts.lost;
        return end_on_link(id, fate::lost);
    }
    if (c.what == crossing::outcome::queue_full) {
        ++counts.queue_full;
        return end_on_link(id, fate::queue_full);
    }
    p.link = hop.link;
    p.end = hop.in;
    p.node = hop.node;
    p.pipe = pipe;
    p.inwards = false;
    if (c.corrupted && p.size > p.facts.upper) {
        const std::uint64_t bit = pipes[pipe].draw(std::uint64_t{8} * (p.size - p.facts.upper));
        p.bytes()[p.facts.upper + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        ++counts.corrupted;
    }
    queue.push(id, c.at, c.reordered ? transit_queue::no_lane : pipe);
    ++counts.on_the_way;
    if (c.reordered) ++counts.reordered;
    if (!c.copy_at || is_full()) return;
    queue.push(copy_of(id), *c.copy_at, pipe);
    ++counts.on_the_way;
    ++counts.duplicated;
}

/// A copy to every end of the link but the one that sends; the packet itself is the last of them.
void network::state::broadcast(packet_id id, link_index l) {
    const sim::link& of = scenario.links[l];
    const auto here = std::ranges::find(of.ends, pool[id].node, &link_end::node);
    const auto out = static_cast<std::uint32_t>(here - of.ends.begin());
    pool[id].broadcast = true;
    std::optional<next_hop> pending;
    for (std::uint32_t end = 0; end < of.ends.size(); ++end) {
        if (end == out || of.ends[end].node == of.ends[out].node) continue;
        if (pending && is_full()) break;
        if (pending) transmit(copy_of(id), *pending);
        pending = next_hop{l, out, end, of.ends[end].node};
    }
    if (!pending || behaviour_from(of, out).down) return this->end(id, fate::no_such_host);
    transmit(id, *pending);
}

}  // namespace sonde::sim
