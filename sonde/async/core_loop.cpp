// The event loop: what wakes the machine, what leaves, and who is told.
#include <algorithm>
#include <utility>

#include <sonde/async/core.hpp>

namespace sonde::async {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;
constexpr std::size_t sends_per_step = 512;

// How long everybody waits for room in a send buffer before what found none is dropped.
constexpr duration longest_block = 20ms;

}  // namespace

void core::wake_soon() {
    if (wake_posted_ || closed_) return;
    wake_posted_ = true;
    asio::post(strand_, [self = shared_from_this()] {
        lock held(self->mutex_);
        self->wake_posted_ = false;
        self->clock_.refresh();
        self->step(std::move(held), self->now());
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

// Room for a longer answer than was asked for and a raw socket's IP header. Needed before the first send: a raw socket
// gets everybody's replies.
socket::receive_batch& core::receive_buffers() {
    const std::size_t each = std::max<std::size_t>(2048, prober_.largest_datagram() + 256);
    if (!received_ || received_->bytes_each() < each) {
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
            self->step(std::move(held), self->now());
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
    timer_->set(wanted, [self = shared_from_this()] {
        lock held(self->mutex_);
        self->timer_at_ = time_point::max();
        self->clock_.refresh();
        self->step(std::move(held), self->now());
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

}  // namespace sonde::async
