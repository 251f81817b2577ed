#include <algorithm>
#include <iterator>

#include <sonde/probe/trace_record.hpp>

namespace sonde::probe {
namespace {

constexpr std::size_t most_responders = 32;
constexpr std::size_t most_rounds_in_order = 64;

bool only_unreachable(const hop_record& hop) {
    return std::all_of(hop.responders.begin(), hop.responders.end(),
                       [](const responder_record& r) { return r.kind == answer_from::unreachable; });
}

}  // namespace

void trace_record::add(const trace_event& e) {
    switch (e.kind) {
        case trace_event_kind::probe:
            return add_probe(e.result);
        case trace_event_kind::hop:
            return;  // its probes came one by one
        case trace_event_kind::round:
            rounds_ = std::max(rounds_, e.round + 1);
            return drop_behind_the_end();
        case trace_event_kind::paths:
            paths_ = e.paths;
            return;
        case trace_event_kind::mtu:
            mtu_steps_.push_back(e.mtu);
            return;
        case trace_event_kind::done:
            end_ = e.end;
            return drop_behind_the_end();
    }
}

void trace_record::add_probe(const probe_result& r) {
    if (options_.goal == trace_goal::mtu && r.round > 0) return;
    // Routers answer, in a later round, where the destination did: the path has changed.
    if (destination_hop_ && r.ttl >= *destination_hop_ && r.round > destination_round_) {
        longer_ = longer_ || (r.fate == probe_fate::answered && r.answer.kind == answer_from::hop);
    }
    if (destination_hop_ && r.ttl > *destination_hop_ && !longer_) return;
    auto hop = std::lower_bound(hops_.begin(), hops_.end(), r.ttl,
                                [](const hop_record& h, std::uint8_t ttl) { return h.ttl < ttl; });
    if (hop == hops_.end() || hop->ttl != r.ttl) {
        hop = hops_.insert(hop, hop_record{});
        hop->ttl = r.ttl;
    }
    if (r.fate == probe_fate::send_failed) return hop->tally.on_send_failed();
    hop->tally.on_sent();
    if (r.query == 0 && r.fate != probe_fate::cancelled) ++hop->first_queries;
    if (r.fate == probe_fate::timed_out) hop->tally.on_timeout();
    if (r.fate != probe_fate::answered) return;
    if (r.query == 0) ++hop->first_answers;
    add_answer(*hop, r);
    if (r.answer.kind != answer_from::destination) return;
    destination_hop_ = std::min(destination_hop_.value_or(r.ttl), r.ttl);
    destination_round_ = std::max(destination_round_, r.round);
    if (!longer_) hops_.erase(std::next(hop), hops_.end());
}

void trace_record::add_answer(hop_record& hop, const probe_result& r) {
    const hop_answer& a = r.answer;
    hop.tally.on_reply(a.rtt);
    hop.last = a.rtt;
    hop.jitter.add(a.rtt);
    auto who = std::find_if(hop.responders.begin(), hop.responders.end(),
                            [&](const responder_record& known) { return known.address == a.from; });
    if (who == hop.responders.end()) {
        if (hop.responders.size() == most_responders) {
            ++responders_not_kept_;
            return;
        }
        who = hop.responders.insert(who, responder_record{});
        who->address = a.from;
        who->first_round = r.round;
    }
    who->tally.on_sent();
    who->tally.on_reply(a.rtt);
    who->jitter.add(a.rtt);
    who->last = a.rtt;
    who->last_round = r.round;
    who->hop_limit = a.hop_limit;
    if (a.quoted_ttl) who->quoted_ttl = a.quoted_ttl;
    if (a.quoted_class) who->quoted_class = a.quoted_class;
    who->kind = a.kind;
    who->type = a.type;
    who->code = a.code;
    who->from_icmp = a.from_icmp;
    who->nat = a.nat;
    who->inferred = who->inferred || a.inferred;
    if (a.extensions) who->extensions = a.extensions;
    if (r.flow == 0) add_order(hop, r.round, static_cast<std::size_t>(who - hop.responders.begin()));
}

void trace_record::add_order(hop_record& hop, std::uint32_t round, std::size_t responder) {
    const auto index = static_cast<std::uint8_t>(responder);
    if (round + 1 > hop.ordered_rounds) {
        if (hop.order.size() == most_rounds_in_order) hop.order.erase(hop.order.begin());
        hop.order.push_back(index);
        hop.ordered_rounds = round + 1;
    } else if (round + 1 == hop.ordered_rounds && hop.order.back() != index && hop.last_mixed != round + 1) {
        ++hop.mixed_rounds;
        hop.last_mixed = round + 1;
    }
}

// Behind a router that says "unreachable" there is nothing but that answer, or silence.
void trace_record::drop_behind_the_end() {
    if (destination_hop_) return;
    const auto end = std::find_if(hops_.begin(), hops_.end(),
                                  [](const hop_record& h) { return !h.responders.empty() && only_unreachable(h); });
    if (end == hops_.end() || !std::all_of(end, hops_.end(), only_unreachable)) return;
    hops_.erase(std::next(end), hops_.end());
}

}  // namespace sonde::probe
