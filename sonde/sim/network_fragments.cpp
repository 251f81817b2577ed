#include <algorithm>
#include <array>

#include <sonde/sim/flow_hash.hpp>
#include <sonde/sim/fragmentation.hpp>
#include <sonde/sim/network_state.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::sim {

namespace {

constexpr std::uint8_t fragmentation_needed = 4;
constexpr std::uint8_t reassembly_time_exceeded = 1;
constexpr std::size_t path_mtus_max = 4096;
constexpr std::uint32_t least_v6_mtu = 1280;

bool may_be_cut(const packet& p, bool made_here) noexcept {
    if (p.facts.family == family::v6) return made_here && !p.facts.fragment && p.facts.upper == 40;
    return (load_be<std::uint16_t>(p.bytes(), 6) & 0x4000U) == 0;
}

}  // namespace

void network::state::transmit(packet_id id, const next_hop& hop) {
    const packet& p = pool[id];
    std::uint32_t mtu = behaviour_from(scenario.links[hop.link], hop.out).mtu;
    // A host fragments its own, to the path's MTU as far as it knows it. Who is outside has done so already.
    const bool made_here = p.link == no_link && p.depth > 0;
    if (made_here && p.facts.family == family::v6 && !path_mtus.empty()) {
        const auto known = path_mtus.find({p.node, destination_of(p.bytes(), family::v6)});
        if (known != path_mtus.end()) mtu = std::min(mtu, known->second);
    }
    if (p.size <= mtu) return send_over(id, hop);
    if (may_be_cut(p, made_here) && transmit_fragments(id, hop, mtu)) return;
    const auto types = wire::icmp_types_of(p.facts.family);
    if (p.facts.family == family::v4) {
        report(id, static_cast<std::uint8_t>(types.destination_unreachable), fragmentation_needed,
               std::min(mtu, std::uint32_t{0xffff}));
    } else {
        report(id, static_cast<std::uint8_t>(types.packet_too_big), 0, mtu);
    }
    end(id, fate::too_big);
}

/// False where no fragment fits.
bool network::state::transmit_fragments(packet_id id, const next_hop& hop, std::uint32_t mtu) {
    const packet& p = pool[id];
    const fragmenter cut(p.bytes(), p.facts, mtu, ++fragments_made);
    if (cut.count() == 0) return false;
    std::vector<packet_id> fragments;
    for (std::size_t i = 0; i < cut.count(); ++i) {
        const std::size_t size = cut.write(i, scratch);
        const auto reading = read_packet(bytes_view{scratch}.first(size));
        if (!reading || (i > 0 && is_full())) break;
        const packet_id fragment = make(p.node, bytes_view{scratch}.first(size), reading->facts, p.depth);
        packet& f = pool[fragment];
        f.link = p.link;
        f.end = p.end;
        f.hops = p.hops;
        f.broadcast = p.broadcast;
        f.destination = p.destination;
        fragments.push_back(fragment);
    }
    if (fragments.empty()) return false;
    // The packet becomes its first fragment.
    --total.on_the_way;
    total.fragmented += fragments.size() - 1;
    node_totals[p.node].fragmented += fragments.size() - 1;
    pool.give_back(id);
    for (const packet_id fragment : fragments) send_over(fragment, hop);
    return true;
}

/// A packet at the node that reads it: itself, or what its fragment completes; nothing while others are missing.
std::optional<packet_id> network::state::whole_of(packet_id id) {
    if (!pool[id].facts.fragment) return id;
    auto [what, fragments] = waiting.add(id, now);
    if (what == reassembly::outcome::kind::waiting) return std::nullopt;
    std::size_t size = 0;
    if (what == reassembly::outcome::kind::whole) size = put_together(pool, fragments, scratch);
    const auto reading = read_packet(bytes_view{scratch}.first(size));
    if (!reading) {
        for (const packet_id f : fragments) end(f, fate::reassembly);
        return std::nullopt;
    }
    const packet_id whole = fragments.front();
    const std::size_t beyond = fragments.size() - 1;
    for (const packet_id f : std::span{fragments}.subspan(1)) pool.give_back(f);
    total.on_the_way -= beyond;
    total.reassembled += beyond;
    node_totals[pool[whole].node].reassembled += beyond;
    pool.resize(whole, reading->size);
    packet& p = pool[whole];
    std::ranges::copy(bytes_view{scratch}.first(reading->size), p.bytes().begin());
    p.facts = reading->facts;
    p.flow = flow_hash(p.bytes(), p.facts);
    return whole;
}

/// RFC 1122 section 3.3.2: who waited long enough says so, if he has the first fragment.
void network::state::give_up_fragments() {
    const auto fragments = waiting.expire(now);
    if (fragments.empty()) return;
    const packet& first = pool[fragments.front()];
    if (!first.facts.later_fragment && !scenario.nodes[first.node].down) {
        const family f = first.facts.family;
        const auto type = static_cast<std::uint8_t>(wire::icmp_types_of(f).time_exceeded);
        if (may_report(fragments.front(), type)) {
            report_from(fragments.front(),
                        {.type = type,
                         .code = reassembly_time_exceeded,
                         .source = destination_of(first.bytes(), f),
                         .identification = ++memory[first.node].identification},
                        scenario.nodes[first.node].errors, duration::zero());
        }
    }
    for (const packet_id f : fragments) end(f, fate::reassembly);
}

/// A host that is told Packet Too Big remembers it (RFC 8201).
void network::state::learn_path_mtu(packet_id id) {
    const packet& p = pool[id];
    if (p.facts.family != family::v6 || p.facts.protocol != wire::ip_protocol::icmpv6) return;
    const bytes_view message = p.bytes().subspan(p.facts.upper);
    if (message.size() < wire::icmp_header_size) return;
    if (load_be<std::uint8_t>(message, 0) != wire::icmp_types_of(family::v6).packet_too_big) return;
    const auto quoted = quoted_in(p.bytes(), p.facts);
    if (!quoted) return;
    const std::pair to{p.node, destination_of(p.bytes().subspan(quoted->at), family::v6)};
    const std::uint32_t mtu = std::max(load_be<std::uint32_t>(message, 4), least_v6_mtu);
    // What is known becomes less, and never more (section 4).
    if (const auto known = path_mtus.find(to); known != path_mtus.end()) {
        known->second = std::min(known->second, mtu);
    } else if (path_mtus.size() < path_mtus_max) {
        path_mtus.emplace(to, mtu);
    }
}

}  // namespace sonde::sim
