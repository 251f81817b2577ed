#include <cerrno>
#include <random>
#include <utility>

#include <boost/asio/strand.hpp>

#include <sonde/async/core.hpp>
#include <sonde/async/socket_lane.hpp>

namespace sonde::async {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

// The kernel turns receive timestamps on some time after the first socket has asked for them (seen): a first ping that
// left at once would have none.
constexpr duration stamps_settle = 2ms;

std::array<std::uint64_t, 2> random_key() {
    std::random_device source;  // the system's, on Linux
    const auto word = [&source] { return (std::uint64_t{source()} << 32) | source(); };
    return {word(), word()};
}

}  // namespace

core::core(asio::any_io_executor executor, listener_options options, std::shared_ptr<timekeeper> time,
           lane_opener opener)
    : executor_(std::move(executor)),
      strand_(asio::make_strand(executor_)),
      options_(std::move(options)),
      time_(std::move(time)),
      opener_(std::move(opener)),
      prober_({.key = random_key(),
               .rate = options_.rate,
               .burst = options_.burst,
               .in_flight = options_.in_flight,
               .announce_sends = options_.announce_sends}),
      timer_(time_->make_alarm(strand_)) {}

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
        batch->timer->cancel();
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
        if (l->about().family == f) return l->about().kind;
    }
    return open_lane({.family = f, .source = options_.socket.source});
}

result<socket::icmp_socket_kind> core::open_lane(const probe::lane_request& request) {
    const auto number = static_cast<std::uint32_t>(lanes_.size());
    auto opened = opener_(strand_, number, request, options_.socket);
    auto& refusal = refusals_[request.family == family::v4 ? 0 : 1];
    if (!opened) {
        const int why = opened.error().code.value();
        refusal = opened.error();
        prober_.refuse_lane(now(), request, why != 0 ? why : EIO);
        return opened.error();
    }
    refusal.reset();
    const lane::facts& about = (*opened)->about();
    prober_.add_lane(about.family, about.identifier, about.fill, about.only_source);
    if (lanes_.empty()) stamps_from_ = now() + stamps_settle;
    lanes_.push_back(std::move(*opened));
    return lanes_.back()->about().kind;
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

std::shared_ptr<listener_core> listener_core::make(asio::any_io_executor executor, listener_options options) {
    return std::make_shared<core>(std::move(executor), std::move(options), machine_time(), socket_lane::open);
}

}  // namespace sonde::async
