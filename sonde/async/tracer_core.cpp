#include <cerrno>
#include <random>
#include <span>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/strand.hpp>

#include <sonde/async/socket_trace_lanes.hpp>
#include <sonde/async/tracer_loop.hpp>

namespace sonde::async {

namespace asio = boost::asio;

namespace {

constexpr std::size_t receive_count = 16;
constexpr std::size_t receive_bytes = 65536;  // an echo reply of any size: its checksum covers all of it

std::array<std::uint64_t, 2> random_key() {
    std::random_device source;  // the system's, on Linux
    const auto word = [&source] { return (std::uint64_t{source()} << 32) | source(); };
    return {word(), word()};
}

/// In the order in which they are tried.
std::span<const probe::lane_kind> kinds_of(probe::trace_method method) {
    static constexpr std::array udp{probe::lane_kind::udp};
    static constexpr std::array icmp{probe::lane_kind::icmp};
    static constexpr std::array tcp{probe::lane_kind::tcp_raw, probe::lane_kind::tcp_connect};
    switch (method) {
        case probe::trace_method::udp:
            return udp;
        case probe::trace_method::icmp:
            return icmp;
        case probe::trace_method::tcp:
            return tcp;
    }
    return {};
}

}  // namespace

tracer_loop::tracer_loop(asio::any_io_executor executor, const tracer_options& options,
                         std::shared_ptr<timekeeper> time, trace_lane_opener opener)
    : executor_(std::move(executor)),
      strand_(asio::make_strand(executor_)),
      options_(options),
      time_(std::move(time)),
      opener_(std::move(opener)),
      machine_({.key = random_key(), .rate = options_.rate, .burst = options_.burst, .in_flight = options_.in_flight}),
      timer_(time_->make_alarm(strand_)),
      received_(receive_count, receive_bytes) {}

std::uint64_t tracer_loop::reserve(const probe::trace_options& options) {
    const lock held(mutex_);
    const std::uint64_t id = next_id_++;
    traces_.emplace(id, trace_state{.options = options});
    return id;
}

void tracer_loop::begin(std::uint64_t id, trace_state& state) {
    state.started = true;
    if (!closed_ && !state.cancelled) {
        probe::trace_options options = state.options;
        if (options.interface == 0) options.interface = options.destination.scope_id();
        machine_.start(now(), options, id);
        wake_soon();
        return;
    }
    probe::trace_event done;
    done.kind = probe::trace_event_kind::done;
    done.id = id;
    done.at = now();
    done.end = closed_ ? probe::trace_end::closed : probe::trace_end::cancelled;
    tell(state, std::move(done));
}

void tracer_loop::start(std::uint64_t id) {
    lock held(mutex_);
    begin(id, traces_.at(id));
    deliver(std::move(held));
}

void tracer_loop::start_whole(std::uint64_t id, std::unique_ptr<trace_result_waiter> waiter) {
    lock held(mutex_);
    trace_state& state = traces_.at(id);
    state.whole.emplace(state.options);
    state.whole_waiter = std::move(waiter);
    begin(id, state);
    deliver(std::move(held));
}

void tracer_loop::tell(trace_state& state, probe::trace_event&& e) {
    const bool done = e.kind == probe::trace_event_kind::done;
    state.over = state.over || done;
    const std::uint64_t id = e.id;
    if (state.whole) {
        state.whole->add(std::move(e));
        if (!done) return;
        completions_.push_back({.whole_waiter = std::move(state.whole_waiter), .whole = std::move(state.whole)});
        traces_.erase(id);
    } else if (state.waiter) {
        completions_.push_back({.waiter = std::move(state.waiter), .event = std::move(e)});
    } else if (done || state.events.size() < options_.queue) {
        state.events.push_back(std::move(e));
    } else {
        ++state.missed;
    }
}

void tracer_loop::take_events() {
    while (auto e = machine_.poll_event()) {
        const auto found = traces_.find(e->id);
        if (found == traces_.end()) continue;  // its handle is gone
        if (e->kind == probe::trace_event_kind::done) found->second.last = machine_.accounting(e->id);
        tell(found->second, std::move(*e));
    }
}

void tracer_loop::deliver(lock held) {
    auto completions = std::exchange(completions_, {});
    held.unlock();
    for (completion& c : completions) {
        if (c.waiter) c.waiter->complete(c.error, std::move(c.event));
        if (c.whole_waiter) c.whole_waiter->complete(*std::move(c.whole));
    }
}

void tracer_loop::cancel(std::uint64_t id) {
    const lock held(mutex_);
    const auto found = traces_.find(id);
    if (closed_ || found == traces_.end()) return;
    found->second.cancelled = true;
    if (found->second.started && machine_.cancel(now(), id)) wake_soon();
}

void tracer_loop::finish_round(std::uint64_t id) {
    const lock held(mutex_);
    if (closed_ || !traces_.contains(id)) return;
    machine_.finish_round(id);
    wake_soon();
}

void tracer_loop::release(std::uint64_t id) {
    lock held(mutex_);
    const auto found = traces_.find(id);
    if (found == traces_.end()) return;
    if (found->second.waiter) {
        completions_.push_back({.waiter = std::move(found->second.waiter), .error = asio::error::operation_aborted});
    }
    const bool runs = found->second.started && !found->second.over && !closed_;
    traces_.erase(found);
    if (runs && machine_.cancel(now(), id)) wake_soon();
    deliver(std::move(held));
}

void tracer_loop::next(std::uint64_t id, std::unique_ptr<trace_event_waiter> waiter) {
    lock held(mutex_);
    const auto found = traces_.find(id);
    if (found == traces_.end()) {  // a deferred wait that was begun after its handle had gone
        completions_.push_back({.waiter = std::move(waiter), .error = asio::error::operation_aborted});
        return deliver(std::move(held));
    }
    trace_state& state = found->second;
    if (state.waiter) {
        completions_.push_back({.waiter = std::move(waiter), .error = asio::error::already_started});
    } else if (!state.events.empty()) {
        completions_.push_back({.waiter = std::move(waiter), .event = std::move(state.events.front())});
        state.events.pop_front();
    } else if (state.over) {
        completions_.push_back({.waiter = std::move(waiter)});
    } else {
        state.waiter = std::move(waiter);
    }
    deliver(std::move(held));
}

void tracer_loop::cancel_next(std::uint64_t id) {
    lock held(mutex_);
    const auto found = traces_.find(id);
    if (found == traces_.end() || !found->second.waiter) return;
    completions_.push_back({.waiter = std::move(found->second.waiter), .error = asio::error::operation_aborted});
    deliver(std::move(held));
}

std::optional<probe::trace_event> tracer_loop::try_next(std::uint64_t id) {
    const lock held(mutex_);
    trace_state& state = traces_.at(id);
    if (state.waiter || state.events.empty()) return std::nullopt;
    std::optional<probe::trace_event> e(std::move(state.events.front()));
    state.events.pop_front();
    return e;
}

std::uint64_t tracer_loop::missed(std::uint64_t id) const {
    const lock held(mutex_);
    return traces_.at(id).missed;
}

// The executor may be gone when handles are: nothing keeps it from here on.
void tracer_loop::close() {
    lock held(mutex_);
    if (closed_) return;
    closed_ = true;
    machine_.close(now());
    take_events();
    lanes_.clear();
    beside_.clear();
    timer_.reset();
    const asio::any_io_executor strand = std::exchange(strand_, asio::any_io_executor{});
    deliver(std::move(held));
}

result<trace_mechanism> tracer_loop::open(probe::trace_method method, family f, const ip_address& source,
                                          std::uint32_t interface) {
    const lock held(mutex_);
    failure why;
    for (const probe::lane_kind kind : kinds_of(method)) {
        const probe::lane_wish wish{.kind = kind, .family = f, .source = source, .interface = interface};
        for (const auto& l : lanes_) {
            if (l->about().wish == wish) return l->about().mechanism;
        }
        auto opened = open_lane(wish);
        if (opened) return opened;
        why = opened.error();
    }
    return why;
}

result<trace_mechanism> tracer_loop::open_lane(const probe::lane_wish& wish) {
    using namespace std::chrono_literals;
    // The kernel turns receive timestamps on some time after the first socket has asked for them (seen).
    constexpr duration stamps_settle = 2ms;
    auto opened = opener_(strand_, static_cast<std::uint32_t>(lanes_.size()), wish);
    auto& refused = refusal_of(wish.kind, wish.family);
    if (!opened) {
        const int why = opened.error().code.value();
        refused = opened.error();
        machine_.refuse_lane(now(), wish, why != 0 ? why : EIO);
        return opened.error();
    }
    refused.reset();
    const trace_lane::facts& about = opened->lane->about();
    machine_.add_lane(wish, about.machine);
    if (lanes_.empty()) stamps_from_ = now() + stamps_settle;
    lanes_.push_back(std::move(opened->lane));
    if (opened->beside) beside_.push_back(std::move(opened->beside));
    return lanes_.back()->about().mechanism;
}

std::optional<failure> tracer_loop::refusal(probe::trace_method method, family f) const {
    const lock held(mutex_);
    const auto kind = static_cast<std::size_t>(kinds_of(method).front());
    return refusals_[2 * kind + (f == family::v4 ? 0 : 1)];
}

void tracer_loop::report_drops(time_point at) {
    for (const auto& l : lanes_) l->report_drops(at, machine_);
    for (const auto& b : beside_) b->report_drops(at, machine_);
}

stats::accounting tracer_loop::accounting() {
    const lock held(mutex_);
    report_drops(now());
    return machine_.accounting();
}

std::optional<stats::accounting> tracer_loop::accounting(std::uint64_t id) const {
    const lock held(mutex_);
    const auto found = traces_.find(id);
    if (found == traces_.end()) return std::nullopt;
    return found->second.last ? found->second.last : machine_.accounting(id);
}

bool tracer_loop::idle() const {
    const lock held(mutex_);
    return machine_.idle();
}

wall_time tracer_loop::wall(time_point t) const {
    const lock held(mutex_);
    return clock_.to_wall(t);
}

std::shared_ptr<tracer_core> tracer_core::make(asio::any_io_executor executor, const tracer_options& options,
                                               std::shared_ptr<timekeeper> time, trace_lane_opener opener) {
    return std::make_shared<tracer_loop>(std::move(executor), options, std::move(time), std::move(opener));
}

std::shared_ptr<tracer_core> tracer_core::make(asio::any_io_executor executor, const tracer_options& options) {
    return make(std::move(executor), options, machine_time(), socket_trace_lanes(options));
}

}  // namespace sonde::async
