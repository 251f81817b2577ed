#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <sonde/async/connecting_trace_lane.hpp>
#include <sonde/async/queued_trace_error.hpp>

namespace sonde::async {

namespace {

using namespace std::chrono_literals;

constexpr duration patience = socket::connecting_socket::retransmits_after - 50ms;

}  // namespace

connecting_trace_lane::connecting_trace_lane(const boost::asio::any_io_executor& executor, std::uint32_t number,
                                             const facts& about, std::size_t most)
    : trace_lane(number, about), executor_(executor), most_(std::max<std::size_t>(most, 1)) {}

void connecting_trace_lane::enqueue(const probe::probe_transmit& probe) {
    out_.push_back(probe);
}

bool connecting_trace_lane::flush(time_point now, probe::tracer& tracer) {
    for (const auto& probe : std::exchange(out_, {})) {
        auto begun = socket::connecting_socket::begin({.destination = probe.destination,
                                                       .port = probe.port,
                                                       .source = probe.source,
                                                       .interface = probe.interface,
                                                       .hop_limit = probe.hop_limit,
                                                       .traffic_class = probe.traffic_class});
        if (!begun) {
            const int why = begun.error().code.value();
            if (why == EMFILE || why == ENFILE) most_ = std::max<std::size_t>(connections_.size(), 1);
            tracer.handle_send_failure(now, probe.where, why != 0 ? why : EIO);
            continue;
        }
        const std::uint64_t number = next_++;
        connections_.emplace(number, std::make_unique<connection>(executor_, *std::move(begun), probe.where,
                                                                  std::chrono::steady_clock::now() + patience));
    }
    return true;
}

void connecting_trace_lane::give_up(time_point now, probe::tracer& tracer) {
    (void)flush(now, tracer);
}

void connecting_trace_lane::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    for (const auto& [number, c] : connections_) {
        if (std::exchange(c->waiting, true)) continue;
        c->ready.wait_writable([on_wake, n = number] { on_wake(n); });
    }
}

bool connecting_trace_lane::woken(std::uint64_t wait) noexcept {
    const auto found = connections_.find(wait);
    if (found == connections_.end()) return false;
    found->second->waiting = false;
    stirred_.push_back(wait);
    return true;
}

void connecting_trace_lane::drain(const wall_clock_bridge& clock, socket::receive_batch& /*batch*/,
                                  probe::tracer& tracer) {
    for (const std::uint64_t number : std::exchange(stirred_, {})) look(clock, number, tracer);
}

void connecting_trace_lane::look(const wall_clock_bridge& clock, std::uint64_t number, probe::tracer& tracer) {
    using state = socket::connecting_socket::state;
    using how = probe::connection_end::how;
    const auto found = connections_.find(number);
    if (found == connections_.end()) return;
    connection& c = *found->second;
    const time_point now = std::chrono::steady_clock::now();
    const auto seen = c.socket.look();
    probe::connection_end end{.what = how::failed, .error_number = seen.error_number};
    switch (seen.what) {
        case state::under_way:
            return;
        case state::connected:
            end.what = how::connected;
            break;
        case state::refused:
            end.what = how::refused;
            break;
        case state::icmp_error: {
            const family f = about().wish.family;
            const std::size_t ip_header = f == family::v4 ? 20 : 40;
            end.what = how::icmp_error;
            end.error = read_queued_trace_error(seen.error, this->number(), f, ip_header, clock).meta;
            end.hop_limit = end.error.hop_limit;
            end.ended_at = end.error.received_at;
            break;
        }
        case state::failed:
            break;
    }
    if (!end.ended_at) end.ended_at = now;
    tracer.handle_connection(now, c.where, end);
    connections_.erase(found);
}

time_point connecting_trace_lane::next_deadline() const noexcept {
    return connections_.empty() ? time_point::max() : connections_.begin()->second->deadline;
}

void connecting_trace_lane::handle_deadline(time_point now) {
    while (next_deadline() <= now) connections_.erase(connections_.begin());
}

}  // namespace sonde::async
