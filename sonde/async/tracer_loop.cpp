// The event loop: what wakes the machine, what leaves, and who is told.
#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include <sonde/async/tracer_loop.hpp>

namespace sonde::async {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t arena_bytes = std::size_t{64} << 10;
constexpr std::size_t sends_per_step = 512;

// How long everybody waits for room in a send buffer before what found none is dropped.
constexpr duration longest_block = 20ms;

}  // namespace

void tracer_loop::wake_soon() {
    if (wake_posted_ || closed_) return;
    wake_posted_ = true;
    asio::post(strand_, [self = shared_from_this()] {
        lock held(self->mutex_);
        self->wake_posted_ = false;
        self->clock_.refresh();
        self->step(std::move(held), self->now());
    });
}

// What hears for all of them may have the answer to a probe whose transmit stamp waits in its lane's queue.
void tracer_loop::on_wake(trace_source& source, bool beside, std::uint64_t wait) {
    lock held(mutex_);
    if (closed_ || !source.woken(wait)) return;
    clock_.refresh();
    if (beside) {
        for (const auto& l : lanes_) l->drain(clock_, received_, machine_);
    }
    source.drain(clock_, received_, machine_);
    step(std::move(held), now());
}

void tracer_loop::step(lock held, time_point at) {
    if (closed_) return;
    if (machine_.next_timeout() <= at) {
        report_drops(at);
        machine_.handle_timeout(at);
    }
    for (const auto& l : lanes_) {
        if (l->next_deadline() <= at) l->handle_deadline(at);
    }
    unblock(at);
    transmit(at);
    take_events();
    wait(at);
    deliver(std::move(held));
}

void tracer_loop::transmit(time_point at) {
    held_ = false;
    if (blocked_since_ || at < stamps_from_) return;
    for (std::size_t sent = 0; sent < sends_per_step;) {
        const std::size_t composed = compose(at);
        if (composed == 0) {
            if (held_) return;
            const auto wanted = machine_.lane_wanted();  // a copy: opening changes it
            if (!wanted) return;
            (void)open_lane(*wanted);
            if (at < stamps_from_) return;
            continue;
        }
        sent += composed;
        take_events();  // the machine keeps only so many
        if (!flush(at)) return;
        at = now();
    }
}

std::size_t tracer_loop::compose(time_point at) {
    const std::size_t largest = machine_.largest_datagram();
    if (arena_.size() < arena_bytes + largest) arena_.resize(arena_bytes + largest);
    std::size_t composed = 0;
    std::size_t used = 0;
    while (composed < socket::datagram_socket::send_limit && used <= arena_bytes) {
        held_ = !std::ranges::all_of(lanes_, [](const auto& l) { return l->has_room(); });
        if (held_) break;
        const auto probe = machine_.poll_transmit(at, bytes_span{arena_}.subspan(used, largest));
        if (!probe) break;
        lanes_[probe->lane]->enqueue(*probe);
        used += probe->datagram.size();
        ++composed;
        if (lanes_[probe->lane]->about().composes_singly) break;
    }
    return composed;
}

bool tracer_loop::flush(time_point at) {
    bool all = true;
    for (const auto& l : lanes_) {
        if (l->flush(at, machine_)) continue;
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
void tracer_loop::unblock(time_point at) {
    if (!blocked_since_) return;
    if (at >= *blocked_since_ + longest_block) {
        for (const auto& l : lanes_) l->give_up(at, machine_);
        blocked_since_.reset();
    } else if (std::ranges::all_of(lanes_, [&](const auto& l) { return l->flush(at, machine_); })) {
        blocked_since_.reset();
    }
}

// What is held back leaves when its lane has room again, which wakes this loop anyway.
time_point tracer_loop::next_transmit() const {
    if (blocked_since_) return *blocked_since_ + longest_block;
    return held_ ? time_point::max() : std::max(machine_.next_transmit(), stamps_from_);
}

time_point tracer_loop::next_deadline() const {
    time_point earliest = machine_.next_timeout();
    for (const auto& l : lanes_) earliest = std::min(earliest, l->next_deadline());
    return earliest;
}

void tracer_loop::listen_to(trace_source& source, bool beside) {
    source.wait_readable(
        [self = shared_from_this(), &source, beside](std::uint64_t wait) { self->on_wake(source, beside, wait); });
}

void tracer_loop::wait(time_point at) {
    if (machine_.idle()) {
        for (const auto& l : lanes_) l->cancel_waits();
        for (const auto& b : beside_) b->cancel_waits();
        timer_->cancel();
        timer_at_ = time_point::max();
        return;
    }
    for (const auto& l : lanes_) listen_to(*l, false);
    for (const auto& b : beside_) listen_to(*b, true);
    const time_point earliest = std::min(next_deadline(), next_transmit());
    if (earliest == time_point::max()) return;
    const time_point wanted = std::max(at, earliest);
    if (timer_at_ <= wanted) return;  // it fires early enough as it is
    timer_at_ = wanted;
    timer_->set(wanted, [self = shared_from_this()] {
        lock held(self->mutex_);
        self->timer_at_ = time_point::max();
        self->clock_.refresh();
        self->step(std::move(held), self->now());
    });
}

}  // namespace sonde::async
