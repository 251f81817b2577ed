#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include <sonde/probe/paths_finder.hpp>
#include <sonde/probe/strategy_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

using namespace std::chrono_literals;

std::uint64_t mixed(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

/// A network of balancers: a router is its hop and number, and spreads flows evenly over `next`.
struct balanced_network {
    struct node {
        ip_address address = {};
        std::vector<std::uint32_t> next = {};  // nodes; empty: the target
        bool silent = false;
        bool per_packet = false;
    };
    std::vector<node> nodes;  // 0 is the first hop
    std::uint64_t seed = 1;
    double loss = 0;
    bool target_silent = false;
    /// Answers a second that a router gives, after `burst` at once; 0: no limit.
    std::map<std::uint32_t, double> limited = {};
    double burst = 6;
    std::mt19937_64 random{seed};

    std::uint32_t add(bool silent = false) {
        nodes.push_back({.address = router(static_cast<unsigned>(nodes.size()) + 1), .silent = silent});
        return static_cast<std::uint32_t>(nodes.size() - 1);
    }

    /// The node that a flow meets at a hop; nothing: the target.
    std::optional<std::uint32_t> at(std::uint16_t flow, unsigned ttl) {
        std::uint32_t where = 0;
        for (unsigned hop = 1; hop < ttl; ++hop) {
            const node& n = nodes[where];
            if (n.next.empty()) return std::nullopt;
            const std::uint64_t hash = n.per_packet ? random() : mixed(seed ^ mixed(where * 65'536ULL + flow));
            where = n.next[hash % n.next.size()];
        }
        return where;
    }

    bool within_limit(std::uint32_t where, time_point now) {
        const auto limit = limited.find(where);
        if (limit == limited.end()) return true;
        auto& [tokens, at] = buckets_.try_emplace(where, burst, now).first->second;
        tokens = std::min(burst, tokens + std::chrono::duration<double>(now - at).count() * limit->second);
        at = now;
        if (tokens < 1) return false;
        --tokens;
        return true;
    }

    std::optional<probe_result> carry(const probe_wish& wish, time_point now) {
        if (std::uniform_real_distribution<>(0, 1)(random) < loss) return std::nullopt;
        const auto where = at(wish.flow, wish.ttl);
        const duration rtt = 2ms * wish.ttl + duration{static_cast<duration::rep>(random() % 500'000)};
        if (!where) {
            if (target_silent) return std::nullopt;
            return answer_of(answer_from::destination, target, rtt);
        }
        if (nodes[*where].silent || !within_limit(*where, now)) return std::nullopt;
        return answer_of(answer_from::hop, nodes[*where].address, rtt);
    }

    /// As many hops as the longest way has, the target's included.
    using text_graph = std::set<std::string>;
    text_graph truth() const {
        text_graph all;
        std::set<std::uint32_t> layer{0};
        for (unsigned ttl = 1; !layer.empty(); ++ttl) {
            std::set<std::uint32_t> behind;
            for (const std::uint32_t n : layer) {
                all.insert(fmt_vertex(ttl, shown(n)));
                if (nodes[n].next.empty()) {
                    all.insert(fmt_vertex(ttl + 1, target));
                    all.insert(fmt_edge(ttl + 1, shown(n), target));
                }
                for (const std::uint32_t next : nodes[n].next) {
                    all.insert(fmt_edge(ttl + 1, shown(n), shown(next)));
                    behind.insert(next);
                }
            }
            layer = behind;
        }
        return all;
    }
    ip_address shown(std::uint32_t n) const { return nodes[n].silent ? ip_address{} : nodes[n].address; }

    static std::string fmt_vertex(unsigned ttl, const ip_address& a) {
        return std::to_string(ttl) + " " + a.to_string();
    }
    static std::string fmt_edge(unsigned ttl, const ip_address& from, const ip_address& to) {
        return std::to_string(ttl) + " " + from.to_string() + " > " + to.to_string();
    }
    static text_graph found(const path_graph& g) {
        text_graph all;
        for (std::size_t i = 0; i < g.hops.size(); ++i) {
            const auto ttl = static_cast<unsigned>(g.first_hop + i);
            for (const path_vertex& v : g.hops[i].vertices) all.insert(fmt_vertex(ttl, v.address));
            for (const path_edge& e : g.hops[i].edges) {
                all.insert(fmt_edge(ttl, g.hops[i - 1].vertices[e.from].address, g.hops[i].vertices[e.to].address));
            }
        }
        return all;
    }

private:
    std::map<std::uint32_t, std::pair<double, time_point>> buckets_;
};

struct finding {
    std::shared_ptr<const path_graph> graph;
    std::size_t probes = 0;
    std::size_t most_out = 0;
    duration took{};
    trace_end end = trace_end::silent;
    std::vector<trace_event> events;
};

finding find(balanced_network& net, const trace_options& options) {
    const auto finder = make_paths_finder(time_point{}, options);
    strategy_rig rig(*finder, [&](const probe_wish& w, time_point now) { return net.carry(w, now); });
    EXPECT_TRUE(rig.run());
    return {rig.paths(), rig.sent(), rig.most_out, rig.now - time_point{}, finder->end(), rig.events};
}

std::string difference(const std::set<std::string>& truth, const std::set<std::string>& found) {
    std::string text;
    for (const auto& t : truth) text += found.contains(t) ? "" : "missing " + t + "\n";
    for (const auto& f : found) text += truth.contains(f) ? "" : "wrong " + f + "\n";
    return text;
}

/// Layers of up to 8 routers, each with up to all of the next layer behind it; some ways are shorter than others.
balanced_network random_network(std::uint64_t seed, bool with_silent) {
    std::mt19937_64 random(seed);
    balanced_network net;
    net.seed = seed;
    net.random.seed(seed);
    std::vector<std::uint32_t> layer{net.add()};
    const unsigned hops = 2 + static_cast<unsigned>(random() % 8);
    for (unsigned h = 0; h < hops; ++h) {
        const unsigned width = random() % 3 == 0 ? 1 + static_cast<unsigned>(random() % 8) : 1;
        std::vector<std::uint32_t> next;
        for (unsigned i = 0; i < width; ++i) {
            next.push_back(net.add(with_silent && i == 0 && random() % 4 == 0 && h + 1 < hops));
        }
        for (const std::uint32_t n : layer) {
            std::shuffle(next.begin(), next.end(), random);
            const std::size_t degree = 1 + random() % next.size();
            net.nodes[n].next.assign(next.begin(), next.begin() + static_cast<std::ptrdiff_t>(degree));
        }
        // Who nobody leads to is behind the first.
        for (const std::uint32_t n : next) {
            const bool led = std::any_of(layer.begin(), layer.end(), [&](std::uint32_t from) {
                return std::count(net.nodes[from].next.begin(), net.nodes[from].next.end(), n) > 0;
            });
            if (!led) net.nodes[layer[0]].next.push_back(n);
        }
        layer = next;
    }
    return net;
}

balanced_network chain(unsigned hops) {
    balanced_network net;
    for (unsigned i = 0; i < hops; ++i) {
        net.add();
        if (i > 0) net.nodes[i - 1].next = {i};
    }
    return net;
}

/// One router, `width` behind it, one behind these.
balanced_network diamond(unsigned width) {
    balanced_network net;
    net.add();
    std::vector<std::uint32_t> middle;
    for (unsigned i = 0; i < width; ++i) middle.push_back(net.add());
    const std::uint32_t last = net.add();
    net.nodes[0].next = middle;
    for (const std::uint32_t m : middle) net.nodes[m].next = {last};
    return net;
}

TEST(paths_finder, follows_a_chain) {
    balanced_network net = chain(7);
    const finding f = find(net, {});
    EXPECT_EQ(difference(net.truth(), balanced_network::found(*f.graph)), "");
    EXPECT_TRUE(f.graph->reached);
    EXPECT_EQ(f.end, trace_end::reached);
    EXPECT_FALSE(f.graph->bounded);
    EXPECT_DOUBLE_EQ(f.graph->confidence_each, 0.95);
    EXPECT_DOUBLE_EQ(f.graph->confidence, 0.95);
    EXPECT_EQ(f.graph->probes, f.probes);
    EXPECT_LT(f.probes, 90U);  // 8 hops x 6 flows, and what ran beyond the target
    EXPECT_GT(f.most_out, 20U);
    EXPECT_LT(f.took, 100ms);  // the round trip is 16 ms
}

TEST(paths_finder, tells_a_diamond_with_its_flows) {
    balanced_network net = diamond(4);
    const finding f = find(net, {.confidence = 0.999});
    EXPECT_EQ(difference(net.truth(), balanced_network::found(*f.graph)), "");
    ASSERT_EQ(f.graph->hops.size(), 4U);
    std::set<std::uint16_t> seen;
    for (const path_vertex& v : f.graph->hops[1].vertices) {
        EXPECT_GE(v.flows.size(), 11U);  // n_1: as many as it takes to rule out a second next hop
        EXPECT_TRUE(std::is_sorted(v.flows.begin(), v.flows.end()));
        EXPECT_FALSE(v.per_packet);
        EXPECT_FALSE(v.destination);
        for (const std::uint16_t flow : v.flows) EXPECT_TRUE(seen.insert(flow).second) << flow;
    }
    EXPECT_TRUE(f.graph->hops[3].vertices[0].destination);
    EXPECT_NEAR(f.graph->confidence, 0.999, 1e-9);
    EXPECT_LT(f.took, 300ms);
}

TEST(paths_finder, finds_wide_and_uneven_ways) {
    balanced_network net = diamond(16);
    net.nodes[3].next.clear();  // straight to the target: one hop shorter than the others
    const finding f = find(net, {.confidence = 0.999});
    EXPECT_EQ(difference(net.truth(), balanced_network::found(*f.graph)), "");
    EXPECT_FALSE(f.graph->bounded);
}

TEST(paths_finder, bridges_silence) {
    balanced_network net = chain(6);
    net.nodes[2].silent = net.nodes[3].silent = true;
    const finding f = find(net, {});
    EXPECT_EQ(difference(net.truth(), balanced_network::found(*f.graph)), "");
    EXPECT_LT(f.took, 2s);

    balanced_network wide = diamond(3);
    wide.nodes[2].silent = true;
    const finding g = find(wide, {.confidence = 0.999});
    EXPECT_EQ(difference(wide.truth(), balanced_network::found(*g.graph)), "");
}

TEST(paths_finder, ends_where_nobody_answers) {
    balanced_network net = chain(4);
    net.target_silent = true;
    finding f = find(net, {});
    EXPECT_EQ(f.graph->hops.size(), 4U);
    EXPECT_FALSE(f.graph->reached);
    EXPECT_EQ(f.end, trace_end::silent);
    EXPECT_LT(f.took, 6s);

    for (auto& node : net.nodes) node.silent = true;
    f = find(net, {});
    EXPECT_TRUE(f.graph->hops.empty());
    EXPECT_EQ(f.end, trace_end::silent);
    EXPECT_LT(f.took, 7s);  // once `wait`
}

TEST(paths_finder, ends_at_an_error) {
    const auto finder = make_paths_finder(time_point{}, {});
    strategy_rig rig(*finder, [](const probe_wish& w, time_point) -> std::optional<probe_result> {
        if (w.ttl < 4) return answer_of(answer_from::hop, router(w.ttl), 1ms * w.ttl);
        return answer_of(answer_from::unreachable, router(3), 4ms);
    });
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(finder->end(), trace_end::unreachable);
    ASSERT_EQ(rig.paths()->hops.size(), 3U);
    EXPECT_FALSE(rig.paths()->reached);
    EXPECT_LT(rig.sent(), 60U);
}

TEST(paths_finder, waits_for_a_router_that_limits_its_answers) {
    balanced_network net = diamond(4);
    net.limited = {{0, 5.0}, {5, 1.0}};
    const finding f = find(net, {.confidence = 0.99});
    EXPECT_EQ(difference(net.truth(), balanced_network::found(*f.graph)), "");
    EXPECT_LT(f.took, 120s);
}

TEST(paths_finder, notices_a_balancer_by_packet) {
    balanced_network net = diamond(3);
    net.nodes[0].per_packet = true;
    const finding f = find(net, {.confidence = 0.999});
    EXPECT_EQ(difference(net.truth(), balanced_network::found(*f.graph)), "");
    for (const path_vertex& v : f.graph->hops[1].vertices) EXPECT_TRUE(v.per_packet);
    EXPECT_FALSE(f.graph->hops[2].vertices[0].per_packet);
}

TEST(paths_finder, claims_no_edge_behind_a_balancer_by_packet_that_it_cannot_know) {
    balanced_network net;
    for (int i = 0; i < 5; ++i) net.add();
    net.nodes[0] = {.address = router(1), .next = {1, 2}, .per_packet = true};
    net.nodes[1].next = {3};
    net.nodes[2].next = {4};
    const finding f = find(net, {.confidence = 0.999});
    ASSERT_EQ(f.graph->hops.size(), 4U);
    EXPECT_EQ(f.graph->hops[1].edges.size(), 2U);
    EXPECT_EQ(f.graph->hops[2].vertices.size(), 2U);
    EXPECT_TRUE(f.graph->hops[2].edges.empty());
    EXPECT_EQ(f.graph->hops[3].edges.size(), 2U);  // there is but one way on
}

TEST(paths_finder, reports_its_hops_before_the_paths) {
    balanced_network net = diamond(2);
    const finding f = find(net, {.confidence = 0.999});
    std::vector<trace_event_kind> kinds;
    std::size_t probes = 0;
    for (const trace_event& e : f.events) {
        if (e.kind == trace_event_kind::probe) {
            ++probes;
        } else {
            kinds.push_back(e.kind);
        }
        if (e.kind == trace_event_kind::hop && e.hop.ttl == 2) {
            EXPECT_EQ(e.hop.probes.size(), 2U);
        }
    }
    EXPECT_EQ(probes, f.probes);
    using enum trace_event_kind;
    EXPECT_EQ(kinds, (std::vector{hop, hop, hop, hop, paths, round}));
}

TEST(paths_finder, stops_when_told) {
    balanced_network net = chain(20);
    const auto finder = make_paths_finder(time_point{}, {});
    strategy_rig rig(*finder, [&](const probe_wish& w, time_point now) { return net.carry(w, now); });
    rig.stop_at = time_point{} + 20ms;
    ASSERT_TRUE(rig.run());
    EXPECT_LE(rig.now, time_point{} + 20ms);
    EXPECT_TRUE(rig.paths()->bounded);
    EXPECT_GT(rig.paths()->hops.size(), 4U);
}

TEST(paths_finder, gives_up_when_nothing_can_be_sent) {
    const auto finder = make_paths_finder(time_point{}, {});
    strategy_rig rig(*finder, [](const probe_wish&, time_point) {
        return probe_result{.fate = probe_fate::send_failed, .error_number = 101};
    });
    ASSERT_TRUE(rig.run());
    EXPECT_EQ(finder->end(), trace_end::failed);
    EXPECT_LT(rig.sent(), 30U);
}

struct statistics {
    int equal = 0;
    int balancers = 0;
    std::size_t probes = 0;
    duration longest{};
    std::string wrong;
};

statistics play(std::uint64_t from, std::uint64_t to, double confidence, double loss, bool silent) {
    statistics s;
    for (std::uint64_t seed = from; seed < to; ++seed) {
        balanced_network net = random_network(seed, silent);
        net.loss = loss;
        const finding f = find(net, {.confidence = confidence});
        const std::string wrong = difference(net.truth(), balanced_network::found(*f.graph));
        if (wrong.empty()) {
            ++s.equal;
        } else {
            s.wrong += "seed " + std::to_string(seed) + "\n" + wrong;
        }
        for (const auto& n : net.nodes) s.balancers += n.next.size() > 1 ? 1 : 0;
        s.probes += f.probes;
        s.longest = std::max(s.longest, f.took);
    }
    return s;
}

// A thousandth of the balancers may be left incomplete: that many, and three standard deviations.
double allowed(const statistics& s, double confidence) {
    const double expected = s.balancers * (1 - confidence);
    return expected + 3 * std::sqrt(expected);
}

TEST(paths_finder, finds_the_truth_of_random_networks) {
    const statistics s = play(1, 201, 0.999, 0, false);
    RecordProperty("probes", static_cast<int>(s.probes));
    EXPECT_LE(200 - s.equal, allowed(s, 0.999)) << s.wrong;
    EXPECT_EQ(s.wrong.find("wrong"), std::string::npos) << s.wrong;  // may miss, never invents
    EXPECT_LT(s.longest, 2s);
}

TEST(paths_finder, misses_no_more_than_it_promises) {
    const statistics s = play(1001, 1301, 0.95, 0, false);
    EXPECT_LE(300 - s.equal, allowed(s, 0.95)) << s.wrong;
    EXPECT_GT(300 - s.equal, 0);  // or the promise cost too many probes
    EXPECT_EQ(s.wrong.find("wrong"), std::string::npos) << s.wrong;
}

TEST(paths_finder, is_not_misled_by_loss_and_silence) {
    const statistics lossy = play(2001, 2081, 0.999, 0.1, false);
    EXPECT_LE(80 - lossy.equal, allowed(lossy, 0.999)) << lossy.wrong;
    const statistics silent = play(3001, 3081, 0.999, 0.02, true);
    EXPECT_LE(80 - silent.equal, allowed(silent, 0.999) + 2) << silent.wrong;
}

}  // namespace
}  // namespace sonde::probe::testing
