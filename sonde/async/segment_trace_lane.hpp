// A tracer's lane over a raw TCP socket: SYN segments out, SYN-ACK and reset segments in.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/readiness.hpp>
#include <sonde/async/trace_lane.hpp>
#include <sonde/socket/segment_socket.hpp>

namespace sonde::async {

/// Owns the socket. What routers say of its probes comes to the ICMP listener beside it.
class segment_trace_lane final : public trace_lane {
public:
    segment_trace_lane(const boost::asio::any_io_executor& executor, std::uint32_t number, const facts& about,
                       socket::segment_socket socket);

    void enqueue(const probe::probe_transmit& probe) override;
    [[nodiscard]] bool flush(time_point now, probe::tracer& tracer) override;
    void give_up(time_point now, probe::tracer& tracer) override;
    void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::tracer& tracer) override;
    void report_drops(time_point now, probe::tracer& tracer) override;
    void wait_readable(std::function<void(std::uint64_t)> on_wake) override;
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept override { return ready_.woken(wait); }
    void wait_writable(std::function<void()> on_wake) override { ready_.wait_writable(std::move(on_wake)); }
    void cancel_waits() override { ready_.cancel(); }

private:
    /// 0, or why it did not leave.
    [[nodiscard]] int send(const probe::probe_transmit& probe);

    socket::segment_socket socket_;
    readiness ready_;
    std::vector<probe::probe_transmit> out_;
    std::size_t out_next_ = 0;
    std::vector<std::byte> segment_;
    std::uint32_t drops_seen_ = 0;
    bool congested_ = false;
};

}  // namespace sonde::async
