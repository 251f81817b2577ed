// Traces over random scenarios in virtual time, held to what the simulator knows of each: the path is one of the
// truth's, all paths are all of the truth's, everything adds up, and nothing waits past its deadline. `SONDE_SEED=N`
// repeats the scenario of that seed alone.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sonde/async/lab.hpp>
#include <sonde/sim/random_scenario.hpp>

namespace sonde {
namespace {

using namespace std::chrono_literals;
using probe::answer_from;
using probe::probe_fate;
using probe::trace_end;
using probe::trace_event;
using probe::trace_event_kind;
using probe::trace_method;
using responder = sim::true_hop::responder;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t scenarios = 100;  // a sanitizer looks at the code, which is the same for all
#else
constexpr std::uint64_t scenarios = 1000;
#endif

std::vector<std::uint64_t> seeds() {
    if (const char* given = std::getenv("SONDE_SEED")) return {std::strtoull(given, nullptr, 10)};
    std::vector<std::uint64_t> all(scenarios);
    for (std::uint64_t i = 0; i < scenarios; ++i) all[i] = i + 1;
    return all;
}

/// One scenario, asked in one way: the seed decides.
struct task {
    std::uint64_t seed;
    sim::random_scenario made;
    trace_method method;
    std::vector<ip_address> targets;  ///< of one family; the host first

    task(std::uint64_t number, const sim::random_scenario_limits& limits)
        : seed(number), made(sim::make_random_scenario(number, limits)), method(static_cast<trace_method>(number % 3)) {
        const family f = number / 3 % 2 == 0 ? family::v4 : family::v6;
        std::ranges::copy_if(made.targets, std::back_inserter(targets),
                             [f](const ip_address& a) { return a.family() == f; });
    }
    [[nodiscard]] std::string told(const ip_address& target) const {
        return "SONDE_SEED=" + std::to_string(seed) + ": " + target.to_string() + " by " +
               std::string(to_string(method)) + ", " + made.shape;
    }
};

struct outcome {
    std::vector<trace_event> events;
    time_point began;
    stats::accounting of_trace;
    stats::accounting of_tracer;

    [[nodiscard]] const trace_event& end() const { return events.back(); }
    [[nodiscard]] duration took() const { return end().at - began; }
    [[nodiscard]] std::vector<probe::hop_report> hops() const {
        std::vector<probe::hop_report> all;
        for (const trace_event& e : events) {
            if (e.kind == trace_event_kind::hop) all.push_back(e.hop);
        }
        return all;
    }
};

void adds_up(const stats::accounting& a) {
    EXPECT_EQ(a.scheduled, a.sent + a.send_failed + a.skipped);
    EXPECT_EQ(a.sent, a.replied + a.icmp_error + a.timed_out + a.cancelled + a.pending);
    EXPECT_EQ(a.pending, 0U);
    EXPECT_EQ(a.send_failed, 0U);
}

/// Runs one trace to its end and holds it to all that does not need the truth.
outcome run(const task& t, const probe::trace_options& options) {
    boost::asio::io_context io;
    const lab net = lab::open(io.get_executor(), t.made.scenario).value();
    tracer asker = net.tracer({.rate = 0, .queue = 1U << 20});
    outcome got{.events = {}, .began = net.time()->now(), .of_trace = {}, .of_tracer = {}};
    trace handle = asker.trace(options);
    io.run();
    while (auto e = handle.try_next()) got.events.push_back(std::move(*e));
    EXPECT_EQ(handle.missed(), 0U);
    EXPECT_FALSE(got.events.empty());
    if (got.events.empty()) got.events.emplace_back();
    EXPECT_EQ(got.end().kind, trace_event_kind::done);
    EXPECT_TRUE(asker.idle());
    got.of_trace = handle.accounting().value_or(stats::accounting{});
    got.of_tracer = asker.accounting();
    adds_up(got.of_trace);
    adds_up(got.of_tracer);
    EXPECT_EQ(got.of_trace.sent, got.of_tracer.sent);

    std::map<probe_fate, std::uint64_t> fates;
    for (const trace_event& e : got.events) {
        if (e.kind != trace_event_kind::probe) continue;
        ++fates[e.result.fate];
        EXPECT_LE(e.at - e.result.sent_at, options.wait) << "a probe with TTL " << int{e.result.ttl};
    }
    const stats::accounting& a = got.of_trace;
    EXPECT_EQ(fates[probe_fate::answered], a.replied + a.icmp_error);
    EXPECT_EQ(fates[probe_fate::timed_out], a.timed_out);
    EXPECT_EQ(fates[probe_fate::cancelled], a.cancelled);

    const sim::network_counts& counts = net.network().counts();
    EXPECT_TRUE(counts.adds_up());
    EXPECT_EQ(counts.injected, a.sent);
    // What was given up may still be on its way, in either direction.
    EXPECT_GE(counts[sim::fate::delivered] + counts.on_the_way, a.replied + a.icmp_error);
    return got;
}

/// The truth holds for probes of every kind: whether the target answers this one.
bool answers(const task& t, const ip_address& target) {
    const sim::node* owner = nullptr;
    for (const sim::node& n : t.made.scenario.nodes) {
        const auto is = [&](const sim::interface_address& a) { return a.address == target; };
        if (std::ranges::any_of(n.addresses, is)) owner = &n;
        for (const sim::link& l : t.made.scenario.links) {
            for (const sim::link_end& end : l.ends) {
                if (std::ranges::any_of(end.addresses, is)) owner = &t.made.scenario.nodes[end.node];
            }
        }
    }
    if (owner == nullptr || t.method != trace_method::udp) return true;
    return owner->host.udp.otherwise == sim::port_state::closed && !owner->errors.silent;
}

/// Follows one flow through the truth: which responders it may have met at the hop before.
class follower {
public:
    follower(const std::vector<sim::true_hop>& truth, bool target_answers)
        : truth_(truth), target_answers_(target_answers) {}

    /// Whether the flow may have met this at the next hop; null: silence.
    [[nodiscard]] bool meets(const probe::hop_answer* answer) {
        std::set<std::uint32_t> here;
        bool nothing = nothing_;
        if (at_ == 0 && !truth_.empty()) {
            for (std::uint32_t i = 0; i < truth_[0].responders.size(); ++i) here.insert(i);
        } else if (at_ == 0) {
            nothing = true;
        }
        for (const std::uint32_t from : before_) {
            bool on = false;
            for (const auto& e : at_ < truth_.size() ? truth_[at_].edges : std::vector<sim::true_hop::edge>{}) {
                if (e.from != from) continue;
                here.insert(e.to);
                on = true;
            }
            nothing = nothing || !on;
        }
        std::erase_if(here, [&](std::uint32_t i) { return !fits(truth_[at_].responders[i], i, answer); });
        ++at_;
        before_ = std::move(here);
        nothing_ = nothing && answer == nullptr;
        return nothing_ || !before_.empty();
    }
    /// It may be at the target, or where nobody answers: there is nothing more to find.
    [[nodiscard]] bool ended() const { return nothing_; }

private:
    [[nodiscard]] bool fits(const responder& r, std::uint32_t index, const probe::hop_answer* answer) const {
        if (answer == nullptr) return r.silent || (r.is_target && !target_answers_);
        if (r.silent || r.address != answer->from) return false;
        switch (answer->kind) {
            case answer_from::destination:
                return r.is_target && target_answers_;
            case answer_from::unreachable:
                return !r.is_target && (!goes_on(index) || repeats(r));
            case answer_from::hop:
                return !r.is_target;
        }
        return false;
    }
    /// A router was a hop before it said that it knows no way; on a longer way it is only now a hop.
    [[nodiscard]] bool repeats(const responder& r) const {
        return std::ranges::any_of(before_,
                                   [&](std::uint32_t i) { return truth_[at_ - 1].responders[i].address == r.address; });
    }
    [[nodiscard]] bool goes_on(std::uint32_t index) const {
        return at_ + 1 < truth_.size() &&
               std::ranges::any_of(truth_[at_ + 1].edges, [&](const auto& e) { return e.from == index; });
    }

    const std::vector<sim::true_hop>& truth_;
    bool target_answers_;
    std::size_t at_ = 0;
    std::set<std::uint32_t> before_;
    bool nothing_ = false;
};

/// The rule of trace_options.hpp for a whole round, without short quotes (where probes wait for each other): the
/// further queries of a hop leave when its first is answered, so twice the slowest answer, and then one wait, of which
/// those sent in the middle of it get half as much again.
duration longest(const probe::trace_options& o, const outcome& got) {
    duration slowest{};
    for (const trace_event& e : got.events) {
        if (e.kind == trace_event_kind::probe && e.result.fate == probe_fate::answered) {
            slowest = std::max(slowest, e.result.answer.rtt);
        }
    }
    const duration sending = 1ms * got.of_trace.sent;  // the pace of one trace
    if (slowest == duration{}) return sending + o.wait;
    const duration near = std::max<duration>(10ms, std::chrono::duration_cast<duration>(slowest * o.near));
    const bool has_end = got.end().end == trace_end::reached || got.end().end == trace_end::unreachable;
    const duration wait = std::min(o.wait, has_end ? near : std::max(o.tail, near));
    return sending + 2 * slowest + wait + wait / 2;
}

bool has_short_quotes(const task& t) {
    return std::ranges::any_of(t.made.scenario.nodes, [](const sim::node& n) { return n.errors.quote.has_value(); });
}

void path_is_true(const task& t, const ip_address& target) {
    SCOPED_TRACE(t.told(target));
    const probe::trace_options options{.destination = target, .method = t.method};
    const auto truth = sim::true_paths(t.made.scenario, 0, target, {}, options.max_hops);
    const outcome got = run(t, options);
    const bool target_answers = answers(t, target);

    follower flow(truth, target_answers);
    std::uint8_t ttl = 0;
    const std::vector<probe::hop_report> hops = got.hops();
    const probe::hop_answer* last = nullptr;
    for (const probe::hop_report& h : hops) {
        ASSERT_EQ(h.ttl, ++ttl);
        ASSERT_FALSE(h.probes.empty());
        last = nullptr;
        for (const probe::probe_result& p : h.probes) {
            if (p.fate != probe_fate::answered) continue;
            if (last != nullptr) {
                EXPECT_EQ(p.answer.from, last->from) << "one flow, two paths at " << int{ttl};
            }
            last = &p.answer;
        }
        const bool all = std::ranges::all_of(
            h.probes, [&](const auto& p) { return (p.fate == probe_fate::answered) == (last != nullptr); });
        EXPECT_TRUE(all) << "nothing is lost here, and yet some of the probes to hop " << int{ttl};
        ASSERT_TRUE(flow.meets(last)) << "hop " << int{ttl}
                                      << " answers: " << (last ? last->from.to_string() : "nobody");
        if (last != nullptr && last->kind != answer_from::hop) break;
    }
    EXPECT_EQ(std::size_t{ttl}, hops.size()) << "hops behind the end";
    const trace_end end = last == nullptr || last->kind == answer_from::hop ? trace_end::silent
                          : last->kind == answer_from::destination          ? trace_end::reached
                                                                            : trace_end::unreachable;
    EXPECT_EQ(got.end().end, end);
    if (end == trace_end::silent) {
        EXPECT_EQ(ttl, options.max_hops);
    }
    if (!has_short_quotes(t)) {
        EXPECT_LE(got.took(), longest(options, got));
    }
    EXPECT_LE(got.took(), 60s);
}

TEST(trace_truth, a_path_is_one_of_the_truths) {
    for (const std::uint64_t seed : seeds()) {
        const task t(seed, {});
        path_is_true(t, t.targets.front());
        path_is_true(t, t.targets[1 + seed / 6 % (t.targets.size() - 1)]);
        if (testing::Test::HasFailure()) return;
    }
}

using named_edge = std::pair<ip_address, ip_address>;
/// Without indices: who answers at each hop (`::` for whoever does not), and from whom to whom.
struct drawing {
    std::vector<std::set<ip_address>> who;
    std::vector<std::set<named_edge>> edges;
    std::size_t balancers = 0;  ///< vertices behind which several come
};

/// Of the truth what can be found: who answers, and who stands before such a one in silence.
drawing truth_of(const std::vector<sim::true_hop>& truth, bool target_answers) {
    const auto mute = [&](const responder& r) { return r.silent || (r.is_target && !target_answers); };
    std::vector<std::set<std::uint32_t>> seen(truth.size() + 1);
    for (std::size_t hop = truth.size(); hop-- > 0;) {
        for (std::uint32_t i = 0; i < truth[hop].responders.size(); ++i) {
            const auto leads = [&](const auto& e) { return e.from == i && seen[hop + 1].contains(e.to); };
            const bool on = hop + 1 < truth.size() && std::ranges::any_of(truth[hop + 1].edges, leads);
            if (on || !mute(truth[hop].responders[i])) seen[hop].insert(i);
        }
    }
    drawing d;
    const auto name = [&](std::size_t hop, std::uint32_t i) {
        const responder& r = truth[hop].responders[i];
        return mute(r) ? ip_address{} : r.address;
    };
    for (std::size_t hop = 0; hop < truth.size() && !seen[hop].empty(); ++hop) {
        auto& who = d.who.emplace_back();
        for (const std::uint32_t i : seen[hop]) who.insert(name(hop, i));
        auto& edges = d.edges.emplace_back();
        std::map<std::uint32_t, std::size_t> ways;
        for (const auto& e : truth[hop].edges) {
            if (!seen[hop].contains(e.to)) continue;
            edges.emplace(name(hop - 1, e.from), name(hop, e.to));
            if (++ways[e.from] == 2) ++d.balancers;
        }
    }
    return d;
}

drawing found_in(const probe::path_graph& graph) {
    drawing d;
    const probe::path_graph::hop* before = nullptr;
    for (const probe::path_graph::hop& h : graph.hops) {
        d.who.emplace_back();
        for (const probe::path_vertex& v : h.vertices) d.who.back().insert(v.address);
        d.edges.emplace_back();
        for (const probe::path_edge& e : h.edges) {
            d.edges.back().emplace(before->vertices[e.from].address, h.vertices[e.to].address);
        }
        before = &h;
    }
    return d;
}

std::string shown(const drawing& d) {
    std::string out;
    for (std::size_t i = 0; i < d.who.size(); ++i) {
        out += "\n " + std::to_string(i + 1) + ":";
        for (const ip_address& a : d.who[i]) out += " " + a.to_string();
        for (const auto& [from, to] : d.edges[i]) out += "  " + from.to_string() + ">" + to.to_string();
    }
    return out;
}

TEST(trace_truth, all_paths_are_all_of_the_truths) {
    // Of so many balancers none ought to be missed, not even when flows become others.
    constexpr double confidence = 0.99999;
    std::size_t balancers = 0;
    for (const std::uint64_t seed : seeds()) {
        const task t(seed, {});
        const ip_address& target = t.targets.front();
        SCOPED_TRACE(t.told(target));
        const probe::trace_options options{
            .destination = target, .goal = probe::trace_goal::paths, .method = t.method, .confidence = confidence};
        const drawing truth =
            truth_of(sim::true_paths(t.made.scenario, 0, target, {}, options.max_hops), answers(t, target));
        const outcome got = run(t, options);
        const auto told = std::ranges::find(got.events, trace_event_kind::paths, &trace_event::kind);
        ASSERT_NE(told, got.events.end());
        ASSERT_TRUE(told->paths);
        EXPECT_EQ(told->paths->first_hop, 1);
        EXPECT_FALSE(told->paths->bounded);
        EXPECT_EQ(told->paths->probes, got.of_trace.sent);
        const drawing found = found_in(*told->paths);
        EXPECT_TRUE(found.who == truth.who && found.edges == truth.edges)
            << "the truth" << shown(truth) << "\nfound" << shown(found);
        balancers += truth.balancers;
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_TRUE(balancers > scenarios || std::getenv("SONDE_SEED")) << balancers << " prove little";
}

}  // namespace
}  // namespace sonde
