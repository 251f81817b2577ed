#include <algorithm>

#include <cli/lab_plan.hpp>
#include <fmt/format.h>

#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

namespace {

unsigned bits_of(family f) noexcept {
    return static_cast<unsigned>(8 * address_size(f));
}

prefix prefix_of(const ip_address& address, unsigned length) {
    const unsigned most = bits_of(address.family());
    return prefix::parse(fmt::format("{}/{}", address.with_scope(0).to_string(), std::min(length, most))).value();
}

/// By family, then address; of two with the same address the wider first.
bool before(const prefix& a, const prefix& b) noexcept {
    if (a.network().is_v4() != b.network().is_v4()) return a.network().is_v4();
    if (a.network() != b.network()) return a.network() < b.network();
    return a.length() < b.length();
}

bool holds(const prefix& outer, const prefix& inner) noexcept {
    return outer.length() <= inner.length() && outer.network().is_v4() == inner.network().is_v4() &&
           outer.contains(inner.network());
}

/// The narrowest that holds both; they are of one family.
prefix joined(const prefix& a, const prefix& b) {
    const auto x = a.network().bytes();
    const auto y = b.network().bytes();
    unsigned length = 0;
    while (length < std::min(a.length(), b.length())) {
        const auto mask = static_cast<std::byte>(0x80U >> (length % 8));
        if ((x[length / 8] & mask) != (y[length / 8] & mask)) break;
        ++length;
    }
    return prefix_of(a.network(), length);
}

bool are_halves(const prefix& a, const prefix& b) {
    return a.length() == b.length() && a.length() > 0 && a.network().is_v4() == b.network().is_v4() &&
           !(a.network() == b.network()) && joined(a, b).length() == a.length() - 1;
}

/// Sorted; nothing within another, halves made whole.
void make_exact(std::vector<prefix>& all) {
    std::ranges::sort(all, before);
    std::vector<prefix> kept;
    for (const prefix& p : all) {
        if (!kept.empty() && holds(kept.back(), p)) continue;
        kept.push_back(p);
        while (kept.size() >= 2 && are_halves(kept[kept.size() - 2], kept.back())) {
            const prefix whole = joined(kept[kept.size() - 2], kept.back());
            kept.resize(kept.size() - 2);
            kept.push_back(whole);
        }
    }
    all = std::move(kept);
}

/// How long the join of neighbours would be, as a share of the family's bits: the longest loses least. 0: never.
double worth_joining(const prefix& a, const prefix& b) {
    constexpr unsigned widest_v4 = 8;
    constexpr unsigned widest_v6 = 16;
    if (a.network().is_v4() != b.network().is_v4()) return 0;
    const unsigned length = joined(a, b).length();
    const bool v4 = a.network().is_v4();
    if (length < (v4 ? widest_v4 : widest_v6)) return 0;
    return static_cast<double>(length) / bits_of(a.network().family());
}

bool is_usable(const ip_address& a) noexcept {
    return !a.is_unspecified() && !a.is_loopback() && !a.is_multicast() && !a.is_link_local() &&
           !a.is_limited_broadcast();
}

class collector {
public:
    explicit collector(const sim::scenario& s, sim::node_index vantage) : scenario_(s), vantage_(vantage) {}

    [[nodiscard]] lab_plan collect() {
        lab_plan plan;
        plan.vantage = vantage_;
        for (sim::node_index i = 0; i < scenario_.nodes.size(); ++i) take_node(plan, i);
        for (const auto& l : scenario_.links) take_link(plan, l);
        for (const auto& r : scenario_.routes) take_route(r);
        for (const auto& c : scenario_.changes) {
            const auto* change = std::get_if<sim::change::routes_change>(&c.what);
            if (change == nullptr) continue;
            for (const auto& r : change->routes) take_route(r);
        }
        for (const auto& p : scenario_.populations) prefixes_.push_back(p.addresses);
        plan.prefixes = summed_up(std::move(prefixes_), lab_prefix_limit);
        // What an address on the device brings by itself.
        std::erase_if(plan.prefixes, [&plan](const prefix& p) {
            return std::ranges::any_of(plan.addresses, [&p](const auto& a) {
                return a.prefix_length < bits_of(a.address.family()) && holds(a.link(), p);
            });
        });
        return plan;
    }

private:
    void take_address(lab_plan& plan, sim::node_index node, const sim::interface_address& a) {
        if (!is_usable(a.address)) return;
        if (node == vantage_) {
            const unsigned length = std::min<unsigned>(a.length, bits_of(a.address.family()));
            const socket::link_address_setting own{a.address.with_scope(0), length};
            if (!std::ranges::count(plan.addresses, own)) plan.addresses.push_back(own);
        } else {
            prefixes_.push_back(prefix_of(a.address, a.length));
        }
    }
    void take_lone(const std::optional<ip_address>& a) {
        if (a && is_usable(*a)) prefixes_.push_back(prefix_of(*a, bits_of(a->family())));
    }
    void take_node(lab_plan& plan, sim::node_index i) {
        const sim::node& n = scenario_.nodes[i];
        for (const auto& a : n.addresses) take_address(plan, i, a);
        if (i == vantage_) return;
        for (const auto* a : {&n.errors.source_v4, &n.errors.source_v6, &n.nat.v4, &n.nat.v6}) take_lone(*a);
    }
    void take_link(lab_plan& plan, const sim::link& l) {
        const bool near = std::ranges::any_of(l.ends, [this](const auto& e) { return e.node == vantage_; });
        for (const auto& end : l.ends) {
            for (const auto& a : end.addresses) take_address(plan, end.node, a);
            if (near && end.node != vantage_) take_gateway(plan, end);
        }
        if (near && !seen_link_) plan.mtu = l.behaviour.mtu;
        seen_link_ = seen_link_ || near;
    }
    void take_gateway(lab_plan& plan, const sim::link_end& end) const {
        for (const auto* list : {&end.addresses, &scenario_.nodes[end.node].addresses}) {
            for (const auto& a : *list) {
                const bool known = std::ranges::any_of(
                    plan.gateways, [&a](const ip_address& g) { return g.is_v4() == a.address.is_v4(); });
                if (!known && is_usable(a.address)) plan.gateways.push_back(a.address.with_scope(0));
            }
        }
    }
    void take_route(const sim::route& r) {
        // A default route is not this machine's to have.
        if (r.to.length() > 0 && r.at != vantage_) prefixes_.push_back(r.to);
    }

    const sim::scenario& scenario_;
    sim::node_index vantage_;
    std::vector<prefix> prefixes_;
    bool seen_link_ = false;
};

}  // namespace

std::vector<prefix> summed_up(std::vector<prefix> all, std::size_t limit) {
    make_exact(all);
    while (all.size() > std::max<std::size_t>(limit, 1)) {
        double best = 0;
        for (std::size_t i = 0; i + 1 < all.size(); ++i) best = std::max(best, worth_joining(all[i], all[i + 1]));
        if (best == 0) break;
        // All that are as close at once: there may be thousands.
        std::vector<prefix> next;
        std::size_t left = all.size();
        for (const prefix& p : all) {
            if (!next.empty() && left > limit && worth_joining(next.back(), p) >= best) {
                next.back() = joined(next.back(), p);
                --left;
            } else {
                next.push_back(p);
            }
        }
        all = std::move(next);
        make_exact(all);
    }
    return all;
}

void lab_plan::leave_out(family f) {
    std::erase_if(addresses, [f](const auto& a) { return a.address.family() == f; });
    std::erase_if(prefixes, [f](const prefix& p) { return p.network().family() == f; });
    std::erase_if(gateways, [f](const ip_address& g) { return g.family() == f; });
}

std::vector<socket::link_route> lab_plan::routes(socket::tun_kind kind) const {
    std::vector<socket::link_route> all;
    const auto gateway_of = [&](family f) -> const ip_address* {
        const auto found = std::ranges::find(gateways, f, &ip_address::family);
        return kind == socket::tun_kind::tun || found == gateways.end() ? nullptr : &*found;
    };
    for (const family f : {family::v4, family::v6}) {
        const ip_address* gateway = gateway_of(f);
        if (gateway == nullptr) continue;
        const bool near = std::ranges::any_of(addresses, [&](const auto& a) { return a.link().contains(*gateway); });
        if (!near) all.push_back({prefix_of(*gateway, bits_of(f)), std::nullopt});
    }
    for (const prefix& p : prefixes) {
        const ip_address* gateway = gateway_of(p.network().family());
        const bool there = std::ranges::any_of(
            all, [&p](const auto& r) { return r.to.network() == p.network() && r.to.length() == p.length(); });
        if (there) continue;
        all.push_back({p, gateway == nullptr ? std::nullopt : std::optional{*gateway}});
    }
    return all;
}

result<lab_plan> plan_lab(const sim::scenario& s) {
    const auto fault = [](std::string what) {
        return failure{std::move(what), {}, std::make_error_code(std::errc::invalid_argument)};
    };
    const auto vantage = s.vantage();
    if (!vantage) return fault("no node is 'outside': this machine needs a place in the scenario");
    lab_plan plan = collector(s, *vantage).collect();
    if (plan.addresses.empty()) {
        return fault(fmt::format("node '{}' is outside and has no address that this machine could take",
                                 s.nodes[*vantage].name));
    }
    return plan;
}

std::string fitting_device(const lab_plan& plan, socket::tun_kind kind, const std::string& name,
                           const std::string& user) {
    std::string text = fmt::format("sonde tap create {} --user {}{}", socket::shell_word(name), user,
                                   kind == socket::tun_kind::tun ? " --tun" : "");
    if (plan.mtu != 1500) text += fmt::format(" --mtu {}", plan.mtu);
    for (const auto& a : plan.addresses) text += fmt::format(" --address {}", a.to_string());
    for (const auto& r : plan.routes(kind)) {
        text += r.gateway ? fmt::format(" --route '{}'", r.to_string()) : fmt::format(" --route {}", r.to_string());
    }
    return text;
}

}  // namespace sonde::cli
