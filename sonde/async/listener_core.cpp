#include <algorithm>
#include <cerrno>
#include <chrono>
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

std::array<std::uint64_t, 2> random_key() {
    std::random_device source;  // the system's, on Linux
    const auto word = [&source] { return (std::uint64_t{source()} << 32) | source(); };
    return {word(), word()};
}

struct batch_state {
    batch_request request;
    probe::pacer pacer;
    asio::steady_timer timer;
    std::uint32_t in_flight = 0;
    bool exhausted = false;
    bool finished = false;
    bool pumping = false;
    std::vector<std::uint64_t> operations;  // those in flight, in no order; `place` of an operation is its index
};

struct operation {
    std::unique_ptr<completion> waiter;
    std::shared_ptr<batch_state> batch;
    std::optional<probe::flight_ref> where;
    std::optional<ping_result> answered;  // while duplicates are counted
    std::uint32_t place = 0;
    std::uint32_t generation = 0;
    bool lingers = false;
};

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
    std::uint64_t start(const ip_address& target, const ping_options& options,
                        std::unique_ptr<completion> waiter) override;
    void cancel(std::uint64_t id) override;
    std::uint64_t start_batch(batch_request request) override;
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

    static time_point now() { return std::chrono::steady_clock::now(); }
    // All below: `step` and what it calls run in the strand; those with a lock argument hold it.
    void wake_soon();
    void on_readable(std::uint32_t lane_number);
    void step(lock held, time_point at);
    void transmit(time_point at);
    std::size_t compose(time_point at);
    bool flush(time_point at);
    result<socket::icmp_socket_kind> open_lane(const probe::lane_request& request);
    void wait(time_point at);
    void take_events(std::vector<probe::event>& into);
    void deliver(std::vector<probe::event>& events);
    void deliver_to_operation(probe::event&& e);
    std::uint64_t new_operation(const ip_address& target, const ping_options& options,
                                std::unique_ptr<completion> waiter, std::shared_ptr<batch_state> batch);
    operation* find(std::uint64_t id);
    void free_operation(std::uint64_t id);
    void pump(const std::shared_ptr<batch_state>& batch);
    void finish_if_over(lock held, const std::shared_ptr<batch_state>& batch);

    asio::any_io_executor executor_;
    asio::any_io_executor strand_;
    listener_options options_;

    mutable std::mutex mutex_;
    probe::echo_prober prober_;
    wall_clock_bridge clock_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::array<std::optional<failure>, 2> refusals_;
    std::optional<asio::steady_timer> timer_;
    time_point timer_at_ = time_point::max();  // max: not armed
    time_point last_transmit_ = time_point::min();
    std::vector<std::byte> arena_;
    std::optional<socket::receive_batch> received_;
    std::vector<operation> operations_;
    std::vector<std::uint32_t> free_operations_;
    std::vector<std::weak_ptr<batch_state>> batches_;
    bool wake_posted_ = false;
    bool blocked_ = false;  // a send buffer is full
    bool closed_ = false;
};

std::uint64_t core::start(const ip_address& target, const ping_options& options, std::unique_ptr<completion> waiter) {
    lock held(mutex_);
    if (closed_) {
        held.unlock();
        waiter->complete({.target = target, .sequence = 0, .outcome = closed{}});
        return ~std::uint64_t{0};
    }
    const std::uint64_t id = new_operation(target, options, std::move(waiter), nullptr);
    wake_soon();
    return id;
}

std::uint64_t core::new_operation(const ip_address& target, const ping_options& options,
                                  std::unique_ptr<completion> waiter, std::shared_ptr<batch_state> batch) {
    std::uint32_t index = 0;
    if (free_operations_.empty()) {
        index = static_cast<std::uint32_t>(operations_.size());
        operations_.emplace_back();
    } else {
        index = free_operations_.back();
        free_operations_.pop_back();
    }
    operation& op = operations_[index];
    op.waiter = std::move(waiter);
    op.batch = std::move(batch);
    op.where.reset();
    op.answered.reset();
    op.lingers = options.linger > duration::zero();
    probe::ping_request request{.destination = target, .timeout = options.timeout, .profile = options.profile()};
    if (target.scope_id() != 0 && request.profile.interface == 0) request.profile.interface = target.scope_id();
    const std::uint64_t id = (std::uint64_t{op.generation} << 32) | index;
    if (op.batch) {
        op.place = static_cast<std::uint32_t>(op.batch->operations.size());
        op.batch->operations.push_back(id);
    }
    prober_.ping(now(), request, id);
    return id;
}

operation* core::find(std::uint64_t id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= operations_.size() || operations_[index].generation != static_cast<std::uint32_t>(id >> 32)) {
        return nullptr;
    }
    return &operations_[index];
}

void core::free_operation(std::uint64_t id) {
    operation& op = *find(id);
    if (op.batch) {
        auto& siblings = op.batch->operations;
        siblings[op.place] = siblings.back();
        find(siblings[op.place])->place = op.place;
        siblings.pop_back();
        --op.batch->in_flight;
    }
    op.waiter.reset();
    op.batch.reset();
    ++op.generation;
    free_operations_.push_back(static_cast<std::uint32_t>(id));
}

void core::cancel(std::uint64_t id) {
    const lock held(mutex_);
    if (closed_) return;
    if (const operation* op = find(id)) {
        prober_.cancel(now(), id, op->where);
        wake_soon();
    }
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

void core::close() {
    std::vector<probe::event> events;
    std::vector<std::shared_ptr<batch_state>> batches;
    {
        const lock held(mutex_);
        if (closed_) return;
        closed_ = true;
        prober_.close(now());
        take_events(events);
        lanes_.clear();
        timer_.reset();
        for (const auto& weak : batches_) {
            if (auto batch = weak.lock()) {
                batch->exhausted = true;
                batch->timer.cancel();
                batches.push_back(std::move(batch));
            }
        }
    }
    deliver(events);
    for (const auto& batch : batches) finish_if_over(lock(mutex_), batch);
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
    if (!socket) {
        const int why = socket.error().code.value();
        refusals_[request.family == family::v4 ? 0 : 1] = socket.error();
        prober_.refuse_lane(request, why != 0 ? why : EIO);
        return socket.error();
    }
    const auto kind = socket->kind();
    // The kernel computes the checksum everywhere but on a raw IPv4 socket.
    const auto fill = socket->delivers_ip_header() ? wire::checksum_fill::compute : wire::checksum_fill::leave;
    std::optional<ip_address> only_source;
    if (!socket->messages_carry_source()) only_source = request.source;
    const std::uint32_t number = prober_.add_lane(request.family, socket->identifier(), fill, only_source);
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
    if (wake_posted_) return;
    wake_posted_ = true;
    asio::post(strand_, [self = shared_from_this()] {
        lock held(self->mutex_);
        self->wake_posted_ = false;
        self->step(std::move(held), now());
    });
}

void core::on_readable(std::uint32_t lane_number) {
    lock held(mutex_);
    if (closed_) return;
    clock_.refresh();
    lanes_[lane_number]->drain(clock_, *received_, prober_);
    step(std::move(held), now());
}

void core::step(lock held, time_point at) {
    if (closed_) return;
    clock_.refresh();
    if (prober_.next_timeout() <= at) {
        for (const auto& l : lanes_) l->report_drops(at, prober_);
        prober_.handle_timeout(at);
    }
    std::vector<probe::event> events;
    take_events(events);
    transmit(at);
    take_events(events);
    wait(at);
    held.unlock();
    deliver(events);
}

void core::transmit(time_point at) {
    if (blocked_) return;
    for (std::size_t sent = 0; sent < sends_per_step;) {
        const std::size_t composed = compose(at);
        if (composed == 0) {
            const auto wanted = prober_.lane_wanted();  // a copy: opening changes it
            if (!wanted) return;
            (void)open_lane(*wanted);
            continue;
        }
        sent += composed;
        last_transmit_ = at;
        if (!flush(at)) return;
        if (composed < arena_.size() / std::max<std::size_t>(prober_.largest_datagram(), 1)) continue;
        // A long burst would fill the receive buffer with its own replies.
        for (const auto& l : lanes_) l->drain(clock_, *received_, prober_);
        at = now();
    }
}

std::size_t core::compose(time_point at) {
    const std::size_t size = prober_.largest_datagram();
    const std::size_t room = std::clamp<std::size_t>(buffer_bytes / size, 1, socket::icmp_socket::send_limit);
    if (arena_.size() != room * size) arena_.resize(room * size);
    // Room for a longer answer than was asked for, and for a raw socket's IP header.
    if (!received_ || received_->bytes_each() < size + 256) {
        const std::size_t each = std::max<std::size_t>(2048, size + 256);
        received_.emplace(std::clamp<std::size_t>(buffer_bytes / each, 4, 64), each);
    }
    std::size_t composed = 0;
    while (composed < room) {
        const auto message = prober_.poll_transmit(at, bytes_span{arena_}.subspan(composed * size, size));
        if (!message) break;
        lanes_[message->where.lane]->enqueue(*message);
        if (!message->series) {
            if (operation* op = find(message->id)) op->where = message->where;
        }
        ++composed;
    }
    return composed;
}

bool core::flush(time_point at) {
    for (const auto& l : lanes_) {
        if (l->flush(at, prober_)) continue;
        blocked_ = true;
        l->wait_writable([self = shared_from_this()] {
            lock held(self->mutex_);
            if (self->closed_) return;
            self->blocked_ = false;
            const time_point later = now();
            if (self->flush(later)) self->step(std::move(held), later);
        });
        return false;
    }
    return true;
}

void core::wait(time_point at) {
    const time_point timeout = prober_.next_timeout();
    time_point transmit_at = prober_.next_transmit();
    if (timeout == time_point::max() && transmit_at == time_point::max()) {
        for (const auto& l : lanes_) l->cancel_waits();
        timer_->cancel();
        timer_at_ = time_point::max();
        return;
    }
    for (const auto& l : lanes_) {
        l->wait_readable([self = shared_from_this(), number = l->number()] { self->on_readable(number); });
    }
    if (blocked_) {
        transmit_at = time_point::max();
    } else if (last_transmit_ != time_point::min()) {
        transmit_at = std::max(transmit_at, last_transmit_ + options_.coalesce);
    }
    const time_point wanted = std::max(at, std::min(timeout, transmit_at));
    if (timer_at_ <= wanted) return;  // it fires early enough as it is
    timer_at_ = wanted;
    timer_->expires_at(wanted);
    timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error == asio::error::operation_aborted) return;
        lock held(self->mutex_);
        self->timer_at_ = time_point::max();
        self->step(std::move(held), now());
    });
}

void core::take_events(std::vector<probe::event>& into) {
    while (auto e = prober_.poll_event()) into.push_back(std::move(*e));
}

void core::deliver(std::vector<probe::event>& events) {
    for (probe::event& e : events) {
        if (options_.observer) options_.observer(e);
        if (!e.series) deliver_to_operation(std::move(e));
    }
}

void core::deliver_to_operation(probe::event&& e) {
    lock held(mutex_);
    operation* op = find(e.id);
    if (op == nullptr) return;
    const std::uint64_t id = e.id;
    if (e.kind == probe::event_kind::duplicate && op->answered) {
        ++std::get<ping_reply>(op->answered->outcome).duplicates;
        return;
    }
    if (e.kind == probe::event_kind::reply && op->lingers) {
        op->answered = ping_result::from(std::move(e));
        return;
    }
    const bool settled = e.kind == probe::event_kind::settled && op->answered.has_value();
    if (!settled && !probe::is_outcome(e.kind)) return;

    ping_result result = settled ? std::move(*op->answered) : ping_result::from(std::move(e));
    const auto waiter = std::move(op->waiter);
    const auto batch = op->batch;
    free_operation(id);
    held.unlock();
    if (waiter) return waiter->complete(std::move(result));
    batch->request.sink(result);
    pump(batch);
}

std::uint64_t core::start_batch(batch_request request) {
    const lock held(mutex_);
    const auto burst = static_cast<std::uint32_t>(std::clamp(request.rate * 0.002, 1.0, 1e6));
    const probe::pacer pacer(request.rate, burst);
    auto batch = std::make_shared<batch_state>(
        batch_state{std::move(request), pacer, asio::steady_timer(strand_), 0, closed_, false, false, {}});
    batch->request.in_flight = std::max(batch->request.in_flight, 1U);
    std::erase_if(batches_, [](const auto& weak) { return weak.expired(); });
    batches_.push_back(batch);
    asio::post(strand_, [self = shared_from_this(), batch] { self->pump(batch); });
    // A batch is known by its place in memory, which is its own for as long as anything refers to it.
    return static_cast<std::uint64_t>(std::hash<const void*>{}(batch.get()));
}

void core::cancel_batch(std::uint64_t id) {
    asio::post(strand_, [self = shared_from_this(), id] {
        lock held(self->mutex_);
        for (const auto& weak : self->batches_) {
            const auto batch = weak.lock();
            if (!batch || static_cast<std::uint64_t>(std::hash<const void*>{}(batch.get())) != id) continue;
            batch->exhausted = true;
            batch->timer.cancel();
            for (const std::uint64_t operation_id : batch->operations) {
                self->prober_.cancel(now(), operation_id, self->find(operation_id)->where);
            }
            self->wake_soon();
            return self->finish_if_over(std::move(held), batch);
        }
    });
}

// Starts what the batch may start now. The range is read without the lock: it is the caller's code.
void core::pump(const std::shared_ptr<batch_state>& batch) {
    lock held(mutex_);
    if (batch->pumping) return;
    batch->pumping = true;
    while (!closed_ && !batch->exhausted && batch->in_flight < batch->request.in_flight) {
        const time_point at = now();
        if (!batch->pacer.ready(at)) {
            batch->timer.expires_at(std::max(batch->pacer.ready_at(), at + 1ms));
            batch->timer.async_wait([self = shared_from_this(), batch](const boost::system::error_code& error) {
                if (error != asio::error::operation_aborted) self->pump(batch);
            });
            break;
        }
        held.unlock();
        const auto target = batch->request.next();
        held.lock();
        if (!target) {
            batch->exhausted = true;
        } else if (!closed_ && !batch->exhausted) {
            batch->pacer.take(at);
            ++batch->in_flight;
            new_operation(*target, batch->request.options, nullptr, batch);
            wake_soon();
        }
    }
    batch->pumping = false;
    finish_if_over(std::move(held), batch);
}

void core::finish_if_over(lock held, const std::shared_ptr<batch_state>& batch) {
    if (!batch->exhausted || batch->in_flight > 0 || batch->finished || batch->pumping) return;
    batch->finished = true;
    const auto done = std::move(batch->request.done);
    held.unlock();
    done();
}

}  // namespace

std::shared_ptr<listener_core> listener_core::make(asio::any_io_executor executor, listener_options options) {
    return std::make_shared<core>(std::move(executor), std::move(options));
}

}  // namespace sonde::async
