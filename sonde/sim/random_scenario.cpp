#include <algorithm>

#include <fmt/format.h>

#include <sonde/sim/random_scenario.hpp>
#include <sonde/sim/random_stream.hpp>

namespace sonde::sim {

namespace {

using namespace std::chrono_literals;

interface_address address(const std::string& text, unsigned length) {
    return {ip_address::parse(text).value(), static_cast<std::uint8_t>(length)};
}

/// Stages in a row: each begins at one node and ends at one.
class maker {
public:
    maker(std::uint64_t seed, const random_scenario_limits& limits)
        : limits_(limits), random_(seed, 0x7261'6e64), link_addresses_(random_.happens(0.5)) {
        made_.scenario.name = fmt::format("random {}", seed);
        made_.scenario.seed = seed;
    }

    random_scenario make() {
        const auto me = node("me", node_kind::outside);
        auto end = node("r1", node_kind::router);
        link({me, end}, 1);
        const auto routers = room() == 0 ? 0 : random_.below(room()) + 1;
        const auto last = made_.scenario.nodes.size() + routers;
        while (made_.scenario.nodes.size() < last && room() > 0) end = stage(end);
        targets(me, end);
        return std::move(made_);
    }

private:
    /// How many more routers there may be: one place is the host's.
    [[nodiscard]] std::uint64_t room() const {
        const std::uint64_t used = made_.scenario.nodes.size() + 2;
        return limits_.nodes > used ? limits_.nodes - used : 0;
    }
    [[nodiscard]] std::uint64_t some(std::uint64_t least, std::uint64_t most) {
        return least + random_.below(most - least + 1);
    }

    node_index node(std::string name, node_kind kind) {
        auto& s = made_.scenario;
        const auto index = static_cast<node_index>(s.nodes.size());
        auto& n = s.nodes.emplace_back();
        n.name = std::move(name);
        n.kind = kind;
        n.addresses = {address(fmt::format("10.{}.{}.1", index / 250, index % 250 + 1), 32),
                       address(fmt::format("2001:db8:{:x}::1", index + 1), 128)};
        return index;
    }

    node_index router() {
        const auto index = node(fmt::format("r{}", made_.scenario.nodes.size()), node_kind::router);
        auto& n = made_.scenario.nodes[index];
        n.errors.silent = limits_.silent_hops && random_.happens(0.1);
        if (limits_.slow_hops && random_.happens(0.1)) n.errors.delay = random_.from(1ms, 49ms);
        if (limits_.labels && random_.happens(0.3)) {
            n.errors.interface_information = random_.happens(0.3);
            n.errors.legacy_extension = random_.happens(0.3);
            if (random_.happens(0.3)) n.errors.quote = static_cast<std::uint16_t>(some(8, 64));
            const auto labels = random_.below(3);
            for (std::uint64_t i = 0; i < labels; ++i) {
                n.errors.mpls.push_back({static_cast<std::uint32_t>(some(16, 0xfffff)), 0, i + 1 == labels, 1});
            }
        }
        if (limits_.packet_balance && random_.happens(0.3)) n.forwarding.balance = balance::packet;
        if (random_.happens(0.1)) n.forwarding.balance = balance::none;
        return index;
    }

    void link(const std::vector<node_index>& nodes, std::uint32_t cost) {
        auto& s = made_.scenario;
        const auto number = s.links.size();
        auto& l = s.links.emplace_back();
        for (const auto n : nodes) {
            l.name += (l.name.empty() ? "" : "-") + s.nodes[n].name;
            auto& end = l.ends.emplace_back();
            end.node = n;
            if (!link_addresses_) continue;
            const auto place = l.ends.size();
            end.addresses = {address(fmt::format("198.18.{}.{}", number, place), 24),
                             address(fmt::format("2001:db8:ffff:{:x}::{}", number, place), 64)};
        }
        l.behaviour.delay = random_.from(100us, 4900us);
        l.behaviour.loss = limits_.loss;
        l.behaviour.cost = cost;
    }

    node_index stage(node_index from) {
        const auto kind = random_.below(4);
        if (kind == 0 && limits_.diamonds && room() >= 3) return diamond(from);
        if (kind == 1 && room() >= 4) return mesh(from);
        if (kind == 2 && room() >= 2) return dead_end(from);
        const auto next = router();
        link({from, next}, 1);
        made_.shape += "-";
        return next;
    }

    /// Ways of the same length and cost from one node to one.
    node_index diamond(node_index from) {
        const bool deep = room() >= 5 && random_.happens(0.3);
        const auto width = some(2, std::min<std::uint64_t>(6, (room() - 1) / (deep ? 2 : 1)));
        std::vector<node_index> ends;
        for (std::uint64_t i = 0; i < width; ++i) {
            auto branch = router();
            link({from, branch}, 1);
            if (deep) {
                const auto second = router();
                link({branch, second}, 1);
                branch = second;
            }
            ends.push_back(branch);
        }
        const auto to = router();
        for (const auto branch : ends) link({branch, to}, 1);
        made_.shape += fmt::format("<{}{}>", width, deep ? "x2" : "");
        return to;
    }

    /// Anybody with anybody, at any cost.
    node_index mesh(node_index from) {
        std::vector<node_index> nodes{from};
        const auto size = some(3, std::min<std::uint64_t>(8, room()));
        for (std::uint64_t i = 0; i < size; ++i) {
            const auto next = router();
            link({nodes[random_.below(nodes.size())], next}, static_cast<std::uint32_t>(some(1, 5)));
            nodes.push_back(next);
        }
        for (std::uint64_t i = 0; i < size; ++i) {
            const auto a = nodes[random_.below(nodes.size())];
            const auto b = nodes[random_.below(nodes.size())];
            // Costs that are all different in their sums, where no equal paths are wanted.
            const auto cost = limits_.diamonds ? some(1, 5) : 100 + (std::uint64_t{1} << i);
            if (a != b) link({a, b}, static_cast<std::uint32_t>(cost));
        }
        made_.shape += fmt::format("#{}", size);
        return nodes.back();
    }

    /// A router that leads nowhere, beside the way.
    node_index dead_end(node_index from) {
        link({from, router()}, 1);
        const auto next = router();
        link({from, next}, 1);
        made_.shape += "'";
        return next;
    }

    void route(node_index at, const std::string& to, std::vector<node_index> via, bool blackhole) {
        made_.scenario.routes.push_back({at, prefix::parse(to).value(), std::move(via), blackhole});
    }

    void targets(node_index me, node_index end) {
        auto& s = made_.scenario;
        const auto host = node("host", node_kind::host);
        s.nodes[host].host.udp.otherwise = random_.happens(0.2) ? port_state::filtered : port_state::closed;
        s.links.push_back({"lan",
                           {{end, {address("203.0.113.1", 24), address("2001:db8:113::1", 64)}},
                            {host, {address("203.0.113.80", 24), address("2001:db8:113::80", 64)}}},
                           {},
                           {}});
        s.links.back().behaviour.delay = 100us;
        s.links.back().behaviour.loss = limits_.loss;
        const node_index first = 1;
        for (const char* all : {"0.0.0.0/0", "::/0"}) route(me, all, {first}, false);
        // The first router knows more than the others: what it rejects, and what it drops.
        for (const char* to : {"198.51.100.0/25", "2001:db8:51::/64"}) route(first, to, {}, false);
        for (const char* to : {"198.51.100.128/25", "2001:db8:52::/64"}) route(first, to, {}, true);
        for (const char* text :
             {"203.0.113.80", "2001:db8:113::80", "203.0.113.99", "2001:db8:113::99", "198.51.100.1", "2001:db8:51::1",
              "198.51.100.200", "2001:db8:52::1", "192.0.2.77", "2001:db8:77::1"}) {
            made_.targets.push_back(ip_address::parse(text).value());
        }
        for (const auto& own : s.nodes[end].addresses) made_.targets.push_back(own.address);
        for (const auto& own : s.nodes[s.nodes.size() / 2].addresses) made_.targets.push_back(own.address);
    }

    random_scenario_limits limits_;
    random_stream random_;
    bool link_addresses_;
    random_scenario made_;
};

}  // namespace

random_scenario make_random_scenario(std::uint64_t seed, const random_scenario_limits& limits) {
    return maker(seed, limits).make();
}

}  // namespace sonde::sim
