#include <algorithm>
#include <array>

#include <sonde/sim/address_table.hpp>

namespace sonde::sim {

namespace {

/// The address with its host bits all zero or all one.
ip_address with_host_bits(const ip_address& address, unsigned length, bool value) noexcept {
    std::array<std::byte, 16> octets = address.mapped_bytes();
    const unsigned bits = length + (address.is_v4() ? 96U : 0U);
    for (unsigned i = 0; i < 16; ++i) {
        const unsigned kept = std::clamp(bits, 8 * i, 8 * i + 8) - 8 * i;
        const auto host = static_cast<std::byte>(0xffU >> kept);
        octets[i] = value ? octets[i] | host : octets[i] & ~host;
    }
    return ip_address::from_bytes(octets);
}

}  // namespace

ip_address masked(const ip_address& address, unsigned length) noexcept {
    return with_host_bits(address, length, false);
}

ip_address last_address(const ip_address& address, unsigned length) noexcept {
    return with_host_bits(address, length, true);
}

address_table::address_table(const scenario& s) : destinations_(1) {
    for (node_index n = 0; n < s.nodes.size(); ++n) {
        const node& node = s.nodes[n];
        for (const interface_address& a : node.addresses) add_owner(a, n);
        if (node.kind != node_kind::nat) continue;
        if (node.nat.v4) add_owner({*node.nat.v4, 32}, n);
        if (node.nat.v6) add_owner({*node.nat.v6, 128}, n);
    }
    for (const link& l : s.links) {
        for (const link_end& e : l.ends) {
            for (const interface_address& a : e.addresses) add_owner(a, e.node);
        }
    }
    // Before the links: hosts of a population may live in a link's prefix.
    for (std::uint32_t p = 0; p < s.populations.size(); ++p) {
        const prefix& of = s.populations[p].addresses;
        add_prefix(
            of.network(), of.length(),
            {.what = destination::kind::population, .length = static_cast<std::uint8_t>(of.length()), .which = p});
    }
    for (link_index l = 0; l < s.links.size(); ++l) {
        for (const link_end& e : s.links[l].ends) {
            for (const interface_address& a : e.addresses) add_link(a, l);
        }
    }
    const auto longest_first = [](const prefixes_of_length& a, const prefixes_of_length& b) {
        return a.length > b.length;
    };
    std::ranges::sort(prefixes_v4_, longest_first);
    std::ranges::sort(prefixes_v6_, longest_first);
}

destination_index address_table::add(destination d) {
    destinations_.push_back(std::move(d));
    return static_cast<destination_index>(destinations_.size() - 1);
}

void address_table::add_owner(const interface_address& a, node_index n) {
    const auto [at, is_new] = exact_.try_emplace(a.address.with_scope(0), nowhere);
    if (is_new) at->second = add({.what = destination::kind::node, .length = a.length});
    destination& d = destinations_[at->second];
    d.length = std::min(d.length, a.length);
    const auto place = std::ranges::lower_bound(d.owners, n);
    if (place == d.owners.end() || *place != n) d.owners.insert(place, n);
}

void address_table::add_link(const interface_address& a, link_index l) {
    const ip_address address = a.address.with_scope(0);
    const bool v4 = address.is_v4();
    if (a.length >= (v4 ? 32U : 128U)) return;
    add_prefix(masked(address, a.length), a.length, {.what = destination::kind::link, .length = a.length, .which = l});
    // A /31 has no broadcast address (RFC 3021).
    if (!v4 || a.length > 30) return;
    const auto [at, is_new] = exact_.try_emplace(last_address(address, a.length), nowhere);
    if (is_new) at->second = add({.what = destination::kind::broadcast, .length = a.length, .which = l});
}

void address_table::add_prefix(const ip_address& network, unsigned length, destination d) {
    auto& all = prefixes(network.family());
    auto found = std::ranges::find(all, length, &prefixes_of_length::length);
    if (found == all.end()) found = all.insert(all.end(), {.length = length});
    const auto [at, is_new] = found->at.try_emplace(network.with_scope(0), nowhere);
    if (is_new) at->second = add(std::move(d));
}

destination_index address_table::find(const ip_address& address) const {
    if (const auto found = exact_.find(address); found != exact_.end()) return found->second;
    if (address.is_multicast()) return nowhere;
    for (const auto& of_length : address.is_v4() ? prefixes_v4_ : prefixes_v6_) {
        const auto found = of_length.at.find(masked(address, of_length.length));
        if (found != of_length.at.end()) return found->second;
    }
    return nowhere;
}

}  // namespace sonde::sim
