#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <sonde/async/lane.hpp>
#include <sonde/async/listener_core.hpp>
#include <sonde/async/wall_clock_bridge.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::async {

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;
constexpr std::size_t sends_per_step = 512;

// How long everybody waits for room in a send buffer before what found none is dropped.
constexpr duration longest_block = 20ms;

// The kernel turns receive timestamps on some time after the first socket has asked for them (seen): a first ping that
// left at once would have none.
constexpr duration stamps_settle = 2ms;

std::array<std::uint64_t, 2> random_key() {
    std::random_device source;  // the system's, on Linux
    const auto word = [&source] { return (std::uint64_t{source()} << 32) | source(); };
    return {word(), word()};
}

}  // namespace

/// A batch in progress. Under the listener's lock; `next` and `sink` are called without it, in the strand.
struct batch_state {
    explicit batch_state(const asio::any_io_executor& executor) : timer(executor) {}

    batch_request request;
    probe::pacer pacer;
    asio::steady_timer timer;
    bool exhausted = false;  // nothing more is read from the range
    bool cancelled = false;
    bool pumping = false;
    bool finished = false;
    std::vector<std::uint64_t> operations;  // in flight, in no order; `operation::place` is the index
};

namespace {

class core final : public listener_core, public std::enable_shared_from_this<core> {
public:
    core(asio::any_io_executor executor, listener_options options)
        : executor_(std::move(executor)),
          strand_(asio::make_strand(executor_)),
          options_(std::move(options)),
          prober_({.key = random_key(),
                   .rate = options_.rate,
                   .burst = options_.burst,
                   .in_flight = options_.in_flight,
                   .announce_sends = options_.announce_sends}),
          timer_(std::in_place, strand_) {}

    const asio::any_io_executor& executor() const noexcept override { return executor_; }
    std::uint64_t reserve() override;
    void start(std::uint64_t id, const ip_address& target, const ping_options& options,
               std::unique_ptr<completion> waiter) override;
    void cancel(std::uint64_t id) override;
    std::uint64_t reserve_batch() override;
    void start_batch(std::uint64_t id, batch_request request) override;
    void cancel_batch(std::uint64_t id) override;
    std::uint32_t add_target(const probe::target_options& target) override;
    void stop_targets() override;
    void stop_target(std::uint32_t target) override;
    void close() override;
    result<socket::icmp_socket_kind> open(family f) override;
    std::optional<failure> refusal(family f) const override;
    stats::accounting accounting() override;
    probe::echo_prober::progress progress(std::uint32_t target) const override;
    bool idle() const override;
    wall_time wall(time_point t) const override;

private:
    using lock = std::unique_lock<std::mutex>;
    using batch_pointer = std::shared_ptr<batch_state>;

    static time_point now() { return std::chrono::steady_clock::now(); }
    // `step` and what it calls run in the strand. Those that are given the lock let go of it.
    void wake_soon();
    void on_readable(std::uint32_t lane_number, std::uint64_t wait);
    void step(lock held, time_point at);
    void transmit(time_point at);
    [[nodiscard]] time_point transmit_after() const;
    socket::receive_batch& receive_buffers();
    std::size_t compose(time_point at);
    bool flush(time_point at);
    void unblock(time_point at);
    result<socket::icmp_socket_kind> open_lane(const probe::lane_request& request);
    void wait(time_point at);
    void take_events(std::vector<probe::event>& into);
    void deliver(std::vector<probe::event> events);
    void deliver_to_operation(probe::event&& e);
    void launch(std::uint64_t id, operation& op, const ping_options& options);
    void remove(std::uint64_t id, operation& op);
    void hand_out(const batch_pointer& batch, const ping_result& result);
    void pump(const batch_pointer& batch);
    void finish_if_over(lock held, const batch_pointer& batch);
    /// Where the next turn is to happen.
    [[nodiscard]] asio::any_io_executor turn() const {
        const lock held(mutex_);
        return closed_ ? executor_ : strand_;
    }

    /// A sink or a range may throw; its batch goes on all the same.
    struct goes_on {
        core& self;
        const batch_pointer& batch;
        ~goes_on() {
            if (std::uncaught_exceptions() == 0) return;
            asio::post(self.turn(), [core = self.shared_from_this(), b = batch] { core->pump(b); });
        }
    };

    asio::any_io_executor executor_;
    asio::any_io_executor strand_;  // let go of by `close`: handles may outlive the context
    listener_options options_;
    std::atomic<bool> closed_ = false;

    mutable std::mutex mutex_;
    probe::echo_prober prober_;
    wall_clock_bridge clock_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::array<std::optional<failure>, 2> refusals_;
    std::optional<asio::steady_timer> timer_;
    time_point timer_at_ = time_point::max();  // max: not armed
    time_point last_transmit_ = time_point::min();
    time_point stamps_from_ = time_point::min();
    std::optional<time_point> blocked_since_;  // a send buffer is full
    std::vector<std::byte> arena_;
    std::optional<socket::receive_batch> received_;
    operation_table operations_;
    std::map<std::uint64_t, batch_pointer> batches_;
    std::uint64_t next_batch_ = 0;
    bool wake_posted_ = false;
};

std::uint64_t core::reserve() {
    const lock held(mutex_);
    return operations_.add();
}

void core::start(std::uint64_t id, const ip_address& target, const ping_options& options,
                 std::unique_ptr<completion> waiter) {
    lock held(mutex_);
    operation& op = *operations_.find(id);
    if (closed_ || op.cancelled) {
        operations_.remove(id);
        held.unlock();
        ping_result result{.target = target, .sequence = 0, .outcome = cancelled{}};
        if (closed_) result.outcome = closed{};
        return waiter->complete(std::move(result));
    }
    op.waiter = std::move(waiter);
    op.target = target;
    launch(id, op, options);
    wake_soon();
}

void core::launch(std::uint64_t id, operation& op, const ping_options& options) {
    op.started = true;
    op.lingers = options.linger > duration::zero();
    probe::ping_request request{.destination = op.target, .timeout = options.timeout, .profile = options.profile()};
    if (op.target.scope_id() != 0 && request.profile.interface == 0) request.profile.interface = op.target.scope_id();
    op.ticket = prober_.ping(now(), request, id);
}

void core::remove(std::uint64_t id, operation& op) {
    if (op.batch) {
        auto& siblings = op.batch->operations;
        siblings[op.place] = siblings.back();
        operations_.find(siblings[op.place])->place = op.place;
        siblings.pop_back();
    }
    operations_.remove(id);
}

void core::cancel(std::uint64_t id) {
    const lock held(mutex_);
    operation* op = operations_.find(id);
    if (closed_ || op == nullptr) return;
    op->cancelled = true;
    if (!op->started) return;
    prober_.cancel(now(), id, op->where, op->ticket);
    wake_soon();
}

std::uint32_t core::add_target(const probe::target_options& target) {
    const lock held(mutex_);
    probe::target_options options = target;
    if (target.destination.scope_id() != 0 && options.profile.interface == 0) {
        options.profile.interface = target.destination.scope_id();
    }
    const std::uint32_t index = prober_.add_target(now(), options);
    wake_soon();
    return index;
}

void core::stop_targets() {
    const lock held(mutex_);
    prober_.stop_all_targets();
}

void core::stop_target(std::uint32_t target) {
    const lock held(mutex_);
    prober_.stop_target(target);
}

// Waiters, sinks and the last words of batches belong to the strand, which may be at work with them in another thread.
void core::close() {
    lock held(mutex_);
    if (closed_) return;
    closed_ = true;
    std::vector<probe::event> events;
    prober_.close(now());
    take_events(events);
    lanes_.clear();
    timer_.reset();
    for (const auto& [id, batch] : batches_) {
        batch->exhausted = true;
        batch->timer.cancel();
    }
    const asio::any_io_executor strand = std::exchange(strand_, asio::any_io_executor{});
    held.unlock();
    asio::post(strand, [self = shared_from_this(), events = std::move(events)]() mutable {
        self->deliver(std::move(events));
        lock inside(self->mutex_);
        const auto batches = self->batches_;
        inside.unlock();
        for (const auto& [id, batch] : batches) self->finish_if_over(lock(self->mutex_), batch);
    });
}

result<socket::icmp_socket_kind> core::open(family f) {
    const lock held(mutex_);
    for (const auto& l : lanes_) {
        if (l->socket().family() == f) return l->socket().kind();
    }
    return open_lane({.family = f, .source = options_.socket.source});
}

result<socket::icmp_socket_kind> core::open_lane(const probe::lane_request& request) {
    socket::icmp_socket_options options = options_.socket;
    options.source = request.source;
    auto socket = socket::icmp_socket::open(request.family, options);
    auto& refusal = refusals_[request.family == family::v4 ? 0 : 1];
    if (!socket) {
        const int why = socket.error().code.value();
        refusal = socket.error();
        prober_.refuse_lane(now(), request, why != 0 ? why : EIO);
        return socket.error();
    }
    refusal.reset();
    const auto kind = socket->kind();
    // The kernel computes the checksum everywhere but on a raw IPv4 socket.
    const auto fill = socket->delivers_ip_header() ? wire::checksum_fill::compute : wire::checksum_fill::leave;
    std::optional<ip_address> only_source;
    if (!socket->messages_carry_source()) only_source = request.source;
    const std::uint32_t number = prober_.add_lane(request.family, socket->identifier(), fill, only_source);
    if (lanes_.empty()) stamps_from_ = now() + stamps_settle;
    lanes_.push_back(std::make_unique<lane>(strand_, std::move(*socket), number));
    return kind;
}

std::optional<failure> core::refusal(family f) const {
    const lock held(mutex_);
    return refusals_[f == family::v4 ? 0 : 1];
}

stats::accounting core::accounting() {
    const lock held(mutex_);
    for (const auto& l : lanes_) l->report_drops(now(), prober_);
    return prober_.accounting();
}

probe::echo_prober::progress core::progress(std::uint32_t target) const {
    const lock held(mutex_);
    return prober_.target_progress(target);
}

bool core::idle() const {
    const lock held(mutex_);
    return prober_.idle();
}

wall_time core::wall(time_point t) const {
    const lock held(mutex_);
    return clock_.to_wall(t);
}

void core::wake_soon() {
    if (wake_posted_ || closed_) return;
    wake_posted_ = true;
    asio::post(strand_, [self = shared_from_this()] {
        lock held(self->mutex_);
        self->wake_posted_ = false;
        self->clock_.refresh();
        self->step(std::move(held), now());
    });
}

void core::on_readable(std::uint32_t lane_number, std::uint64_t wait) {
    lock held(mutex_);
    if (closed_ || !lanes_[lane_number]->woken(wait)) return;
    clock_.refresh();
    lanes_[lane_number]->drain(clock_, receive_buffers(), prober_);
    step(std::move(held), now());
}

void core::step(lock held, time_point at) {
    if (closed_) return;
    if (prober_.next_timeout() <= at) {
        for (const auto& l : lanes_) l->report_drops(at, prober_);
        prober_.handle_timeout(at);
    }
    std::vector<probe::event> events;
    take_events(events);
    unblock(at);
    transmit(at);
    take_events(events);
    wait(at);
    held.unlock();
    deliver(std::move(events));
}

void core::transmit(time_point at) {
    if (blocked_since_ || at < transmit_after()) return;
    for (std::size_t sent = 0; sent < sends_per_step;) {
        const std::size_t composed = compose(at);
        if (composed == 0) {
            const auto wanted = prober_.lane_wanted();  // a copy: opening changes it
            if (!wanted) return;
            (void)open_lane(*wanted);
            if (at < transmit_after()) return;
            continue;
        }
        sent += composed;
        last_transmit_ = at;
        if (!flush(at)) return;
        if (composed < arena_.size() / std::max<std::size_t>(prober_.largest_datagram(), 1)) continue;
        // A long burst would fill the receive buffer with its own replies.
        for (const auto& l : lanes_) l->drain(clock_, receive_buffers(), prober_);
        at = now();
    }
}

// Each wake-up would send the one ping that has come due since the last; gathered they cost half.
time_point core::transmit_after() const {
    const bool gathers = last_transmit_ != time_point::min() && prober_.can_wait(options_.coalesce);
    return std::max(stamps_from_, gathers ? last_transmit_ + options_.coalesce : time_point::min());
}

// There from the first wake-up on, which may come before anything was sent: a raw socket gets everybody's replies.
socket::receive_batch& core::receive_buffers() {
    // Room for a longer answer than was asked for, and for a raw socket's IP header.
    const std::size_t wanted = prober_.largest_datagram() + 256;
    if (!received_ || received_->bytes_each() < wanted) {
        const std::size_t each = std::max<std::size_t>(2048, wanted);
        received_.emplace(std::clamp<std::size_t>(buffer_bytes / each, 4, 64), each);
    }
    return *received_;
}

std::size_t core::compose(time_point at) {
    const std::size_t size = prober_.largest_datagram();
    const std::size_t room = std::clamp<std::size_t>(buffer_bytes / size, 1, socket::icmp_socket::send_limit);
    if (arena_.size() != room * size) arena_.resize(room * size);
    std::size_t composed = 0;
    while (composed < room) {
        const auto message = prober_.poll_transmit(at, bytes_span{arena_}.subspan(composed * size, size));
        if (!message) break;
        lanes_[message->where.lane]->enqueue(*message);
        if (!message->series) {
            if (operation* op = operations_.find(message->id)) op->where = message->where;
        }
        ++composed;
    }
    return composed;
}

bool core::flush(time_point at) {
    bool all = true;
    for (const auto& l : lanes_) {
        if (l->flush(at, prober_)) continue;
        all = false;
        if (!blocked_since_) blocked_since_ = at;
        l->wait_writable([self = shared_from_this()] {
            lock held(self->mutex_);
            self->step(std::move(held), now());
        });
    }
    return all;
}

// What waited for room in a send buffer leaves, or is dropped when it has waited long enough.
void core::unblock(time_point at) {
    if (!blocked_since_) return;
    if (at >= *blocked_since_ + longest_block) {
        for (const auto& l : lanes_) l->give_up(at, prober_);
        blocked_since_.reset();
    } else if (std::ranges::all_of(lanes_, [&](const auto& l) { return l->flush(at, prober_); })) {
        blocked_since_.reset();
    }
}

void core::wait(time_point at) {
    const time_point timeout = prober_.next_timeout();
    const time_point transmit_at =
        blocked_since_ ? *blocked_since_ + longest_block : std::max(prober_.next_transmit(), transmit_after());
    if (timeout == time_point::max() && transmit_at == time_point::max()) {
        for (const auto& l : lanes_) l->cancel_waits();
        timer_->cancel();
        timer_at_ = time_point::max();
        return;
    }
    for (const auto& l : lanes_) {
        l->wait_readable(
            [self = shared_from_this(), number = l->number()](std::uint64_t wait) { self->on_readable(number, wait); });
    }
    const time_point wanted = std::max(at, std::min(timeout, transmit_at));
    if (timer_at_ <= wanted) return;  // it fires early enough as it is
    timer_at_ = wanted;
    timer_->expires_at(wanted);
    timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error == asio::error::operation_aborted) return;
        lock held(self->mutex_);
        self->timer_at_ = time_point::max();
        self->clock_.refresh();
        self->step(std::move(held), now());
    });
}

void core::take_events(std::vector<probe::event>& into) {
    while (auto e = prober_.poll_event()) into.push_back(std::move(*e));
}

// The observer and the sinks are the caller's code: when one throws, the rest is delivered by the next turn.
void core::deliver(std::vector<probe::event> events) {
    std::size_t next = 0;
    struct rest {
        core& self;
        std::vector<probe::event>& events;
        std::size_t& next;
        ~rest() {
            if (next == events.size()) return;
            events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(next));
            asio::post(self.turn(), [core = self.shared_from_this(), left = std::move(events)]() mutable {
                core->deliver(std::move(left));
            });
        }
    } const guard{*this, events, next};
    while (next < events.size()) {
        probe::event& e = events[next++];
        const bool series = e.series;
        if (options_.observer && !closed_) options_.observer(e);
        if (!series) deliver_to_operation(std::move(e));
    }
}

void core::deliver_to_operation(probe::event&& e) {
    lock held(mutex_);
    const std::uint64_t id = e.id;
    operation* op = operations_.find(id);
    if (op == nullptr || !op->started) return;
    if (e.kind == probe::event_kind::duplicate && op->answered) {
        ++std::get<ping_reply>(op->answered->outcome).duplicates;
        return;
    }
    const bool settled = e.kind == probe::event_kind::settled && op->answered;
    if (!settled && !probe::is_outcome(e.kind)) return;

    const bool lingers = e.kind == probe::event_kind::reply && op->lingers;
    ping_result result = settled ? std::move(*op->answered) : ping_result::from(std::move(e));
    result.target = op->target;
    if (lingers) {
        op->answered = std::make_unique<ping_result>(std::move(result));
        return;
    }
    const auto waiter = std::move(op->waiter);
    const auto batch = op->batch;
    remove(id, *op);
    held.unlock();
    if (waiter) return waiter->complete(std::move(result));
    hand_out(batch, result);
}

void core::hand_out(const batch_pointer& batch, const ping_result& result) {
    const goes_on guard{*this, batch};
    batch->request.sink(result);
    pump(batch);
}

std::uint64_t core::reserve_batch() {
    const lock held(mutex_);
    const std::uint64_t id = next_batch_++;
    batches_.emplace(id, std::make_shared<batch_state>(executor_));
    return id;
}

void core::start_batch(std::uint64_t id, batch_request request) {
    const lock held(mutex_);
    const batch_pointer batch = batches_.at(id);
    const auto burst = static_cast<std::uint32_t>(std::clamp(request.rate * 0.002, 1.0, 1e6));
    batch->pacer = probe::pacer(request.rate, burst);
    batch->request = std::move(request);
    batch->request.in_flight = std::max(batch->request.in_flight, 1U);
    batch->exhausted = batch->exhausted || closed_;
    asio::post(closed_ ? executor_ : strand_, [self = shared_from_this(), batch] { self->pump(batch); });
}

void core::cancel_batch(std::uint64_t id) {
    const lock held(mutex_);
    const auto found = batches_.find(id);
    if (closed_ || found == batches_.end()) return;
    const batch_pointer& batch = found->second;
    batch->exhausted = batch->cancelled = true;
    batch->timer.cancel();
    for (const std::uint64_t operation_id : batch->operations) {
        const operation& op = *operations_.find(operation_id);
        prober_.cancel(now(), operation_id, op.where, op.ticket);
    }
    wake_soon();
    asio::post(strand_, [self = shared_from_this(), batch] { self->pump(batch); });
}

// Starts what the batch may start now. The range is read without the lock: it is the caller's code, and may throw.
void core::pump(const batch_pointer& batch) {
    lock held(mutex_);
    if (batch->pumping || !batch->request.next) return;
    batch->pumping = true;
    while (!closed_ && !batch->exhausted && batch->operations.size() < batch->request.in_flight) {
        const time_point at = now();
        if (!batch->pacer.ready(at)) {
            batch->timer.expires_at(std::max(batch->pacer.ready_at(), at + 1ms));
            batch->timer.async_wait(asio::bind_executor(
                strand_, [self = shared_from_this(), batch](const boost::system::error_code& error) {
                    if (error != asio::error::operation_aborted) self->pump(batch);
                }));
            break;
        }
        batch->exhausted = true;  // unless the range gives one more
        batch->pumping = false;
        held.unlock();
        const goes_on guard{*this, batch};
        const auto target = batch->request.next();
        held.lock();
        batch->pumping = true;
        if (!target || closed_ || batch->cancelled) break;
        batch->exhausted = false;
        batch->pacer.take(at);
        const std::uint64_t id = operations_.add();
        operation& op = *operations_.find(id);
        op.target = *target;
        op.batch = batch;
        op.place = static_cast<std::uint32_t>(batch->operations.size());
        batch->operations.push_back(id);
        launch(id, op, batch->request.options);
        wake_soon();
    }
    batch->pumping = false;
    finish_if_over(std::move(held), batch);
}

void core::finish_if_over(lock held, const batch_pointer& batch) {
    if (!batch->exhausted || !batch->operations.empty() || batch->finished || batch->pumping) return;
    if (!batch->request.done) return;
    batch->finished = true;
    std::erase_if(batches_, [&](const auto& entry) { return entry.second == batch; });
    const auto done = std::move(batch->request.done);
    held.unlock();
    done();
}

}  // namespace

std::shared_ptr<listener_core> listener_core::make(asio::any_io_executor executor, listener_options options) {
    return std::make_shared<core>(std::move(executor), std::move(options));
}

}  // namespace sonde::async
