#include <algorithm>
#include <cerrno>
#include <utility>

#include <sonde/probe/mtu_finder.hpp>
#include <sonde/probe/path_finder.hpp>
#include <sonde/probe/paths_finder.hpp>
#include <sonde/probe/tracer_state.hpp>

namespace sonde::probe {

namespace {

using namespace std::chrono_literals;

// One call hands out this many events at the most; what remains is due at once, so the next call goes on.
constexpr std::size_t events_per_call = 1024;
// IP has no larger packet.
constexpr std::size_t largest_packet = 65535;
// As the echo prober's: the kernel stamps twice, and what is longer in between was a wait in a queue.
constexpr duration queue_wait = 20us;
// A strategy that wants to be asked again at once is asked again after this time.
constexpr duration least_sleep = 10us;

constexpr std::uint16_t traceroute_port = 33434;
constexpr std::uint16_t http_port = 80;

lane_kind kind_of(trace_method m) {
    switch (m) {
        case trace_method::udp:
            return lane_kind::udp;
        case trace_method::icmp:
            return lane_kind::icmp;
        case trace_method::tcp:
            return lane_kind::tcp_raw;
    }
    return lane_kind::udp;
}

std::unique_ptr<path_strategy> make_strategy(time_point now, const trace_options& options) {
    switch (options.goal) {
        case trace_goal::path:
            return make_path_finder(now, options);
        case trace_goal::paths:
            return make_paths_finder(now, options);
        case trace_goal::mtu:
            return make_mtu_finder(now, options);
    }
    return make_path_finder(now, options);
}

}  // namespace

bool trace_run::has_queued() {
    while (!queue.empty()) {
        const ticket_state* state = find(queue.front().ticket);
        if (state != nullptr && state->phase == ticket_phase::queued) return true;
        queue.pop_front();
    }
    return false;
}

tracer::state::state(const tracer_options& o) : options(o), key(o.key), pace(o.rate, o.burst) {
    options.in_flight = std::clamp<std::uint32_t>(o.in_flight, 1, probe_numbers::capacity);
}

tracer::tracer(const tracer_options& options) : state_(std::make_unique<state>(options)) {}
tracer::tracer(tracer&&) noexcept = default;
tracer& tracer::operator=(tracer&&) noexcept = default;
tracer::~tracer() = default;

void tracer::start(time_point now, const trace_options& options, std::uint64_t id) {
    state& s = *state_;
    auto run = std::make_unique<trace_run>();
    run->id = id;
    run->options = options;
    run->options.wait = std::clamp(options.wait, duration::zero(), longest_duration);
    run->options.send_wait = std::clamp(options.send_wait, duration::zero(), longest_duration);
    run->strategy = make_strategy(now, options);
    run->lane = {.kind = kind_of(options.method),
                 .family = options.destination.family(),
                 .source = options.source,
                 .interface = options.interface};
    run->port = options.port;
    if (options.port == 0 && options.method != trace_method::icmp) {
        run->port = options.method == trace_method::udp ? traceroute_port : http_port;
    }
    run->send_due = now;
    run->wake = now;
    const bool reuse = !s.free_traces.empty();
    const auto index = reuse ? s.free_traces.back() : static_cast<std::uint32_t>(s.traces.size());
    if (!s.by_id.try_emplace(id, index).second) return;
    if (reuse) {
        s.free_traces.pop_back();
        s.traces[index] = std::move(run);
    } else {
        s.traces.push_back(std::move(run));
    }
    s.wakes.push(s.traces, index);
    s.service(now, index);
}

bool tracer::cancel(time_point now, std::uint64_t id) {
    const auto found = state_->by_id.find(id);
    if (found == state_->by_id.end()) return false;
    state_->end_trace(now, found->second, trace_end::cancelled);
    return true;
}

void tracer::finish_round(std::uint64_t id) {
    const auto found = state_->by_id.find(id);
    if (found == state_->by_id.end()) return;
    trace_run& t = *state_->traces[found->second];
    t.strategy->finish_round();
    t.wake = time_point{};  // it may be over, which the next `handle_timeout` finds
    state_->wakes.update(state_->traces, found->second);
}

void tracer::close(time_point now) {
    while (!state_->by_id.empty()) state_->end_trace(now, state_->by_id.begin()->second, trace_end::closed);
}

void tracer::state::take_events(time_point now, trace_run& t) {
    while (auto e = t.strategy->poll_event()) {
        e->id = t.id;
        if (e->at == time_point{}) e->at = now;
        events.push_back(std::move(*e));
    }
}

bool tracer::state::many_events() const {
    return events.size() >= events_per_call;
}

// Whether anything came of it.
bool tracer::state::ask_strategy(time_point now, trace_run& t) {
    bool progress = false;
    while (const auto g = t.strategy->poll_given_up(now)) {
        progress = true;
        give_up(now, t, *g);
    }
    while (!t.ending) {
        const auto wish = t.strategy->poll_wish(now);
        if (!wish) break;
        progress = true;
        const auto ticket = static_cast<probe_ticket>(t.first_ticket + t.tickets.size());
        t.tickets.emplace_back();
        t.queue.push_back({.ticket = ticket, .wish = *wish});
    }
    take_events(now, t);
    return progress;
}

void tracer::state::service(time_point now, std::uint32_t index) {
    trace_run& t = *traces[index];
    if (t.ending) return;
    while (ask_strategy(now, t)) {
    }
    if (t.strategy->done()) return end_trace(now, index, t.strategy->end());
    schedule(now, index);
}

void tracer::state::schedule(time_point now, std::uint32_t index) {
    trace_run& t = *traces[index];
    t.wake = std::max(t.strategy->next_deadline(), now + least_sleep);
    wakes.update(traces, index);
    const bool wants = !t.blocked && t.has_queued();
    if (wants && t.ready_position == probe_flight::nowhere) ready.push(traces, index);
    if (!wants && t.ready_position != probe_flight::nowhere) ready.remove(traces, index);
}

void tracer::state::give_up(time_point now, trace_run& t, const path_strategy::given_up& g) {
    const trace_run::ticket_state* ticket = t.find(g.ticket);
    if (ticket == nullptr || ticket->phase == trace_run::ticket_phase::over) return;
    const probe_fate fate = g.beyond ? probe_fate::cancelled : probe_fate::timed_out;
    if (ticket->phase == trace_run::ticket_phase::out) {
        const std::uint32_t flight = ticket->flight;
        probe_result result = describe(flights[flight], fate);
        result.uncertain = fate == probe_fate::timed_out && last_drop >= flights[flight].sent_at;
        return conclude(now, flight, std::move(result),
                        g.beyond ? &stats::accounting::cancelled : &stats::accounting::timed_out);
    }
    const auto place = std::ranges::find(t.queue, g.ticket, &trace_run::queued_probe::ticket);
    drop_queued(now, t, trace_run::queued_probe{*place}, fate);
}

// What has not left yet (or not again) has its outcome; it stays in the queue until its turn.
void tracer::state::drop_queued(time_point now, trace_run& t, const trace_run::queued_probe& q, probe_fate fate) {
    if (!q.again) {  // what is asked again was counted when it left first
        count(t, &stats::accounting::scheduled);
        count(t, &stats::accounting::skipped);
    }
    tell_result(now, t, q.ticket,
                {.ttl = q.wish.ttl,
                 .flow = q.wish.flow,
                 .size = q.wish.size,
                 .round = q.wish.round,
                 .query = q.wish.query,
                 .fate = fate,
                 .sent_at = q.sent_at});
}

probe_result tracer::state::describe(const probe_flight& f, probe_fate fate) {
    return {.ttl = f.wish.ttl,
            .flow = f.wish.flow,
            .size = f.wish.size,
            .round = f.wish.round,
            .query = f.wish.query,
            .fate = fate,
            .sent_at = f.sent_at};
}

void tracer::state::tell_result(time_point now, trace_run& t, probe_ticket ticket, const probe_result& result) {
    t.find(ticket)->phase = trace_run::ticket_phase::over;
    t.strategy->handle_result(now, ticket, result);
    while (!t.tickets.empty() && t.tickets.front().phase == trace_run::ticket_phase::over) {
        t.tickets.pop_front();
        ++t.first_ticket;
    }
    take_events(now, t);
}

// A probe that is out has its outcome. The trace is to be serviced then.
void tracer::state::conclude(time_point now, std::uint32_t flight, probe_result result,
                             std::uint64_t stats::accounting::*counted_as) {
    trace_run& t = *traces[flights[flight].trace];
    const probe_ticket ticket = flights[flight].ticket;
    uncount(t, &stats::accounting::pending);
    count(t, counted_as);
    if (result.uncertain) count(t, &stats::accounting::uncertain);
    release(flight, result.fate == probe_fate::answered);
    tell_result(now, t, ticket, result);
}

void tracer::state::release(std::uint32_t flight, bool answered) {
    const flow_key flow = flights[flight].flow;
    lanes[flow.lane].numbers.finish(flights[flight].serial, answered);
    flights.remove(flight);
    if (blocked.empty() || flights.first_of(flow) != probe_flight::nowhere) return;
    const auto waiting = blocked.extract(flow);
    if (!waiting) return;
    for (const std::uint64_t id : waiting.mapped()) {
        const auto found = by_id.find(id);
        if (found == by_id.end() || !std::exchange(traces[found->second]->blocked, false)) continue;
        if (traces[found->second]->ready_position == probe_flight::nowhere) ready.push(traces, found->second);
    }
}

void tracer::state::end_trace(time_point now, std::uint32_t index, trace_end how) {
    trace_run& t = *traces[index];
    if (std::exchange(t.ending, true)) return;
    t.strategy->stop(now);
    for (; t.has_queued(); t.queue.pop_front()) {
        drop_queued(now, t, trace_run::queued_probe{t.queue.front()}, probe_fate::cancelled);
    }
    while (!t.tickets.empty()) give_up(now, t, {static_cast<probe_ticket>(t.first_ticket), true});
    take_events(now, t);
    events.push_back(
        {.kind = trace_event_kind::done, .id = t.id, .at = now, .end = how, .error_number = t.error_number});
    finished[t.id] = t.counts;
    if (t.ready_position != probe_flight::nowhere) ready.remove(traces, index);
    wakes.remove(traces, index);
    by_id.erase(t.id);
    traces[index].reset();
    free_traces.push_back(index);
}

std::optional<probe_transmit> tracer::poll_transmit(time_point now, bytes_span buffer) {
    state& s = *state_;
    if (!s.refusals.empty()) std::erase_if(s.refusals, [now](const state::refusal& r) { return r.until <= now; });
    while (!s.lane_wanted && s.pace.ready(now) && s.flights.size() < s.options.in_flight && !s.many_events()) {
        if (s.ready.empty() || s.traces[s.ready.top()]->send_due > now) return std::nullopt;
        const std::uint32_t index = s.ready.top();
        if (!s.traces[index]->has_queued()) {
            s.ready.remove(s.traces, index);
            continue;
        }
        const auto lane = s.lane_for(now, index);
        if (!lane || s.must_wait(index, *lane)) continue;
        if (auto t = s.launch(now, index, *lane, buffer)) return t;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> tracer::state::lane_for(time_point now, std::uint32_t index) {
    trace_run& t = *traces[index];
    const auto found = std::ranges::find(lanes, t.lane, &lane_state::wish);
    if (found != lanes.end()) return static_cast<std::uint32_t>(found - lanes.begin());
    const auto refused = std::ranges::find(refusals, t.lane, &refusal::wish);
    if (refused == refusals.end()) {
        lane_wanted = t.lane;
    } else if (t.lane.kind == lane_kind::tcp_raw) {
        t.lane.kind = lane_kind::tcp_connect;
    } else {
        fail_queued(now, index, refused->error_number);
    }
    return std::nullopt;
}

// Where quotes are short, a flow has one probe out at a time.
bool tracer::state::must_wait(std::uint32_t index, std::uint32_t lane) {
    trace_run& t = *traces[index];
    if (!t.short_quotes) return false;
    const flow_key flow = flow_of(t, lane, t.queue.front().wish.flow);
    if (flights.first_of(flow) == probe_flight::nowhere) return false;
    t.blocked = true;
    blocked[flow].push_back(t.id);
    ready.remove(traces, index);
    return true;
}

void tracer::state::fail_queued(time_point now, std::uint32_t index, int error_number) {
    trace_run& t = *traces[index];
    const trace_run::queued_probe next = t.queue.front();
    t.queue.pop_front();
    t.error_number = error_number;
    count(t, &stats::accounting::scheduled);
    count(t, &stats::accounting::send_failed);
    tell_result(now, t, next.ticket,
                {.ttl = next.wish.ttl,
                 .flow = next.wish.flow,
                 .size = packet_size(t.lane.kind, t.lane.family, next.wish.size),
                 .round = next.wish.round,
                 .query = next.wish.query,
                 .fate = probe_fate::send_failed,
                 .error_number = error_number,
                 .sent_at = now});
    service(now, index);
}

flow_key tracer::state::flow_of(const trace_run& t, std::uint32_t lane, std::uint16_t flow) const {
    // A port of UDP tells flows apart; 0 means anybody's choice, so it is left out.
    std::uint16_t port = t.port;
    if (t.lane.kind == lane_kind::udp) {
        const std::uint32_t sum = std::uint32_t{t.port} + flow;
        port = static_cast<std::uint16_t>(sum > 65535U ? sum - 65535U : sum);
    }
    return {.lane = lane, .destination = t.options.destination.with_scope(0), .port = port};
}

std::optional<probe_transmit> tracer::state::launch(time_point now, std::uint32_t index, std::uint32_t lane,
                                                    bytes_span buffer) {
    trace_run& t = *traces[index];
    const auto serial = lanes[lane].numbers.next();
    if (!serial) return std::nullopt;
    const trace_run::queued_probe next = t.queue.front();
    t.queue.pop_front();
    probe_flight flight{.serial = *serial,
                        .trace = index,
                        .ticket = next.ticket,
                        .wish = next.wish,
                        .flow = flow_of(t, lane, next.wish.flow),
                        .asked_again = next.again,
                        .sent_at = now,
                        .deadline = now + t.options.wait};
    flight.wish.size = packet_size(t.lane.kind, t.lane.family, next.wish.size);
    const std::uint32_t place = flights.add(flight);
    lanes[lane].numbers.start(*serial, place, t.options.destination, t.id);
    *t.find(next.ticket) = {trace_run::ticket_phase::out, place};
    count(t, &stats::accounting::scheduled);
    count(t, &stats::accounting::sent);
    count(t, &stats::accounting::pending);
    pace.take(now);
    t.send_due = now + t.options.send_wait;
    ready.update(traces, index);

    probe_transmit out{
        .where = flights.place(place),
        .lane = lane,
        .trace = t.id,
        .kind = t.lane.kind,
        .destination = t.options.destination,
        .port = flight.flow.port,
        .source = t.options.source,
        .interface = t.options.interface,
        .hop_limit = flight.wish.ttl,
        .traffic_class = t.options.traffic_class,
        .dont_fragment = flight.wish.dont_fragment || t.options.dont_fragment,
        .datagram = compose_probe(key, image_of(flights[place]), lanes[lane].facts.computes_checksum, buffer)};
    t.strategy->handle_sent(next.ticket, now);
    service(now, index);
    return out;
}

std::size_t tracer::largest_datagram() const noexcept {
    return largest_packet;
}

const std::optional<lane_wish>& tracer::lane_wanted() const noexcept {
    return state_->lane_wanted;
}

std::uint32_t tracer::add_lane(const lane_wish& wish, const lane_facts& facts) {
    state_->lanes.push_back({wish, facts, {}});
    if (state_->lane_wanted == wish) state_->lane_wanted.reset();
    return static_cast<std::uint32_t>(state_->lanes.size() - 1);
}

void tracer::refuse_lane(time_point now, const lane_wish& wish, int error_number) {
    state_->refusals.push_back({wish, error_number, now + state_->options.refusal_lasts});
    if (state_->lane_wanted == wish) state_->lane_wanted.reset();
}

void tracer::handle_send_failure(time_point now, probe_place where, int error_number) {
    state& s = *state_;
    const std::uint32_t flight = s.flights.find(where);
    if (flight == probe_flight::nowhere) return;
    const std::uint32_t index = s.flights[flight].trace;
    trace_run& t = *s.traces[index];
    t.error_number = error_number;
    s.uncount(t, &stats::accounting::sent);
    if (error_number == ENOBUFS) s.count(t, &stats::accounting::local_drop);
    probe_result result = state::describe(s.flights[flight], probe_fate::send_failed);
    result.error_number = error_number;
    s.conclude(now, flight, std::move(result), &stats::accounting::send_failed);
    s.service(now, index);
}

void tracer::handle_transmit_timestamp(time_point now, probe_place where, time_point sent_at) {
    state& s = *state_;
    const std::uint32_t flight = s.flights.find(where);
    if (flight == probe_flight::nowhere) return;
    probe_flight& f = s.flights[flight];
    // A stamp outside [handed to the kernel, now] is of another probe, or the wall clock stepped.
    if (sent_at < f.sent_at || sent_at > now) return;
    if (f.stamps == 0) {
        f.sent_at = sent_at;
    } else if (f.stamps == 1) {
        f.sent_at += std::min(sent_at - f.sent_at, queue_wait) / 2;
    }
    f.stamps = static_cast<std::uint8_t>(std::min(f.stamps + 1, 2));
}

void tracer::handle_kernel_drops(time_point now, std::uint64_t dropped) {
    if (dropped == 0) return;
    state_->counts.kernel_drops += dropped;
    state_->last_drop = now;
}

// The deadline of a flight has come.
void tracer::state::expire(time_point now, std::uint32_t flight) {
    const std::uint32_t index = flights[flight].trace;
    if (flights[flight].held) {
        withdraw(now, flight);
    } else {
        probe_result result = describe(flights[flight], probe_fate::timed_out);
        result.uncertain = last_drop >= result.sent_at;
        conclude(now, flight, std::move(result), &stats::accounting::timed_out);
    }
    service(now, index);
}

// Nobody can tell whether it was answered: it is asked again when its turn comes, the nearest hop first.
void tracer::state::withdraw(time_point now, std::uint32_t flight) {
    const probe_flight f = flights[flight];
    trace_run& t = *traces[f.trace];
    uncount(t, &stats::accounting::pending);
    count(t, &stats::accounting::cancelled);
    release(flight, false);
    *t.find(f.ticket) = {trace_run::ticket_phase::queued, probe_flight::nowhere};
    const auto place = std::ranges::find_if(
        t.queue, [&](const trace_run::queued_probe& q) { return !q.again || q.wish.ttl > f.wish.ttl; });
    t.queue.insert(place, {f.ticket, f.wish, true, f.sent_at});
    t.send_due = std::max(t.send_due, now);
    if (t.ready_position != probe_flight::nowhere) ready.update(traces, f.trace);
}

void tracer::handle_timeout(time_point now) {
    state& s = *state_;
    while (s.flights.earliest() != probe_flight::nowhere && s.flights[s.flights.earliest()].deadline <= now) {
        if (s.many_events()) return;
        s.expire(now, s.flights.earliest());
    }
    while (!s.wakes.empty() && s.traces[s.wakes.top()]->wake <= now) {
        if (s.many_events()) return;
        s.service(now, s.wakes.top());
    }
}

time_point tracer::next_transmit() const {
    const state& s = *state_;
    if (s.lane_wanted || s.ready.empty() || s.flights.size() >= s.options.in_flight) return time_point::max();
    return std::max(s.traces[s.ready.top()]->send_due, s.pace.ready_at());
}

time_point tracer::next_timeout() const {
    const state& s = *state_;
    time_point next = time_point::max();
    if (s.flights.earliest() != probe_flight::nowhere) next = s.flights[s.flights.earliest()].deadline;
    if (!s.wakes.empty()) next = std::min(next, s.traces[s.wakes.top()]->wake);
    return next;
}

std::optional<trace_event> tracer::poll_event() {
    state& s = *state_;
    if (s.told_done) s.finished.erase(*std::exchange(s.told_done, std::nullopt));
    if (s.events.empty()) return std::nullopt;
    trace_event e = std::move(s.events.front());
    s.events.pop_front();
    if (e.kind == trace_event_kind::done) s.told_done = e.id;
    return e;
}

stats::accounting tracer::accounting() const noexcept {
    return state_->counts;
}

std::optional<stats::accounting> tracer::accounting(std::uint64_t id) const noexcept {
    if (const auto found = state_->by_id.find(id); found != state_->by_id.end()) {
        return state_->traces[found->second]->counts;
    }
    const auto found = state_->finished.find(id);
    return found != state_->finished.end() ? std::optional{found->second} : std::nullopt;
}

bool tracer::idle() const noexcept {
    return state_->by_id.empty();
}

}  // namespace sonde::probe
