#include <algorithm>

#include <sonde/sim/network_state.hpp>
#include <sonde/sim/population_member.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::sim {

namespace {

/// An answer to an answer to an answer: services that echo each other for ever end here (CERT CA-1996-01).
constexpr std::uint8_t depth_max = 4;

}  // namespace

void network::state::deliver(packet_id id) {
    // One more than what is on its way: it is on its way no longer.
    if (delivered.size() >= scenario.events_limit) return end(id, fate::overload);
    packet& p = pool[id];
    p.at = now;
    ++node_totals[p.node].ended[static_cast<std::size_t>(fate::delivered)];
    ++total.ended[static_cast<std::size_t>(fate::delivered)];
    --total.on_the_way;
    delivered.push_back(id);
}

/// A packet for this node, or broadcast on a link of it.
void network::state::receive(packet_id id) {
    const auto whole = whole_of(id);
    if (!whole) return;
    id = *whole;
    learn_path_mtu(id);
    const packet& p = pool[id];
    const sim::node& n = scenario.nodes[p.node];
    ip_address own = destination_of(p.bytes(), p.facts.family);
    if (p.broadcast) {
        const attachment in{p.link, p.end};
        const auto address = error_source(scenario, graph.attachments(p.node), p.node, in, p.facts.family);
        if (!address) return end(id, fate::absorbed);
        own = *address;
    }
    finish(id,
           {.behaviour = n.host,
            .own = own,
            .to_broadcast = p.broadcast,
            .ttl = n.errors.ttl,
            .identification = ++memory[p.node].identification,
            .key = mixed(scenario.seed ^ p.node)},
           n.errors, random.from(n.host.delay, n.host.jitter));
}

void network::state::answer_as_population(packet_id id, std::uint32_t which) {
    const population& of = scenario.populations[which];
    const ip_address address = destination_of(pool[id].bytes(), pool[id].facts.family);
    if (!population_has(scenario, of, address)) {
        if (of.report_missing) report_unreachable(id, 1, 3);
        return end(id, fate::no_such_host);
    }
    if (random.happens(of.loss)) return end(id, fate::lost);
    const auto whole = whole_of(id);
    if (!whole) return;
    id = *whole;
    packet& p = pool[id];
    learn_path_mtu(id);
    p.behind = true;
    finish(id,
           {.behaviour = of.host,
            .own = address,
            .identification = ++memory[p.node].identification,
            .key = drawn_for(scenario.seed, address, 0)},
           error_behaviour{.ttl = 64}, population_delay(scenario, of, address));
}

void network::state::finish(packet_id id, const answering_host& host, const error_behaviour& errors, duration delay) {
    const packet& p = pool[id];
    if (p.depth >= depth_max) return end(id, fate::absorbed);
    const host_answer answer = answer_at_host(host, p.bytes(), p.facts, scratch);
    if (answer.size > 0) originate(id, bytes_view{scratch}.first(answer.size), delay, p.behind);
    if (answer.report && may_report(id, answer.report->type)) {
        const auto& given = p.facts.family == family::v4 ? errors.source_v4 : errors.source_v6;
        report_from(id,
                    {.type = answer.report->type,
                     .code = answer.report->code,
                     .rest = answer.report->rest,
                     .source = given.value_or(host.own).with_scope(0),
                     .identification = host.identification},
                    errors, delay);
    }
    end(id, answer.ended);
}

bool network::state::may_report(packet_id id, std::uint8_t type) const {
    const packet& p = pool[id];
    if (p.broadcast || p.depth >= depth_max) return false;
    const bool too_big = p.facts.family == family::v6 && type == wire::icmp_types_of(family::v6).packet_too_big;
    if (!may_be_reported(p.bytes(), p.facts, too_big ? reported::too_big : reported::any)) return false;
    const auto is_broadcast = [&](destination_index d) { return addresses[d].what == destination::kind::broadcast; };
    return !is_broadcast(p.destination) && !is_broadcast(addresses.find(source_of(p.bytes(), p.facts.family)));
}

void network::state::report_unreachable(packet_id id, std::uint8_t v4_code, std::uint8_t v6_code) {
    const family f = pool[id].facts.family;
    const auto type = static_cast<std::uint8_t>(wire::icmp_types_of(f).destination_unreachable);
    report(id, type, f == family::v4 ? v4_code : v6_code);
}

/// The router where the packet is tells its source, if it may and wants to.
void network::state::report(packet_id id, std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    const packet& p = pool[id];
    if (!may_report(id, type)) return;
    const family f = p.facts.family;
    std::optional<attachment> in;
    if (p.link != no_link) in = attachment{p.link, p.end};
    const auto attachments = graph.attachments(p.node);
    const auto source = error_source(scenario, attachments, p.node, in, f);
    if (!source) {
        ++node_totals[p.node].errors_held_back;
        return;
    }
    const error_behaviour& errors = scenario.nodes[p.node].errors;
    icmp_error error{.type = type, .code = code, .rest = rest, .source = *source};
    error.identification = ++memory[p.node].identification;
    if (in && errors.interface_information) {
        const auto index = std::ranges::find(attachments, *in) - attachments.begin();
        error.incoming = incoming_interface{.index = static_cast<std::uint32_t>(index + 1),
                                            .name = scenario.links[in->link].name,
                                            .mtu = scenario.links[in->link].behaviour.mtu};
        for (const interface_address& a : scenario.links[in->link].ends[in->end].addresses) {
            if (a.address.family() == f && !error.incoming->address) error.incoming->address = a.address.with_scope(0);
        }
    }
    report_from(id, error, errors, duration::zero());
}

/// Makes the error, unless the node is silent or over its rate.
void network::state::report_from(packet_id id, const icmp_error& error, const error_behaviour& errors, duration delay) {
    const packet& p = pool[id];
    if (errors.silent || !memory[p.node].errors.take(now, errors.rate, errors.burst)) {
        ++node_totals[p.node].errors_held_back;
        return;
    }
    const std::size_t size = write_icmp_error(scratch, error, errors, p.bytes(), p.facts);
    if (p.inwards) {
        const bytes_span written = bytes_span{scratch}.first(size);
        if (const auto reading = read_packet(written)) nat_quote(p.node, written, reading->facts);
    }
    originate(id, bytes_view{scratch}.first(size), delay + random.from(errors.delay, errors.jitter), p.behind);
}

/// A packet that the node where `about` is makes because of it; `behind`: a host behind the node does.
void network::state::originate(packet_id about, bytes_view bytes, duration delay, bool behind) {
    const node_index n = pool[about].node;
    ++total.originated;
    ++node_totals[n].originated;
    const auto reading = read_packet(bytes);
    // What it is about is on its way still, and ends now.
    if (!reading || total.on_the_way > scenario.events_limit) {
        const auto why = static_cast<std::size_t>(reading ? fate::overload : fate::malformed);
        ++total.ended[why];
        ++node_totals[n].ended[why];
        return;
    }
    const packet_id id =
        make(n, bytes.first(reading->size), reading->facts, static_cast<std::uint8_t>(pool[about].depth + 1));
    pool[id].behind = behind;
    queue.push(id, now + delay);
}

}  // namespace sonde::sim
