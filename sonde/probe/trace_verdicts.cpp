#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <sonde/probe/trace_record.hpp>

// A verdict that is wrong is worse than none: each has to be so unlikely to be an accident that a person may rely on it
// who looks at a hundred paths a day.

namespace sonde::probe {
namespace {

// That a difference between two shares of losses is an accident. A path has some twenty hops to compare.
constexpr double accident = 1e-4;
// Whether a hop behind the loss loses less than the others there: then it was not loss.
constexpr double doubt = 1e-2;
constexpr std::uint64_t least_lost = 5;
constexpr double least_loss = 0.02;
// Answers of both routers, and of the hop, until a change is told from packets that were spread at random: twelve fair
// coins show one change at most in 0.5 % of all cases.
constexpr std::uint64_t least_answers_of_either = 3;
constexpr std::uint64_t least_answers_of_change = 12;
constexpr std::size_t least_rounds_in_turn = 6;
constexpr std::size_t least_turns = 3;
// Hops of difference between there and back. MPLS explains a few: routers inside a tunnel send their errors to its far
// end first, and tunnels hide hops in one direction.
constexpr int least_asymmetry = 5;
// A way back that is longer is an initial hop limit that nobody uses.
constexpr int longest_way_back = 40;

// Stirling's series; not std::lgamma, which writes to a global.
double log_factorial(std::uint64_t n) {
    double small = 0;
    if (n < 16) {
        for (std::uint64_t i = 2; i <= n; ++i) small += std::log(static_cast<double>(i));
        return small;
    }
    const auto x = static_cast<double>(n);
    return x * std::log(x) - x + 0.5 * std::log(2 * 3.14159265358979323846 * x) + 1 / (12 * x) - 1 / (360 * x * x * x);
}

double log_choose(std::uint64_t n, std::uint64_t k) {
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

struct losses {
    std::uint64_t lost = 0;
    std::uint64_t asked = 0;
    losses& operator+=(const losses& b) {
        lost += b.lost;
        asked += b.asked;
        return *this;
    }
};

losses losses_of(const hop_record& h) {
    return {h.asked() - std::min(h.tally.received, h.asked()), h.asked()};
}

/// Of the first query of each round, and of all that follow.
std::pair<losses, losses> in_turn(const hop_record& h) {
    const losses all = losses_of(h);
    const losses first{h.first_queries - h.first_answers, h.first_queries};
    return {first, {all.lost - std::min(first.lost, all.lost), all.asked - std::min(first.asked, all.asked)}};
}

/// Fisher's exact test, one-sided: how likely `more` loses as much more than `less` as it does, if both lose alike.
double chance_of(const losses& more, const losses& less) {
    const std::uint64_t lost = more.lost + less.lost;
    const std::uint64_t asked = more.asked + less.asked;
    double sum = 0;
    for (std::uint64_t k = more.lost; k <= std::min(lost, more.asked); ++k) {
        if (lost - k > less.asked) continue;
        sum += std::exp(log_choose(more.asked, k) + log_choose(less.asked, lost - k) - log_choose(asked, lost));
    }
    return std::min(sum, 1.0);
}

bool answers(const hop_record& h) {
    return !h.responders.empty();
}

class judge {
public:
    explicit judge(const trace_record& record) : record_(record), hops_(record.hops()) {}

    std::vector<verdict> all() {
        // A search for all paths asks those again who were silent: what is missing is no sample of anything.
        if (record_.options().goal != trace_goal::paths) {
            about_limits();
            about_loss();
            about_silence();
        }
        about_ways();
        about_way_back();
        about_loops();
        about_quotes();
        about_mtu();
        about_end();
        std::stable_sort(said_.begin(), said_.end(), [](const verdict& a, const verdict& b) {
            return std::pair(a.ttl, a.kind) < std::pair(b.ttl, b.kind);
        });
        return std::move(said_);
    }

private:
    void say(verdict_kind kind, const hop_record& h, const responder_record& who, std::int64_t value = 0) {
        said_.push_back({.kind = kind, .ttl = h.ttl, .address = who.address, .value = value});
    }
    void say_losses(verdict_kind kind, const hop_record& h, const losses& l) {
        said_.push_back({.kind = kind,
                         .ttl = h.ttl,
                         .address = h.responders.front().address,
                         .answered = l.asked - l.lost,
                         .asked = l.asked});
    }

    /// Packets to the hops behind pass a router too: what it loses more than they do, it does not lose but not answer.
    /// So it is where the first query of a round is answered more often than those that follow it.
    void about_limits() {
        losses behind;
        for (auto h = hops_.rbegin(); h != hops_.rend(); ++h) {
            if (!answers(*h)) continue;
            const losses here = losses_of(*h);
            const auto [first, others] = in_turn(*h);
            const bool more_than_behind = behind.asked > 0 && chance_of(here, behind) < accident;
            if (here.lost > 0 && (more_than_behind || chance_of(others, first) < accident)) {
                say_losses(verdict_kind::rate_limited, *h, here);
                limited_.push_back(h->ttl);
            }
            behind += here;
        }
    }

    /// What a reader of stars has to know, and no judgement: the hops behind answered.
    void about_silence() {
        losses behind;
        for (auto h = hops_.rbegin(); h != hops_.rend(); ++h) {
            const losses here = losses_of(*h);
            const bool limited = std::find(limited_.begin(), limited_.end(), h->ttl) != limited_.end();
            if (behind.asked > 0 && here.asked > 0 && !answers(*h)) {
                said_.push_back({.kind = verdict_kind::silent_hop, .ttl = h->ttl, .asked = here.asked});
            } else if (behind.asked > 0 && behind.lost == 0 && here.lost > 0 && !limited) {
                say_losses(verdict_kind::few_answers, *h, here);
                said_.back().value = static_cast<std::int64_t>(behind.asked);
            }
            if (answers(*h)) behind += here;
        }
    }

    /// Where the hops divide best into those that lose less and those that lose more.
    void about_loss() {
        std::vector<const hop_record*> hops;
        for (const hop_record& h : hops_) {
            if (answers(h) && std::find(limited_.begin(), limited_.end(), h.ttl) == limited_.end()) hops.push_back(&h);
        }
        double best = 1;
        std::size_t from = hops.size();
        for (std::size_t i = 0; i < hops.size(); ++i) {
            losses before;
            losses behind;
            for (std::size_t j = 0; j < hops.size(); ++j) (j < i ? before : behind) += losses_of(*hops[j]);
            if (behind.lost < least_lost) break;
            if (static_cast<double>(behind.lost) < least_loss * static_cast<double>(behind.asked)) continue;
            // Of the very first hop there is nothing to compare with.
            const double chance = i == 0 ? accident / 2 : chance_of(behind, before);
            if (chance < accident && chance < best && stays(hops, i, behind)) {
                best = chance;
                from = i;
            }
        }
        if (from < hops.size()) say_losses(verdict_kind::loss, *hops[from], losses_of(*hops.back()));
    }

    /// Every hop from there on loses as much, and not as a rate limiter would.
    bool stays(const std::vector<const hop_record*>& hops, std::size_t from, const losses& all) const {
        // What the destination alone loses it may just not answer: it limits its port unreachables. Not echo replies.
        if (from + 1 == hops.size() && (!record_.reached() || record_.options().method == trace_method::udp))
            return false;
        losses first;
        losses others;
        for (std::size_t i = from; i < hops.size(); ++i) {
            if (losses_of(*hops[i]).lost == 0) return false;
            if (chance_of(all, losses_of(*hops[i])) < doubt) return false;
            const auto [once, again] = in_turn(*hops[i]);
            first += once;
            others += again;
        }
        return chance_of(others, first) >= doubt;
    }

    void about_ways() {
        if (const auto& graph = record_.paths()) {
            auto ttl = graph->first_hop;
            for (const path_graph::hop& h : graph->hops) {
                const auto v = std::find_if(h.vertices.begin(), h.vertices.end(),
                                            [](const path_vertex& x) { return x.per_packet; });
                if (v != h.vertices.end()) {
                    said_.push_back({.kind = verdict_kind::per_packet, .ttl = ttl, .address = v->address});
                }
                ++ttl;
            }
            return;
        }
        // A connecting socket for each probe is a flow for each.
        if (record_.options().method == trace_method::tcp) return;
        for (const hop_record& h : hops_) {
            if (h.responders.size() > 1) about_way(h);
        }
    }

    void about_way(const hop_record& h) {
        std::size_t turns = 0;
        for (std::size_t i = 1; i < h.order.size(); ++i) turns += h.order[i] != h.order[i - 1] ? 1U : 0U;
        const bool in_turn = h.mixed_rounds > 1 || (h.mixed_rounds == 1 && h.order.size() == 1) ||
                             (turns >= least_turns && h.order.size() >= least_rounds_in_turn);
        if (in_turn) return say(verdict_kind::per_packet, h, h.responders.front());
        if (turns != 1 || h.responders.size() != 2 || h.tally.received < least_answers_of_change) return;
        const responder_record& before = h.responders[h.order.front()];
        const responder_record& after = h.responders[h.order.back()];
        if (before.tally.received < least_answers_of_either || after.tally.received < least_answers_of_either) return;
        if (before.last_round > after.first_round) return;
        said_.push_back({.kind = verdict_kind::path_changed,
                         .ttl = h.ttl,
                         .address = after.address,
                         .value = static_cast<std::int64_t>(after.first_round)});
    }

    /// Positive: so many hops longer. Nothing where 32 and 64 as the initial value would both fit.
    static std::optional<int> longer_back(const hop_record& h) {
        if (h.responders.size() != 1 || !h.responders[0].hop_limit) return std::nullopt;
        const int left = *h.responders[0].hop_limit;
        static constexpr std::array initial{64, 128, 255};
        if (left <= 32) return std::nullopt;
        const int back = *std::lower_bound(initial.begin(), initial.end(), left) - left + 1;
        if (back > longest_way_back) return std::nullopt;
        return back - h.ttl;
    }

    void about_way_back() {
        const hop_record* first = nullptr;
        int by = 0;
        for (const hop_record& h : hops_) {
            const auto longer = longer_back(h);
            if (!longer) continue;
            if (std::abs(*longer) < least_asymmetry) {
                first = nullptr;
            } else if (first == nullptr || (*longer > 0) != (by > 0)) {
                first = &h;
                by = *longer;
            } else {
                return say(verdict_kind::asymmetric, *first, first->responders[0], by);  // the next one agrees
            }
        }
    }

    /// With another one in between: the same router twice in a row has forwarded what it ought to have dropped.
    void about_loops() {
        const auto steady = [](const hop_record& h) {
            return h.responders.size() == 1 && h.responders[0].kind == answer_from::hop && !h.responders[0].nat;
        };
        for (auto a = hops_.begin(); a != hops_.end(); ++a) {
            if (!steady(*a)) continue;
            bool another = false;
            for (auto b = std::next(a); b != hops_.end(); ++b) {
                if (!steady(*b)) continue;
                if (b->responders[0].address != a->responders[0].address) {
                    another = true;
                } else if (another) {
                    return say(verdict_kind::loop, *a, a->responders[0], b->ttl);
                }
            }
        }
    }

    /// The first hop from which on `is` holds of all that quote.
    template <class Holds, class Knows>
    const hop_record* from_where_on(Holds&& is, Knows&& quotes) const {
        const hop_record* from = nullptr;
        for (const hop_record& h : hops_) {
            for (const responder_record& r : h.responders) {
                if (!r.from_icmp || !quotes(r)) continue;
                if (!is(r)) {
                    from = nullptr;
                } else if (from == nullptr) {
                    from = &h;
                }
            }
        }
        return from;
    }

    void about_quotes() {
        const auto echo_reply = [](const responder_record& r) { return r.type == 0 || r.type == 129; };
        if (const auto* h =
                from_where_on([](const auto& r) { return r.nat; }, [&](const auto& r) { return !echo_reply(r); })) {
            say(verdict_kind::nat, *h, h->responders.front());
        }
        // Without the ECN bits: congestion marks these.
        const unsigned sent = record_.options().traffic_class.value_or(0) >> 2;
        if (const auto* h = from_where_on([&](const auto& r) { return unsigned{*r.quoted_class} >> 2 != sent; },
                                          [](const auto& r) { return r.quoted_class.has_value(); })) {
            const auto who = std::find_if(h->responders.begin(), h->responders.end(),
                                          [](const auto& r) { return r.quoted_class.has_value(); });
            say(verdict_kind::tos_rewritten, *h, *who, *who->quoted_class);
        }
        for (const hop_record& h : hops_) {
            for (const responder_record& r : h.responders) {
                if (r.inferred) say(verdict_kind::short_quotes, h, r);
                // Some routers quote the TTL as it was sent, which tells nothing.
                const bool tunnel = r.kind == answer_from::hop && r.quoted_ttl && *r.quoted_ttl > 1;
                if (tunnel && *r.quoted_ttl < h.ttl) say(verdict_kind::hidden_tunnel, h, r, *r.quoted_ttl);
                if (prohibited(r)) say(verdict_kind::admin_prohibited, h, r);
            }
        }
    }

    bool v4() const { return record_.options().destination.is_v4(); }

    /// RFC 1812 section 5.2.7.1, RFC 4443 section 3.1.
    bool prohibited(const responder_record& r) const {
        if (!r.from_icmp) return false;
        if (v4()) return r.type == 3 && (r.code == 9 || r.code == 10 || r.code == 13);
        return r.type == 1 && (r.code == 1 || r.code == 5);
    }

    void about_mtu() {
        std::uint32_t least = ~std::uint32_t{0};
        for (const mtu_step& s : record_.mtu_steps()) {
            if (s.ttl > 0 && s.mtu < least) {
                said_.push_back(
                    {.kind = verdict_kind::mtu_shrinks, .ttl = s.ttl, .address = s.from, .value = std::int64_t{s.mtu}});
            }
            least = std::min(least, s.mtu);
        }
    }

    void about_end() {
        const auto end = record_.end();
        if (record_.reached() || (end != trace_end::silent && end != trace_end::unreachable)) return;
        const auto last = std::find_if(hops_.rbegin(), hops_.rend(), answers);
        if (last == hops_.rend()) return;
        const responder_record& who = last->responders.front();
        say(verdict_kind::last_hop, *last, who);
        // The last router says that nobody is there, or it stands in the destination's own network.
        const bool no_neighbour =
            who.from_icmp && (v4() ? who.type == 3 && who.code == 1 : who.type == 1 && who.code == 3);
        const auto there = record_.options().destination.bytes();
        const auto here = who.address.bytes();
        const std::size_t same = v4() ? 3 : 8;
        const bool beside = here.size() == there.size() &&
                            std::equal(here.begin(), here.begin() + static_cast<std::ptrdiff_t>(same), there.begin());
        if (no_neighbour || (beside && end == trace_end::silent)) {
            said_.push_back(
                {.kind = verdict_kind::silent_target, .ttl = last->ttl, .address = record_.options().destination});
        }
    }

    const trace_record& record_;
    const std::vector<hop_record>& hops_;
    std::vector<std::uint8_t> limited_;
    std::vector<verdict> said_;
};

}  // namespace

std::string_view to_string(verdict_kind k) noexcept {
    switch (k) {
        case verdict_kind::rate_limited:
            return "rate_limited";
        case verdict_kind::loss:
            return "loss";
        case verdict_kind::path_changed:
            return "path_changed";
        case verdict_kind::per_packet:
            return "per_packet";
        case verdict_kind::asymmetric:
            return "asymmetric";
        case verdict_kind::loop:
            return "loop";
        case verdict_kind::last_hop:
            return "last_hop";
        case verdict_kind::nat:
            return "nat";
        case verdict_kind::mtu_shrinks:
            return "mtu_shrinks";
        case verdict_kind::tos_rewritten:
            return "tos_rewritten";
        case verdict_kind::short_quotes:
            return "short_quotes";
        case verdict_kind::hidden_tunnel:
            return "hidden_tunnel";
        case verdict_kind::silent_target:
            return "silent_target";
        case verdict_kind::admin_prohibited:
            return "admin_prohibited";
        case verdict_kind::few_answers:
            return "few_answers";
        case verdict_kind::silent_hop:
            return "silent_hop";
    }
    return "unknown";
}

std::vector<verdict> verdicts_of(const trace_record& record) {
    return judge(record).all();
}

}  // namespace sonde::probe
