#include <algorithm>

#include <sonde/sim/flow_hash.hpp>
#include <sonde/sim/nat_translation.hpp>
#include <sonde/sim/network_state.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::sim {

namespace {

const std::optional<ip_address>& outside_address(const nat_behaviour& nat, family f) noexcept {
    return f == family::v4 ? nat.v4 : nat.v6;
}

bool is_inside(const nat_behaviour& nat, const ip_address& address) {
    return std::ranges::any_of(nat.inside, [&](const prefix& p) { return p.contains(address); });
}

/// What asks, and not what answers: an echo request to the NAT's own address is for the NAT.
bool is_query(bytes_view packet, const packet_facts& facts) noexcept {
    const bool icmp =
        facts.protocol == (facts.family == family::v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6);
    if (!icmp || packet.size() <= facts.upper) return false;
    return load_be<std::uint8_t>(packet, facts.upper) == wire::icmp_types_of(facts.family).echo_request;
}

}  // namespace

void network::state::read_again(packet_id id) {
    packet& p = pool[id];
    p.destination = addresses.find(destination_of(p.bytes(), p.facts.family));
    p.flow = flow_hash(p.bytes(), p.facts);
}

/// Whether the NAT where a packet is has to see its ports, and so all of it.
bool network::state::nat_needs_whole(const packet& p) const {
    const sim::node& n = scenario.nodes[p.node];
    if (!p.facts.fragment) return false;
    const auto& outside = outside_address(n.nat, p.facts.family);
    if (!outside) return false;
    const ip_address source = source_of(p.bytes(), p.facts.family);
    const ip_address destination = destination_of(p.bytes(), p.facts.family);
    return destination == *outside || (is_inside(n.nat, source) && !is_inside(n.nat, destination));
}

/// A packet to the NAT's address: true when it is for somebody behind it, whose address it has now.
bool network::state::nat_inwards(packet_id id) {
    packet& p = pool[id];
    const sim::node& n = scenario.nodes[p.node];
    const family f = p.facts.family;
    const auto& outside = outside_address(n.nat, f);
    if (!outside || destination_of(p.bytes(), f) != *outside) return false;
    nat_table& table = memory[p.node].mappings;
    table.expire(now);
    if (const auto quoted = quoted_in(p.bytes(), p.facts)) {
        const bytes_view quote = p.bytes().subspan(quoted->at);
        const transport_end sender = end_of(quote, quoted->facts, address_field::source);
        if (sender.address != *outside) return false;
        const auto inside = table.find_inside(f, sender.protocol, sender.port);
        if (!inside) return false;
        if (n.nat.translates_quotes) set_quoted_end(p.bytes(), p.facts, *quoted, address_field::source, *inside);
        transport_end receiver = end_of(p.bytes(), p.facts, address_field::destination);
        receiver.address = inside->address;
        set_end(p.bytes(), p.facts, address_field::destination, receiver);
    } else {
        if (is_query(p.bytes(), p.facts)) return false;
        const transport_end receiver = end_of(p.bytes(), p.facts, address_field::destination);
        const auto inside = table.find_inside(f, receiver.protocol, receiver.port);
        if (!inside) return false;
        set_end(p.bytes(), p.facts, address_field::destination, *inside);
    }
    p.inwards = true;
    read_again(id);
    return true;
}

/// An error from inside, or of the NAT itself, about what came in: what it quotes was sent to the NAT.
void network::state::nat_quote(node_index n, bytes_span error, const packet_facts& facts) {
    const nat_behaviour& nat = scenario.nodes[n].nat;
    const auto& outside = outside_address(nat, facts.family);
    const auto quoted = quoted_in(error, facts);
    if (!outside || !quoted || !nat.translates_quotes) return;
    transport_end receiver = end_of(error.subspan(quoted->at), quoted->facts, address_field::destination);
    const auto port = memory[n].mappings.find_outside(receiver);
    if (!port) return;
    receiver.address = *outside;
    receiver.port = *port;
    set_quoted_end(error, facts, *quoted, address_field::destination, receiver);
}

/// A packet that the NAT forwards: false when it has ended, because there is no mapping left.
bool network::state::nat_outwards(packet_id id) {
    packet& p = pool[id];
    const sim::node& n = scenario.nodes[p.node];
    if (n.kind != node_kind::nat) return true;
    const family f = p.facts.family;
    const auto& outside = outside_address(n.nat, f);
    const transport_end sender = end_of(p.bytes(), p.facts, address_field::source);
    if (!outside || !is_inside(n.nat, sender.address)) return true;
    // What asked for the address outside is answered from there, also when both are inside (RFC 4787 section 6).
    if (!p.inwards && is_inside(n.nat, destination_of(p.bytes(), f))) return true;
    nat_table& table = memory[p.node].mappings;
    table.expire(now);
    transport_end translated = sender;
    translated.address = *outside;
    if (quoted_in(p.bytes(), p.facts)) {
        nat_quote(p.node, p.bytes(), p.facts);
    } else {
        const duration idle = n.nat.idle.value_or(usual_idle_time(sender.protocol));
        const auto port = table.map(sender, n.nat.mappings, now + idle);
        if (!port) {
            end(id, fate::nat_full);
            return false;
        }
        translated.port = *port;
    }
    set_end(p.bytes(), p.facts, address_field::source, translated);
    read_again(id);
    return true;
}

}  // namespace sonde::sim
