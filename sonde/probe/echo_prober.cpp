#include <cerrno>

#include <sonde/probe/echo_prober.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::probe {

namespace {

using namespace std::chrono_literals;

// One call hands out this many events at the most; what remains is due at once, so the next call goes on.
constexpr std::size_t events_per_call = 1024;

// A target that fell behind by less catches up; by more (the machine slept), and what it missed is skipped.
constexpr duration bearable_delay = 100ms;

// The kernel stamps a datagram twice: on entering the device layer and on reaching the device. The making of stamps,
// and of a capture's copy, takes microseconds in between, so that its leaving lies in the middle. What is longer was a
// wait in a queue of this machine, and that counts as part of the round trip: a full uplink is what a user waits for.
constexpr duration queue_wait = 20us;

// How long a sequence number rests after a ping that was not answered: as long again as it was waited for, within
// bounds. Without a token only the rest keeps a late reply from a newer ping, so it is the longest then.
duration quarantine(duration waited, bool unverified) noexcept {
    return unverified ? duration{10s} : std::clamp<duration>(waited, 1s, 10s);
}

}  // namespace

echo_prober::echo_prober(const echo_prober_options& options)
    : options_(options), key_(options.key), pacer_(options.rate, options.burst) {}

ping_ticket echo_prober::ping(time_point now, const ping_request& request, std::uint64_t id) {
    const auto profile = profiles_.acquire(request.profile);
    const auto ticket = static_cast<ping_ticket>(popped_ + queue_.size());
    if (profile) {
        const duration timeout = std::clamp(request.timeout, duration::zero(), longest_duration);
        queue_.push_back({request.destination, timeout, id, *profile, false});
        return ticket;
    }
    end_unsent(now, {.kind = event_kind::local_drop, .error_number = ENOBUFS, .id = id, .target = request.destination});
    return ticket;
}

std::uint32_t echo_prober::add_target(time_point now, const target_options& options) {
    const auto index = static_cast<std::uint32_t>(targets_.size());
    const auto profile = profiles_.acquire(options.profile);
    const target_rhythm rhythm{.interval = std::clamp(options.interval, duration::zero(), longest_duration),
                               .timeout = std::clamp(options.timeout, duration::zero(), longest_duration),
                               .eager = options.eager.value_or(-1ns)};
    if (rhythms_.empty() || !(rhythms_.back() == rhythm)) rhythms_.push_back(rhythm);
    targets_.push_back({.destination = options.destination,
                        .heap_position = due_heap::nowhere,
                        .due = now + options.first_after,
                        .last_sent = time_point::min(),
                        .rhythm = static_cast<std::uint32_t>(rhythms_.size() - 1),
                        .left = options.count,
                        .ordinal = 0,
                        .sent = 0,
                        .pending = 0,
                        .profile = profile.value_or(0),
                        .forgetful = false});
    if (profile) due_.push(targets_, index);
    return index;
}

void echo_prober::stop_target(std::uint32_t target) {
    if (target < targets_.size() && targets_[target].heap_position != due_heap::nowhere) due_.remove(targets_, target);
}

void echo_prober::stop_all_targets() {
    while (!due_.empty()) due_.remove(targets_, due_.top());
}

bool echo_prober::cancel(time_point now, std::uint64_t id, std::optional<flight_ref> where, ping_ticket ticket) {
    if (where && where->lane < lanes_.size()) {
        slot* s = lanes_[where->lane].table.find(where->sequence);
        if (s == nullptr || s->phase() != slot_state::in_flight || s->id != id || s->series != 0) return false;
        if (s->answered != 0) {
            tell(describe(now, *where, *s, event_kind::settled));
            release(now, *where, slot_state::replied);
            return true;
        }
        release_held(now, *where, false);
        conclude(now, *s, describe(now, *where, *s, event_kind::cancelled));
        release(now, *where, slot_state::expired);
        return true;
    }
    const std::uint64_t place = static_cast<std::uint64_t>(ticket) - popped_;
    if (where || place < queue_head_ || place >= queue_.size()) return false;
    queued_ping& ping = queue_[place];
    if (ping.id != id || ping.cancelled) return false;
    ping.cancelled = true;
    end_queued(now, ping, event_kind::cancelled);
    if (place == queue_head_) pop_queue();
    return true;
}

void echo_prober::close(time_point now) {
    stop_all_targets();
    while (queue_head_ < queue_.size()) {
        const queued_ping ping = queue_[queue_head_];
        pop_queue();
        end_queued(now, ping, event_kind::closed);
    }
    for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane) {
        sequence_table& table = lanes_[lane].table;
        while (const flight* f = table.earliest()) {
            const flight_ref where{lane, f->sequence};
            const slot& s = *table.find(f->sequence);
            release_held(now, where, false);
            if (s.answered != 0) {
                tell(describe(now, where, s, event_kind::settled));
            } else {
                conclude(now, s, describe(now, where, s, event_kind::closed));
            }
            release(now, where, slot_state::expired);
        }
    }
}

std::optional<transmit> echo_prober::poll_transmit(time_point now, bytes_span buffer) {
    if (!refusals_.empty()) std::erase_if(refusals_, [now](const refusal& r) { return r.until <= now; });
    for (;;) {
        if (lane_wanted_ || !pacer_.ready(now) || counts_.pending >= options_.in_flight) return std::nullopt;
        if (events_.size() - next_event_ >= events_per_call) return std::nullopt;
        if (counts_.sent >= options_.budget) {
            exhaust_budget(now);
            return std::nullopt;
        }
        const bool queued = queue_head_ < queue_.size();
        const bool due = !due_.empty() && targets_[due_.top()].due <= now;
        if (!queued && !due) return std::nullopt;

        const std::uint64_t scheduled = counts_.scheduled;
        auto next = queued && (queue_turn_ || !due) ? launch_queued(now, buffer) : launch_due(now, buffer);
        if (next) {
            queue_turn_ = !queue_turn_;
            pacer_.take(now);
            return next;
        }
        if (counts_.scheduled == scheduled) return std::nullopt;  // blocked, not failed
    }
}

std::optional<transmit> echo_prober::launch_queued(time_point now, bytes_span buffer) {
    const queued_ping ping = queue_[queue_head_];
    if (const int why = reason_against(need_of(ping.destination, ping.profile)); why != 0) {
        pop_queue();
        end_queued(now, ping, event_kind::send_failed, why);
        return std::nullopt;
    }
    auto launched = launch(now, {ping.id, false, ping.destination, {}, ping.profile}, ping.timeout, buffer);
    if (launched) pop_queue();
    return launched;
}

std::optional<transmit> echo_prober::launch_due(time_point now, bytes_span buffer) {
    const std::uint32_t index = due_.top();
    target_state& t = targets_[index];
    const std::uint64_t id = series_id(index, t.ordinal + 1);
    if (const int why = reason_against(need_of(t.destination, t.profile)); why != 0) {
        end_unsent(
            now,
            {.kind = event_kind::send_failed, .series = true, .error_number = why, .id = id, .target = t.destination});
        reschedule(now, index);
        return std::nullopt;
    }
    auto launched = launch(now, {id, true, t.destination, {}, t.profile}, rhythm_of(t).timeout, buffer);
    if (launched) {
        profiles_.add_user(t.profile);
        ++t.sent;
        ++t.pending;
        reschedule(now, index);
    }
    return launched;
}

std::optional<transmit> echo_prober::launch(time_point now, const sequence_table::request& r, duration timeout,
                                            bytes_span buffer) {
    sequence_table::request request = r;
    request.deadline = now + timeout;
    const lane_request need = need_of(r.target, r.profile);
    for (std::uint32_t number = 0; number < lanes_.size(); ++number) {
        lane_state& lane = lanes_[number];
        if (!lane.carries(need)) continue;
        const auto sequence = lane.table.start(now, request);
        if (!sequence) continue;
        slot& s = *lane.table.find(*sequence);
        s.unverified = profiles_[r.profile].profile.payload_size < token_key::code_size ? 1 : 0;
        ++counts_.scheduled;
        ++counts_.sent;
        ++counts_.pending;
        if (options_.announce_sends) tell(describe(now, {number, *sequence}, s, event_kind::sent));
        return compose(lane, {number, *sequence}, s, r.target, r.profile, buffer);
    }
    if (lanes_left(need.family) && refusal_of(need) == nullptr) lane_wanted_ = need;
    return std::nullopt;
}

transmit echo_prober::compose(lane_state& lane, flight_ref where, const slot& s, ip_address destination,
                              std::uint16_t profile, bytes_span buffer) const {
    const profile_table::entry& look = profiles_[profile];
    const bytes_span payload = buffer.subspan(wire::icmp_header_size, look.image.size());
    std::ranges::copy(look.image, payload.begin());
    key_.write(payload, {sequence_table::serial(s, where.sequence), where.lane});
    const wire::icmp_echo_message message{
        .reply = false, .identifier = lane.identifier, .sequence = where.sequence, .payload = payload};
    const std::size_t size = message.emit(lane.family, buffer, lane.fill);
    return {.where = where,
            .id = s.id,
            .series = s.series != 0,
            .destination = destination,
            .profile = &look.profile,
            .datagram = buffer.first(size)};
}

void echo_prober::reschedule(time_point now, std::uint32_t target) {
    target_state& t = targets_[target];
    ++t.ordinal;
    t.last_sent = now;
    if (t.left != 0 && --t.left == 0) {
        due_.remove(targets_, target);
        return;
    }
    const duration interval = rhythm_of(t).interval;
    t.due += interval;
    if (t.due + std::max(interval, bearable_delay) <= now) {
        if (interval > duration::zero()) {
            const auto missed = (now - t.due) / interval;
            counts_.scheduled += static_cast<std::uint64_t>(missed);
            counts_.skipped += static_cast<std::uint64_t>(missed);
            t.due += missed * interval;
        } else {
            t.due = now;
        }
    }
    due_.update(targets_, target);
}

void echo_prober::exhaust_budget(time_point now) {
    stop_all_targets();
    while (queue_head_ < queue_.size() && events_.size() - next_event_ < events_per_call) {
        const queued_ping ping = queue_[queue_head_];
        pop_queue();
        end_queued(now, ping, event_kind::cancelled);
    }
}

// A ping that never left has its outcome.
void echo_prober::end_unsent(time_point now, event told) {
    told.at = now;
    ++counts_.scheduled;
    if (told.kind == event_kind::send_failed || told.kind == event_kind::local_drop) {
        ++counts_.send_failed;
        counts_.local_drop += told.kind == event_kind::local_drop ? 1U : 0U;
    } else {
        ++counts_.skipped;
    }
    tell(std::move(told));
}

void echo_prober::end_queued(time_point now, const queued_ping& ping, event_kind how, int error_number) {
    profiles_.release(ping.profile);
    end_unsent(now, {.kind = how, .error_number = error_number, .id = ping.id, .target = ping.destination});
}

// Takes the head off the queue, and those behind it that were cancelled: the head is always a ping that is wanted.
void echo_prober::pop_queue() {
    do {
        ++queue_head_;
    } while (queue_head_ < queue_.size() && queue_[queue_head_].cancelled);
    const bool emptied = queue_head_ == queue_.size();
    if (!emptied && (queue_head_ < 1024 || queue_head_ * 2 < queue_.size())) return;
    popped_ += queue_head_;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_head_));
    queue_head_ = 0;
}

std::size_t echo_prober::largest_datagram() const noexcept {
    return wire::icmp_header_size + profiles_.largest_payload();
}

lane_request echo_prober::need_of(const ip_address& destination, std::uint16_t profile) const {
    return {destination.family(), profiles_[profile].profile.source};
}

bool echo_prober::lanes_left(family f) const {
    return static_cast<std::size_t>(std::ranges::count(lanes_, f, &lane_state::family)) < options_.lanes_per_family;
}

const echo_prober::refusal* echo_prober::refusal_of(const lane_request& r) const {
    const auto found = std::ranges::find(refusals_, r, &refusal::request);
    return found != refusals_.end() ? &*found : nullptr;
}

// Why such a ping cannot be sent, as an errno; 0 when it can, if not now.
int echo_prober::reason_against(const lane_request& r) const {
    if (std::ranges::any_of(lanes_, [&](const lane_state& lane) { return lane.carries(r); })) return 0;
    if (!lanes_left(r.family)) return EUSERS;
    const refusal* refused = refusal_of(r);
    return refused != nullptr ? refused->error_number : 0;
}

std::uint32_t echo_prober::add_lane(family f, std::uint16_t identifier, wire::checksum_fill fill,
                                    std::optional<ip_address> only_source) {
    lanes_.push_back({f, identifier, fill, only_source, {}});
    if (lane_wanted_ && lanes_.back().carries(*lane_wanted_)) lane_wanted_.reset();
    return static_cast<std::uint32_t>(lanes_.size() - 1);
}

void echo_prober::refuse_lane(time_point now, const lane_request& request, int error_number) {
    refusals_.push_back({request, error_number, now + options_.refusal_lasts});
    if (lane_wanted_ == request) lane_wanted_.reset();
}

void echo_prober::handle_send_failure(time_point now, flight_ref where, int error_number) {
    if (where.lane >= lanes_.size()) return;
    const slot* s = lanes_[where.lane].table.find(where.sequence);
    if (s == nullptr || s->phase() != slot_state::in_flight || s->answered != 0) return;
    release_held(now, where, false);
    event e = describe(now, where, *s, error_number == ENOBUFS ? event_kind::local_drop : event_kind::send_failed);
    e.error_number = error_number;
    --counts_.sent;
    if (s->series != 0) --targets_[series_target(s->id)].sent;
    conclude(now, *s, std::move(e));
    release(now, where, slot_state::free);
}

void echo_prober::handle_transmit_timestamp(time_point now, flight_ref where, time_point sent_at) {
    if (where.lane >= lanes_.size()) return;
    slot* s = lanes_[where.lane].table.find(where.sequence);
    // A stamp outside [handed to the kernel, now] is of another ping, or the wall clock stepped.
    if (s == nullptr || s->phase() != slot_state::in_flight || sent_at < s->sent_at || sent_at > now) return;
    if (s->stamps == 0) {
        s->sent_at = sent_at;
    } else if (s->stamps == 1) {
        s->sent_at += std::min(sent_at - s->sent_at, queue_wait) / 2;
    }
    s->stamps = std::min(s->stamps + 1U, 2U) & 3U;
}

void echo_prober::handle_kernel_drops(time_point now, std::uint64_t dropped) {
    if (dropped == 0) return;
    counts_.kernel_drops += dropped;
    last_drop_ = now;
}

void echo_prober::handle_timeout(time_point now) {
    for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane) {
        for (const flight* f = lanes_[lane].table.earliest(); f != nullptr && f->deadline <= now;
             f = lanes_[lane].table.earliest()) {
            if (events_.size() - next_event_ >= events_per_call) return;
            expire(now, {lane, f->sequence});
        }
    }
}

void echo_prober::expire(time_point now, flight_ref where) {
    const slot& s = *lanes_[where.lane].table.find(where.sequence);
    if (s.answered != 0) {
        tell(describe(now, where, s, event_kind::settled));
        release(now, where, slot_state::replied);
    } else if (held_.contains(held_key(where))) {
        release_held(now, where, true);
    } else {
        event e = describe(now, where, s, event_kind::timed_out);
        e.uncertain = last_drop_ >= s.sent_at;
        conclude(now, s, std::move(e));
        release(now, where, slot_state::expired);
    }
}

// The ping has its outcome: counts it, tells it, and lets an eager target go on.
void echo_prober::conclude(time_point now, const slot& s, event told) {
    --counts_.pending;
    switch (told.kind) {
        case event_kind::reply:
            ++counts_.replied;
            break;
        case event_kind::icmp_error:
            ++counts_.icmp_error;
            break;
        case event_kind::timed_out:
            ++counts_.timed_out;
            if (told.uncertain) ++counts_.uncertain;
            break;
        case event_kind::local_drop:
            ++counts_.local_drop;
            [[fallthrough]];
        case event_kind::send_failed:
            ++counts_.send_failed;
            break;
        default:
            ++counts_.cancelled;
            break;
    }
    if (s.series != 0) {
        const std::uint32_t index = series_target(s.id);
        target_state& t = targets_[index];
        --t.pending;
        const bool left = told.kind != event_kind::send_failed && told.kind != event_kind::local_drop;
        const duration eager = rhythm_of(t).eager;
        if (left && eager >= duration::zero() && t.heap_position != due_heap::nowhere) {
            t.due = std::min(t.due, std::max(now, t.last_sent + eager));
            due_.update(targets_, index);
        }
    }
    tell(std::move(told));
}

void echo_prober::release(time_point now, flight_ref where, slot_state how) {
    sequence_table& table = lanes_[where.lane].table;
    slot& s = *table.find(where.sequence);
    const flight& f = table.flight_of(s);
    time_point until = now;
    if (how == slot_state::expired) {
        until = now + quarantine(f.deadline - s.sent_at, s.unverified != 0);
    } else if (how == slot_state::replied && s.unverified != 0) {
        until = now + 1s;
    }
    profiles_.release(f.profile);
    table.finish(where.sequence, how, until);
}

event echo_prober::describe(time_point now, flight_ref where, const slot& s, event_kind kind) {
    event e;
    e.kind = kind;
    e.id = s.id;
    e.series = s.series != 0;
    e.sequence = where.sequence;
    e.at = now;
    if (s.phase() == slot_state::in_flight) {
        const flight& f = lanes_[where.lane].table.flight_of(s);
        e.target = ip_address::from_bytes(f.target);
        if (!e.target.is_v4() && e.target.needs_scope()) {
            e.target = e.target.with_scope(profiles_[f.profile].profile.interface);
        }
    } else if (s.series != 0) {
        e.target = targets_[series_target(s.id)].destination;
    }
    return e;
}

// When such a ping can have a sequence number, or a socket, or fail for want of one.
time_point echo_prober::room_at(const lane_request& r) const {
    time_point room = time_point::max();
    bool carried = false;
    for (const lane_state& lane : lanes_) {
        if (!lane.carries(r)) continue;
        carried = true;
        room = std::min(room, lane.table.available_at());
    }
    if (!carried) return time_point::min();
    if (!lanes_left(r.family)) return room;
    const refusal* refused = refusal_of(r);
    return refused != nullptr ? std::min(room, refused->until) : time_point::min();
}

time_point echo_prober::next_transmit() const {
    if (events_.size() - next_event_ >= events_per_call) return time_point::min();
    if (counts_.pending >= options_.in_flight) return time_point::max();
    time_point wanted = time_point::max();
    time_point room = time_point::min();
    if (!due_.empty()) {
        const target_state& next = targets_[due_.top()];
        wanted = next.due;
        room = room_at(need_of(next.destination, next.profile));
    }
    if (queue_head_ < queue_.size()) {
        wanted = time_point::min();
        const queued_ping& next = queue_[queue_head_];
        room = std::max(room, room_at(need_of(next.destination, next.profile)));
    }
    return wanted == time_point::max() ? wanted : std::max({wanted, pacer_.ready_at(), room});
}

bool echo_prober::can_wait(duration delay) const noexcept {
    if (queue_head_ < queue_.size() || due_.empty()) return false;
    const target_rhythm& next = rhythm_of(targets_[due_.top()]);
    return next.eager < duration::zero() && next.interval >= 8 * delay;
}

time_point echo_prober::next_timeout() const {
    time_point soonest = time_point::max();
    for (const lane_state& lane : lanes_) {
        if (const flight* f = lane.table.earliest()) soonest = std::min(soonest, f->deadline);
    }
    return soonest;
}

std::optional<event> echo_prober::poll_event() {
    if (next_event_ == events_.size()) {
        events_.clear();
        next_event_ = 0;
        return std::nullopt;
    }
    return std::move(events_[next_event_++]);
}

echo_prober::progress echo_prober::target_progress(std::uint32_t target) const noexcept {
    if (target >= targets_.size()) return {};
    return {targets_[target].sent, targets_[target].pending};
}

stats::accounting echo_prober::accounting() const noexcept {
    return counts_;
}

bool echo_prober::idle() const noexcept {
    return counts_.pending == 0 && due_.empty() && queue_head_ == queue_.size();
}

std::size_t echo_prober::table_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const lane_state& lane : lanes_) bytes += lane.table.bytes();
    return bytes;
}

}  // namespace sonde::probe
