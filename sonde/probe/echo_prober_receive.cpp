// The receiving half of the echo prober: whose answer is it?
#include <algorithm>

#include <sonde/probe/echo_prober.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::probe {

namespace {

bool asks_a_group(const echo_profile& profile, const ip_address& target) noexcept {
    return profile.broadcast || target.is_multicast() || target.is_limited_broadcast();
}

answer_kind kind_of_answer(const ip_address& target, bool group) noexcept {
    if (target.is_multicast()) return answer_kind::multicast;
    return group ? answer_kind::broadcast : answer_kind::unicast;
}

// The part of a payload of that size which the token covers.
std::size_t token_size(std::size_t payload_size) noexcept {
    if (payload_size >= token_key::full_size) return token_key::full_size;
    return payload_size >= token_key::code_size ? token_key::code_size : 0;
}

// More than this many unproven answers to one ping are rejected at once.
constexpr std::size_t held_limit = 4;

}  // namespace

void echo_prober::handle_datagram(time_point now, const datagram_meta& meta, bytes_view message) {
    using stats::accounting;
    if (meta.lane >= lanes_.size()) return;
    const lane_state& lane = lanes_[meta.lane];
    const auto icmp = wire::icmp_view::parse(message, wire::checksum_check::trust);
    if (!icmp) return count_frame(&accounting::rejected_malformed);
    const auto echo = wire::icmp_echo_message::from(lane.family, *icmp);
    if (!echo || !echo->reply || echo->identifier != lane.identifier) return count_frame(&accounting::not_ours);

    const flight_ref where{meta.lane, echo->sequence};
    slot* s = lanes_[meta.lane].table.find(echo->sequence);
    if (s == nullptr) return count_frame(&accounting::not_ours);

    candidate c{where, *s, echo->payload, describe(now, where, *s, event_kind::reply)};
    c.told.from = meta.from;
    c.told.size = std::max(meta.full_size, static_cast<std::uint32_t>(message.size()));
    c.told.has_hop_limit = meta.hop_limit.has_value();
    c.told.hop_limit = meta.hop_limit.value_or(0);
    measure(now, *s, meta.received_at, c.told);

    if (meta.checksum == wire::checksum_check::verify && wire::internet_checksum(message) != 0) {
        count_frame(&accounting::rejected_checksum);
        c.told.kind = event_kind::damaged;
        c.told.bad_checksum = true;
        if (c.told.target.same_octets(meta.from)) tell(std::move(c.told));
        return;
    }
    const verdict v = judge(where, *s, echo->payload);
    if (s->phase() == slot_state::in_flight) {
        receive_in_flight(now, meta, c, v);
    } else {
        receive_spent(now, meta, c, v);
    }
}

echo_prober::verdict echo_prober::judge(flight_ref where, const slot& s, bytes_view payload) {
    std::size_t sent_size = payload.size();
    if (s.phase() == slot_state::in_flight) {
        sent_size = profiles_[lanes_[where.lane].table.flight_of(s).profile].profile.payload_size;
    }
    const std::uint64_t serial = sequence_table::serial(s, where.sequence);
    if (key_.verify(payload, sent_size, {serial, where.lane})) return verdict::proven;
    const auto claimed = token_key::claimed_serial(payload);
    if (claimed && *claimed != serial && key_.verify(payload, token_key::full_size, {*claimed, where.lane})) {
        return verdict::older;
    }
    return verdict::unproven;
}

void echo_prober::receive_in_flight(time_point now, const datagram_meta& meta, candidate& c, verdict v) {
    using stats::accounting;
    if (v == verdict::older) return count_frame(&accounting::late);

    const flight& f = lanes_[c.where.lane].table.flight_of(c.holder);
    const profile_table::entry& sent = profiles_[f.profile];
    const bool group = asks_a_group(sent.profile, c.told.target);
    c.told.answer = kind_of_answer(c.told.target, group);
    if (!group && !meta.from.same_octets(c.told.target)) {
        if (v != verdict::proven || c.told.target.is_v4()) {
            count_frame(&accounting::rejected_source);
            c.told.kind = event_kind::wrong_source;
            if (v == verdict::proven) tell(std::move(c.told));
            return;
        }
        // An IPv6 anycast address may not be a source, so its answer comes from a unicast one (RFC 4443 section 4.2).
        c.told.answer = answer_kind::anycast;
    }
    inspect(sent, c);
    if (v == verdict::proven) {
        release_held(now, c.where, false);
        if (c.holder.series != 0) targets_[series_target(c.holder.id)].forgetful = false;
        return answer(now, c);
    }
    c.told.unverified = true;
    if (c.holder.unverified != 0) return answer(now, c);
    if (c.holder.answered != 0) return count_frame(&accounting::rejected_token);
    hold(now, c);
}

void echo_prober::receive_spent(time_point now, const datagram_meta& meta, candidate& c, verdict v) {
    using stats::accounting;
    const bool replied = c.holder.phase() == slot_state::replied;
    if (v == verdict::older) return count_frame(&accounting::late);
    if (v == verdict::unproven && c.holder.unverified == 0) return count_frame(&accounting::rejected_token);

    if (c.holder.series != 0) {
        const target_state& t = targets_[series_target(c.holder.id)];
        const profile_table::entry& sent = profiles_[t.profile];
        const bool group = asks_a_group(sent.profile, t.destination);
        c.told.answer = kind_of_answer(t.destination, group);
        if (!group && !meta.from.same_octets(t.destination)) {
            if (t.destination.is_v4() || v != verdict::proven) return count_frame(&accounting::rejected_source);
            c.told.answer = answer_kind::anycast;
        }
        inspect(sent, c);
    } else {
        c.told.target = meta.from;  // the destination is forgotten, the token (if there is one) proves the ping
    }
    c.told.at = now;
    c.told.unverified = v == verdict::unproven;
    c.told.kind = replied ? event_kind::duplicate : event_kind::late;
    count_frame(replied ? &accounting::duplicate : &accounting::late);
    if (replied) count_answer(c.told);
    tell(std::move(c.told));
}

void echo_prober::answer(time_point now, candidate& c) {
    count_answer(c.told);
    if (c.holder.answered != 0) {
        count_frame(&stats::accounting::duplicate);
        c.told.kind = event_kind::duplicate;
        return tell(std::move(c.told));
    }
    count_frame(&stats::accounting::matched);
    sequence_table& table = lanes_[c.where.lane].table;
    flight& f = table.flight_of(c.holder);
    const duration linger = profiles_[f.profile].profile.linger;
    if (c.told.unverified) c.holder.unverified = 1;
    conclude(now, c.holder, std::move(c.told));
    if (linger > duration::zero()) {
        c.holder.answered = 1;
        table.set_deadline(f, now + linger);
    } else {
        release(now, c.where, slot_state::replied);
    }
}

// The answer has the right address and sequence number but not the token: a responder that does not copy the payload,
// or somebody else's answer. The right one may still come, and wins; so does an ICMP error.
void echo_prober::hold(time_point now, candidate& c) {
    auto& waiting = held_[held_key(c.where)];
    if (waiting.size() >= held_limit) return count_frame(&stats::accounting::rejected_token);
    if (waiting.empty() && c.holder.series != 0 && targets_[series_target(c.holder.id)].forgetful) {
        sequence_table& table = lanes_[c.where.lane].table;
        flight& f = table.flight_of(c.holder);
        table.set_deadline(f, std::min(f.deadline, now + options_.unverified_grace));
    }
    waiting.push_back(std::move(c.told));
}

void echo_prober::release_held(time_point now, flight_ref where, bool accept) {
    if (held_.empty()) return;
    const auto found = held_.find(held_key(where));
    if (found == held_.end()) return;
    std::vector<event> waiting = std::move(found->second);
    held_.erase(found);
    slot& s = *lanes_[where.lane].table.find(where.sequence);
    if (accept && s.series != 0) targets_[series_target(s.id)].forgetful = true;
    for (event& told : waiting) {
        told.at = now;
        if (!accept) {
            count_frame(&stats::accounting::rejected_token);
        } else if (s.phase() == slot_state::in_flight && s.answered == 0) {
            candidate first{where, s, {}, std::move(told)};
            answer(now, first);
        } else {
            count_answer(told);
            count_frame(&stats::accounting::duplicate);
            told.kind = event_kind::duplicate;
            tell(std::move(told));
        }
    }
}

void echo_prober::measure(time_point now, const slot& s, std::optional<time_point> received_at, event& told) {
    // A kernel stamp that does not lie between the send and now is worth nothing: the wall clock stepped.
    const bool stamped = received_at && *received_at >= s.sent_at && *received_at <= now;
    told.rtt = std::max(duration::zero(), (stamped ? *received_at : now) - s.sent_at);
    if (!stamped) {
        told.clock = clock_source::user;
    } else {
        told.clock = s.stamps != 0 ? clock_source::kernel : clock_source::kernel_rx;
    }
}

void echo_prober::inspect(const profile_table::entry& sent, candidate& c) const {
    const std::size_t size = std::min(c.payload.size(), sent.image.size());
    c.told.truncated = c.told.size < wire::icmp_header_size + sent.image.size();

    // What the token covers is looked at last: a responder that changes everything is shown the first byte of the
    // pattern, as ping does, which does not check its timestamp either.
    const std::size_t covered = std::min(token_size(sent.image.size()), size);
    std::array<std::byte, token_key::full_size> token{};
    key_.write(bytes_span{token}.first(token_size(sent.image.size())),
               {sequence_table::serial(c.holder, c.where.sequence), c.where.lane});
    const auto report = [&](std::size_t offset, std::byte expected) {
        c.told.corrupt = std::make_unique<corruption>(corruption{offset,
                                                                 std::to_integer<std::uint8_t>(expected),
                                                                 std::to_integer<std::uint8_t>(c.payload[offset]),
                                                                 {c.payload.begin(), c.payload.end()}});
    };
    const auto pattern = std::mismatch(sent.image.begin() + static_cast<std::ptrdiff_t>(covered),
                                       sent.image.begin() + static_cast<std::ptrdiff_t>(size),
                                       c.payload.begin() + static_cast<std::ptrdiff_t>(covered));
    if (pattern.second != c.payload.begin() + static_cast<std::ptrdiff_t>(size)) {
        return report(static_cast<std::size_t>(pattern.second - c.payload.begin()), *pattern.first);
    }
    const auto proof =
        std::mismatch(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(covered), c.payload.begin());
    if (proof.first != token.begin() + static_cast<std::ptrdiff_t>(covered)) {
        report(static_cast<std::size_t>(proof.first - token.begin()), *proof.first);
    }
}

void echo_prober::count_answer(const event& told) {
    if (told.corrupt) ++counts_.corrupt;
    if (told.truncated) ++counts_.truncated;
}

void echo_prober::handle_error(time_point now, const error_meta& meta, bytes_view quoted) {
    using stats::accounting;
    if (meta.lane >= lanes_.size()) return;
    lane_state& lane = lanes_[meta.lane];
    const auto icmp = wire::icmp_view::parse(quoted, wire::checksum_check::trust);
    if (!icmp) return count_frame(&accounting::rejected_malformed);
    const auto echo = wire::icmp_echo_message::from(lane.family, *icmp);
    if (!echo || echo->reply || echo->identifier != lane.identifier) return count_frame(&accounting::not_ours);
    const flight_ref where{meta.lane, echo->sequence};
    slot* s = lane.table.find(echo->sequence);
    if (s == nullptr) return count_frame(&accounting::not_ours);

    // RFC 792 promises 8 quoted bytes, so a token may be missing; one that is there has to be right.
    if (const auto claimed = token_key::claimed_serial(echo->payload); claimed && s->unverified == 0) {
        switch (judge(where, *s, echo->payload)) {
            case verdict::proven:
                break;
            case verdict::older:
                return count_frame(&accounting::late);
            case verdict::unproven:
                return count_frame(&accounting::rejected_token);
        }
    }
    event told = describe(now, where, *s, event_kind::icmp_error);
    if (s->phase() != slot_state::in_flight || s->answered != 0) return count_frame(&accounting::late);
    if (!meta.destination.same_octets(told.target)) return count_frame(&accounting::rejected_source);
    count_frame(&accounting::matched);
    told.from = meta.offender;
    told.icmp_type = meta.type;
    told.icmp_code = meta.code;
    told.info = meta.info;
    measure(now, *s, meta.received_at, told);
    if (!wire::is_final_icmp_error(lane.family, meta.type)) {
        told.kind = event_kind::advice;
        return tell(std::move(told));
    }
    release_held(now, where, false);
    conclude(now, *s, std::move(told));
    release(now, where, slot_state::expired);
}

}  // namespace sonde::probe
