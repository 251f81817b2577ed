#include <algorithm>
#include <numeric>

#include <sonde/sim/topology.hpp>

namespace sonde::sim {

namespace {

std::optional<ip_address> first_of(std::span<const interface_address> addresses, family f) {
    for (const interface_address& a : addresses) {
        if (a.address.family() == f) return a.address.with_scope(0);
    }
    return std::nullopt;
}

}  // namespace

const link_behaviour& behaviour_from(const link& l, std::uint32_t end) noexcept {
    return end == 1 && l.backwards ? *l.backwards : l.behaviour;
}

std::optional<ip_address> error_source(const scenario& s, std::span<const attachment> attachments, node_index n,
                                       std::optional<attachment> in, family f) {
    const node& node = s.nodes[n];
    const auto& given = f == family::v4 ? node.errors.source_v4 : node.errors.source_v6;
    if (given) return given->with_scope(0);
    if (in) {
        if (auto address = first_of(s.links[in->link].ends[in->end].addresses, f)) return address;
    }
    if (auto address = first_of(node.addresses, f)) return address;
    for (const attachment& a : attachments) {
        if (auto address = first_of(s.links[a.link].ends[a.end].addresses, f)) return address;
    }
    return std::nullopt;
}

topology::topology(const scenario& s)
    : first_(s.nodes.size() + 1), core_(s.nodes.size(), no_core), first_core_end_{0}, first_pipe_{0} {
    for (const link& l : s.links) {
        for (const link_end& e : l.ends) ++first_[e.node + 1];
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    attachments_.resize(first_.back());
    auto free = first_;
    for (link_index l = 0; l < s.links.size(); ++l) {
        const auto ends = static_cast<std::uint32_t>(s.links[l].ends.size());
        for (std::uint32_t e = 0; e < ends; ++e) attachments_[free[s.links[l].ends[e].node]++] = {l, e};
        first_pipe_.push_back(first_pipe_.back() + ends);
    }
    for (node_index n = 0; n < s.nodes.size(); ++n) {
        if (!forwards(s.nodes[n].kind) && attachments(n).size() < 2) continue;
        core_[n] = static_cast<std::uint32_t>(core_nodes_.size());
        core_nodes_.push_back(n);
    }
    for (const link& l : s.links) {
        for (std::uint32_t e = 0; e < l.ends.size(); ++e) {
            if (core_[l.ends[e].node] != no_core) core_ends_.push_back(e);
        }
        first_core_end_.push_back(static_cast<std::uint32_t>(core_ends_.size()));
    }
}

bool topology::is_on(node_index n, link_index l) const noexcept {
    return std::ranges::any_of(attachments(n), [l](const attachment& a) { return a.link == l; });
}

}  // namespace sonde::sim
