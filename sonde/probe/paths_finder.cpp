#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include <sonde/probe/flow_map.hpp>
#include <sonde/probe/hop_pace.hpp>
#include <sonde/probe/paths_finder.hpp>
#include <sonde/probe/patience.hpp>
#include <sonde/probe/stopping_points.hpp>

namespace sonde::probe {
namespace {

using namespace std::chrono_literals;
using fate = flow_cell::fate;

constexpr std::size_t most_flows = 65'535;
constexpr std::size_t most_probes = 1'000'000;
constexpr std::size_t window = 256;  // probes out at once: what a thousand a second need over a quarter of a second
// The first flow runs that many hops ahead of the last one that answered. Further on it goes slowly: a destination
// answers whatever comes beyond it, and limits how often.
constexpr std::uint8_t ahead = 8;
constexpr duration ahead_gap = 25ms;
constexpr std::uint8_t most_attempts = 12;
constexpr unsigned most_patient = 2;
constexpr std::uint32_t most_unknown = 8;  // flows given up at a hop until nothing more is asked there
constexpr std::size_t most_sweeps = 64;
// A router that hardly any flow passes: a route that changed, more likely than a balancer that uneven.
constexpr std::size_t flows_per_vertex = 64;
constexpr std::uint16_t this_machine = 65'535;
constexpr std::uint16_t shared_way = 65'534;

enum class purpose : std::uint8_t {
    ask,
    control,  // a flow that was answered, sent among those that were not: does the hop answer at all at this pace?
    repeat,   // the same flow once more: does it come to the same router?
};

struct outgoing {
    std::uint16_t flow;
    purpose why;
};

/// Whether a balancer spreads packets, not flows.
struct repeat_test {
    std::uint16_t before;  // the vertex, or `this_machine`, `shared_way`
    std::uint16_t flow;
    std::uint32_t asked = 0;
    std::uint32_t answered = 0;
};

struct hop_state {
    std::deque<outgoing> queue;
    std::uint32_t out = 0;
    hop_pace pace;
    time_point next{};
    std::vector<std::uint16_t> quiet;  // flows in fate::quiet
    std::uint32_t answers = 0;
    std::uint32_t unknown = 0;
    std::size_t next_control = 0;
    std::size_t first_unasked = 0;  // no flow below it is unasked
    std::size_t drawn = 0;          // flows, when some were drawn last
    std::uint32_t queries = 0;
    bool dirty = true;
    std::vector<repeat_test> tests;
    std::vector<probe_result> fastest;  // by vertex
    probe_result silent;
};

struct sent_probe {
    std::uint8_t ttl;
    purpose why;
    std::uint16_t flow;
    unsigned attempt;  // for `patience`
    bool sent = false;
    bool left = false;  // at least once
    bool given_up = false;
    time_point sent_at{};
};

/// One flow through all hops.
struct sweep {
    std::uint16_t flow;
    unsigned next;
    time_point at{};
};

class paths_finder final : public path_strategy {
public:
    paths_finder(time_point now, const trace_options& options)
        : options_(options),
          first_(std::clamp<std::uint8_t>(options.first_hop, 1, 254)),
          last_(std::clamp<std::uint8_t>(options.max_hops, first_, 254)),
          points_(options.confidence),
          patience_(options),
          map_(first_, last_),
          hops_(std::size_t{last_} + 2),
          repeats_(points_.at(1) - 1) {
        sweeps_.push_back({.flow = 0, .next = first_, .at = now});
    }

    std::optional<probe_wish> poll_wish(time_point now) override;
    void handle_sent(probe_ticket ticket, time_point at) override;
    void handle_held(probe_ticket ticket) override { probes_[static_cast<std::uint32_t>(ticket)].sent = false; }
    void handle_result(time_point now, probe_ticket ticket, const probe_result& result) override;
    std::optional<given_up> poll_given_up(time_point now) override;
    time_point next_deadline() const override;
    std::optional<trace_event> poll_event() override;
    bool done() const override { return finished_ && events_.empty(); }
    trace_end end() const override;
    void stop(time_point now) override;

private:
    [[nodiscard]] std::uint8_t horizon() const;
    void plan(time_point now);
    void plan_sweeps(time_point now);
    void plan_hop(std::uint8_t ttl);
    void plan_behind(std::uint8_t ttl, const router_standing& r);
    void plan_repeats(std::uint8_t ttl, const router_standing& r);
    void plan_more_flows(std::uint8_t ttl, const router_standing& r, std::uint32_t missing);
    void plan_retries(std::uint8_t ttl);
    void add_controls(std::uint8_t ttl);
    void ask(std::uint8_t ttl, std::uint16_t flow);
    void changed(std::uint8_t ttl);
    [[nodiscard]] bool weak(std::uint8_t ttl) const { return hops_[ttl].unknown >= most_unknown; }

    void answered(const sent_probe& p, const probe_result& result);
    void answered_again(const sent_probe& p, std::uint16_t vertex);
    void unanswered(const sent_probe& p, const probe_result& result);
    void finish(time_point now);
    void report(time_point now, const path_graph& graph);
    [[nodiscard]] time_point deadline_of(const sent_probe& p) const;

    trace_options options_;
    std::uint8_t first_;
    std::uint8_t last_;
    stopping_points points_;
    patience patience_;
    flow_map map_;
    std::vector<hop_state> hops_;  // by TTL
    std::uint32_t repeats_;
    std::uint8_t horizon_ = 0;  // the last hop that answered
    std::vector<sweep> sweeps_;
    std::vector<sent_probe> probes_;  // by ticket
    std::vector<std::uint32_t> open_;
    std::deque<trace_event> events_;
    std::uint8_t turn_ = 0;
    std::uint64_t sent_ = 0;
    std::uint32_t send_failures_ = 0;
    bool other_outcomes_ = false;
    bool changed_ = true;
    bool bounded_ = false;
    bool stopped_ = false;
    bool finished_ = false;
};

// Asking.

void paths_finder::changed(std::uint8_t ttl) {
    changed_ = true;
    hops_[ttl - 1U].dirty = hops_[ttl].dirty = hops_[ttl + 1U].dirty = true;
}

void paths_finder::ask(std::uint8_t ttl, std::uint16_t flow) {
    if (map_.at(ttl, flow).what != fate::unasked || map_.end_of(flow) < ttl) return;
    map_.edit(ttl, flow).what = fate::waiting;
    hops_[ttl].queue.push_back({flow, purpose::ask});
    changed(ttl);
}

std::uint8_t paths_finder::horizon() const {
    for (std::uint8_t ttl = last_; ttl >= first_; --ttl) {
        if (hops_[ttl].answers == 0) continue;
        for (std::size_t f = 0; f < map_.width(ttl); ++f) {
            const auto flow = static_cast<std::uint16_t>(f);
            if (map_.counts(ttl, flow) && !map_.silent(ttl, flow)) return ttl;
        }
    }
    return 0;
}

void paths_finder::plan(time_point now) {
    plan_sweeps(now);
    while (changed_) {
        changed_ = false;
        if (const std::uint8_t at = horizon(); at != horizon_) {
            horizon_ = at;
            for (hop_state& h : hops_) h.dirty = true;
            plan_sweeps(now);
        }
        for (auto ttl = static_cast<std::uint8_t>(first_ - 1); ttl <= std::max<std::uint8_t>(horizon_, first_); ++ttl) {
            if (std::exchange(hops_[ttl].dirty, false)) plan_hop(ttl);
        }
        for (std::uint8_t ttl = first_; ttl <= horizon_; ++ttl) plan_retries(ttl);
    }
}

void paths_finder::plan_sweeps(time_point now) {
    for (sweep& s : sweeps_) {
        while (s.next <= last_ && map_.end_of(s.flow) >= s.next) {
            const unsigned near_end = std::max<unsigned>(horizon_, first_ - 1U) + ahead;
            if (s.next > near_end && now < s.at) break;
            ask(static_cast<std::uint8_t>(s.next), s.flow);
            if (++s.next > near_end) s.at = now + ahead_gap;
        }
    }
}

void paths_finder::plan_hop(std::uint8_t ttl) {
    if (ttl >= first_) {
        for (std::uint32_t f = 0; f < points_.at(1); ++f) ask(ttl, static_cast<std::uint16_t>(f));
        if (ttl > first_) {
            for (const std::uint16_t flow : map_.orphans(ttl)) ask(static_cast<std::uint8_t>(ttl - 1), flow);
        }
    }
    if (ttl >= last_) return;
    for (const router_standing& r : map_.standings(ttl)) plan_behind(ttl, r);
}

void paths_finder::plan_behind(std::uint8_t ttl, const router_standing& r) {
    const auto behind = static_cast<std::uint8_t>(ttl + 1);
    if (ttl >= first_ && r.ended == r.flows.size()) return;
    if (weak(behind) || (ttl >= first_ && weak(ttl))) return;
    const std::uint32_t needed = points_.at(r.ways());
    std::uint32_t coming = r.samples + r.waiting;
    for (const std::uint16_t flow : r.flows) {
        if (coming >= needed) break;
        if (map_.at(behind, flow).what != fate::unasked || map_.end_of(flow) <= ttl) continue;
        ask(behind, flow);
        ++coming;
    }
    if (coming < needed) plan_more_flows(ttl, r, needed - coming);
    if (r.next.size() > 1) plan_repeats(ttl, r);
    // Nobody answers behind it, as far as anybody does: one flow is sent all the way, in case only the next is silent.
    const bool dead_end = ttl >= first_ && ttl == horizon_ && r.waiting > 0;
    if (dead_end && sweeps_.size() < most_sweeps && std::none_of(sweeps_.begin(), sweeps_.end(), [&](const sweep& s) {
            return std::binary_search(r.flows.begin(), r.flows.end(), s.flow);
        })) {
        const auto passing =
            std::find_if(r.flows.begin(), r.flows.end(), [&](std::uint16_t f) { return map_.end_of(f) > ttl; });
        if (passing != r.flows.end() && hops_[behind].out == 0 && hops_[behind].queue.empty()) {
            sweeps_.push_back({.flow = *passing, .next = behind + 1U});
            changed_ = true;
        }
    }
}

// Flows are drawn for the router's own hop until enough pass it. Which ones: those that nothing is known of, or that
// were seen at a router before it.
void paths_finder::plan_more_flows(std::uint8_t ttl, const router_standing& r, std::uint32_t missing) {
    if (ttl < first_) {
        hop_state& h = hops_[first_];
        for (; missing > 0 && h.first_unasked < most_flows; ++h.first_unasked) {
            const auto flow = static_cast<std::uint16_t>(h.first_unasked);
            if (map_.at(first_, flow).what != fate::unasked) continue;
            ask(first_, flow);
            --missing;
        }
        return;
    }
    hop_state& h = hops_[ttl];
    // More is known when these are in, and those without an answer were asked again.
    if (h.out + h.queue.size() > h.drawn / 2 || !h.quiet.empty()) return;
    const flow_shares shares = map_.shares(ttl, r);
    double expected = shares.waiting;
    std::size_t budget = window;
    while (h.first_unasked < map_.width(ttl) &&
           map_.at(ttl, static_cast<std::uint16_t>(h.first_unasked)).what != fate::unasked) {
        ++h.first_unasked;
    }
    const std::size_t most = std::min(most_flows, flows_per_vertex * points_.at(1) * shares.vertices);
    for (std::size_t f = h.first_unasked; expected < missing && budget > 0; ++f) {
        if (f >= most) {
            bounded_ = true;
            return;
        }
        const auto flow = static_cast<std::uint16_t>(f);
        if (map_.at(ttl, flow).what != fate::unasked || map_.end_of(flow) < ttl) continue;
        const double share = map_.share_of(shares, ttl, flow);
        if (share <= 0) continue;
        ask(ttl, flow);
        expected += share;
        --budget;
    }
    h.drawn = h.queue.size();
}

void paths_finder::plan_repeats(std::uint8_t ttl, const router_standing& r) {
    const auto behind = static_cast<std::uint8_t>(ttl + 1);
    hop_state& h = hops_[behind];
    const std::uint16_t before = r.vertices.empty() ? this_machine : r.vertices.size() > 1 ? shared_way : r.vertices[0];
    auto test = std::find_if(h.tests.begin(), h.tests.end(), [&](const auto& t) { return t.before == before; });
    if (test == h.tests.end()) {
        const auto answered = std::find_if(r.flows.begin(), r.flows.end(), [&](std::uint16_t f) {
            return map_.counts(behind, f) && !map_.silent(behind, f);
        });
        if (answered == r.flows.end()) return;
        test = h.tests.insert(h.tests.end(), {.before = before, .flow = *answered});
    }
    if (test->asked > 3 * repeats_) return;
    const std::uint32_t lost = test->asked - test->answered;
    // All at once, and once more what was lost.
    if (test->asked > 0 && (h.out > 0 || !h.queue.empty() || test->answered >= repeats_)) return;
    for (std::uint32_t n = test->asked == 0 ? repeats_ : std::min(lost, repeats_ - test->answered); n > 0; --n) {
        h.queue.push_back({test->flow, purpose::repeat});
        ++test->asked;
    }
    changed_ = true;
}

// What did not answer is asked again when all else at its hop is settled, among controls; and if these are held back
// too, slower.
void paths_finder::plan_retries(std::uint8_t ttl) {
    hop_state& h = hops_[ttl];
    if (h.out > 0 || !h.queue.empty()) return;
    std::erase_if(h.quiet, [&](std::uint16_t f) { return map_.end_of(f) < ttl; });
    if (h.quiet.empty()) return;
    const bool answers = h.answers > 0;
    const bool fair = answers && h.pace.judge();
    // A twentieth of the risk that the whole is to have.
    const unsigned needed =
        h.pace.batches_needed((1 - points_.confidence()) / 20, map_.width(ttl), map_.has_silent_vertex(ttl));
    std::vector<std::uint16_t> flows = std::exchange(h.quiet, {});
    for (const std::uint16_t flow : flows) {
        flow_cell& cell = map_.edit(ttl, flow);
        if (fair) ++cell.fair;
        const bool silent = answers ? cell.fair >= needed : cell.attempts > options_.retries;
        if (silent) {
            map_.see_silence(ttl, flow);
        } else if (cell.attempts >= most_attempts || weak(ttl)) {
            cell.what = fate::unknown;
            if (++h.unknown >= most_unknown) bounded_ = true;
        } else {
            cell.what = fate::waiting;
            h.queue.push_back({flow, purpose::ask});
        }
    }
    if (answers && !h.queue.empty()) add_controls(ttl);
    changed(ttl);
}

// Spread over the batch, to its end: the first ones may find a rate limiter's bucket full.
void paths_finder::add_controls(std::uint8_t ttl) {
    hop_state& h = hops_[ttl];
    const std::size_t width = map_.width(ttl);
    std::vector<outgoing> controls;
    const std::size_t wanted = h.pace.controls_wanted(h.queue.size());
    for (std::size_t tried = 0; controls.size() < wanted && tried < width; ++tried) {
        const auto flow = static_cast<std::uint16_t>(h.next_control++ % width);
        if (map_.counts(ttl, flow) && !map_.silent(ttl, flow)) controls.push_back({flow, purpose::control});
    }
    const std::size_t total = h.queue.size() + controls.size();
    std::deque<outgoing> mixed;
    for (std::size_t i = 1, used = 0; i <= total; ++i) {
        const bool control = h.queue.empty() || i * controls.size() >= (used + 1) * total;
        if (control) {
            mixed.push_back(controls[used++]);
        } else {
            mixed.push_back(h.queue.front());
            h.queue.pop_front();
        }
    }
    h.queue = std::move(mixed);
}

std::optional<probe_wish> paths_finder::poll_wish(time_point now) {
    if (stopped_ || finished_) return std::nullopt;
    plan(now);
    if (open_.size() < window) {
        const unsigned hops = last_ - first_ + 1U;
        for (unsigned i = 0; i < hops; ++i) {
            const auto ttl = static_cast<std::uint8_t>(first_ + (turn_ + i) % hops);
            hop_state& h = hops_[ttl];
            while (!h.queue.empty() && map_.end_of(h.queue.front().flow) < ttl) h.queue.pop_front();
            if (h.queue.empty() || now < h.next) continue;
            if (probes_.size() >= most_probes) {
                bounded_ = true;
                stop(now);
                return std::nullopt;
            }
            const outgoing o = h.queue.front();
            h.queue.pop_front();
            h.next = now + h.pace.gap();
            ++h.out;
            if (o.why == purpose::control) h.pace.control_sent();
            open_.push_back(static_cast<std::uint32_t>(probes_.size()));
            // Branches may be far apart: what is asked again is waited for longer than the hop's others took.
            const unsigned attempt = o.why == purpose::ask ? map_.at(ttl, o.flow).attempts : most_patient;
            probes_.push_back({ttl, o.why, o.flow, h.answers > 0 ? std::min(attempt, most_patient) : 0});
            turn_ = static_cast<std::uint8_t>((turn_ + i) % hops);
            return probe_wish{.ttl = ttl,
                              .flow = o.flow,
                              .size = options_.packet_size,
                              .dont_fragment = options_.dont_fragment,
                              .query = static_cast<std::uint8_t>(std::min(h.queries++, 255U))};
        }
    }
    if (open_.empty() && next_deadline() == time_point::max()) finish(now);
    return std::nullopt;
}

// Hearing.

void paths_finder::handle_sent(probe_ticket ticket, time_point at) {
    sent_probe& p = probes_[static_cast<std::uint32_t>(ticket)];
    if (!std::exchange(p.left, true)) ++sent_;
    p.sent = true;
    p.sent_at = at;
}

time_point paths_finder::deadline_of(const sent_probe& p) const {
    return p.sent ? p.sent_at + patience_.wait_for(p.ttl, p.attempt) : time_point::max();
}

std::optional<path_strategy::given_up> paths_finder::poll_given_up(time_point now) {
    for (const std::uint32_t index : open_) {
        sent_probe& p = probes_[index];
        if (p.given_up) continue;
        const bool beyond = map_.end_of(p.flow) < p.ttl;
        if (!beyond && !stopped_ && now < deadline_of(p)) continue;
        p.given_up = true;
        return given_up{probe_ticket{index}, beyond};
    }
    return std::nullopt;
}

time_point paths_finder::next_deadline() const {
    time_point next = time_point::max();
    if (finished_) return next;
    if (stopped_) return time_point::min();
    for (const std::uint32_t index : open_) {
        if (!probes_[index].given_up) next = std::min(next, deadline_of(probes_[index]));
    }
    if (open_.size() < window) {
        for (const hop_state& h : hops_) {
            if (!h.queue.empty()) next = std::min(next, h.next);
        }
    }
    for (const sweep& s : sweeps_) {
        if (s.next <= last_ && map_.end_of(s.flow) >= s.next) next = std::min(next, s.at);
    }
    return next;
}

void paths_finder::handle_result(time_point now, probe_ticket ticket, const probe_result& result) {
    const auto index = static_cast<std::uint32_t>(ticket);
    if (std::erase(open_, index) == 0) return;
    const sent_probe p = probes_[index];
    hop_state& h = hops_[p.ttl];
    --h.out;
    if (p.left || result.fate != probe_fate::cancelled) {
        events_.push_back({.kind = trace_event_kind::probe, .at = now, .result = result});
    }
    if (result.fate == probe_fate::send_failed) ++send_failures_;
    if (!stopped_ && (result.fate == probe_fate::answered || result.fate == probe_fate::timed_out))
        other_outcomes_ = true;
    if (result.fate == probe_fate::answered) {
        answered(p, result);
    } else {
        unanswered(p, result);
    }
    changed(p.ttl);
    if (send_failures_ >= 3 && !other_outcomes_) stop(now);
    if (stopped_ && open_.empty()) finish(now);
}

void paths_finder::answered(const sent_probe& p, const probe_result& result) {
    patience_.answered(p.ttl, result.answer.rtt);
    if (map_.end_of(p.flow) < p.ttl) return;
    hop_state& h = hops_[p.ttl];
    ++h.answers;
    std::uint16_t vertex = 0;
    if (p.why == purpose::ask) {
        vertex = map_.see(p.ttl, p.flow, result.answer);
        // Beyond its destination a flow is answered too: this is its end if the hop before is not.
        if (result.answer.kind != answer_from::hop && p.ttl > first_) ask(static_cast<std::uint8_t>(p.ttl - 1), p.flow);
    } else {
        if (p.why == purpose::control) h.pace.control_answered();
        vertex = map_.vertex_of(p.ttl, result.answer);
        answered_again(p, vertex);
    }
    if (h.fastest.size() <= vertex) h.fastest.resize(vertex + std::size_t{1});
    probe_result& best = h.fastest[vertex];
    if (best.fate != probe_fate::answered || result.answer.rtt < best.answer.rtt) best = result;
}

void paths_finder::answered_again(const sent_probe& p, std::uint16_t vertex) {
    if (p.why == purpose::repeat) {
        const auto test = std::find_if(hops_[p.ttl].tests.begin(), hops_[p.ttl].tests.end(),
                                       [&](const repeat_test& t) { return t.flow == p.flow; });
        if (test != hops_[p.ttl].tests.end()) ++test->answered;
    }
    if (map_.at(p.ttl, p.flow).what != fate::seen || map_.at(p.ttl, p.flow).vertex == vertex) return;
    map_.see_again(p.ttl, p.flow, vertex);
    for (const router_standing& r : map_.standings(static_cast<std::uint8_t>(p.ttl - 1))) {
        if (std::binary_search(r.flows.begin(), r.flows.end(), p.flow)) map_.mark_per_packet(p.ttl, r);
    }
}

void paths_finder::unanswered(const sent_probe& p, const probe_result& result) {
    hop_state& h = hops_[p.ttl];
    if (result.fate == probe_fate::timed_out) h.silent = result;
    flow_cell& cell = map_.edit(p.ttl, p.flow);
    if (p.why != purpose::ask || cell.what != fate::waiting) return;
    cell.what = fate::quiet;
    cell.attempts = static_cast<std::uint8_t>(std::min(cell.attempts + 1, 255));
    h.quiet.push_back(p.flow);
}

// Ending.

void paths_finder::stop(time_point now) {
    if (stopped_ || finished_) return;
    stopped_ = bounded_ = true;
    for (hop_state& h : hops_) h.queue.clear();
    if (open_.empty()) finish(now);
}

trace_end paths_finder::end() const {
    if (map_.reached()) return trace_end::reached;
    if (map_.unreachable()) return trace_end::unreachable;
    return send_failures_ > 0 && !other_outcomes_ ? trace_end::failed : trace_end::silent;
}

void paths_finder::finish(time_point now) {
    if (finished_) return;
    finished_ = true;
    auto graph = std::make_shared<path_graph>(map_.graph(horizon()));
    int balancers = 0;
    for (auto ttl = static_cast<std::uint8_t>(first_ - 1); ttl < last_; ++ttl) {
        for (const router_standing& r : map_.standings(ttl)) balancers += r.ways() > 1 ? 1 : 0;
    }
    graph->confidence_each = points_.confidence();
    // Without any balancer: that there is not one, who showed one of its next hops only.
    graph->confidence = std::pow(points_.confidence(), std::max(balancers, 1));
    graph->probes = sent_;
    graph->bounded = bounded_;
    report(now, *graph);
    events_.push_back({.kind = trace_event_kind::paths, .at = now, .paths = std::move(graph)});
    events_.push_back({.kind = trace_event_kind::round, .at = now});
}

void paths_finder::report(time_point now, const path_graph& graph) {
    auto ttl = first_;
    for (const path_graph::hop& hop : graph.hops) {
        const hop_state& h = hops_[ttl];
        trace_event e{.kind = trace_event_kind::hop, .at = now};
        e.hop.ttl = ttl++;
        for (const path_vertex& v : hop.vertices) {
            const auto best = std::find_if(h.fastest.begin(), h.fastest.end(), [&](const probe_result& r) {
                return r.fate == probe_fate::answered && r.answer.from == v.address;
            });
            if (best != h.fastest.end()) {
                e.hop.probes.push_back(*best);
            } else if (h.silent.ttl != 0) {
                e.hop.probes.push_back(h.silent);
            }
        }
        std::sort(e.hop.probes.begin(), e.hop.probes.end(),
                  [](const probe_result& a, const probe_result& b) { return a.query < b.query; });
        events_.push_back(std::move(e));
    }
}

std::optional<trace_event> paths_finder::poll_event() {
    if (events_.empty()) return std::nullopt;
    trace_event e = std::move(events_.front());
    events_.pop_front();
    return e;
}

}  // namespace

std::unique_ptr<path_strategy> make_paths_finder(time_point now, const trace_options& options) {
    return std::make_unique<paths_finder>(now, options);
}

}  // namespace sonde::probe
