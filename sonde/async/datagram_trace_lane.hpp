// A tracer's lane over one UDP or ICMP socket: sends in batches, reads what came, and never spins.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/queued_trace_error.hpp>
#include <sonde/async/readiness.hpp>
#include <sonde/async/stamp_ring.hpp>
#include <sonde/async/trace_lane.hpp>
#include <sonde/socket/datagram_socket.hpp>

namespace sonde::async {

/// Owns the socket. `delivers_ip_header`: what it receives begins with one (ICMP over a raw IPv4 socket).
class datagram_trace_lane final : public trace_lane {
public:
    datagram_trace_lane(const boost::asio::any_io_executor& executor, std::uint32_t number, const facts& about,
                        socket::datagram_socket socket, bool delivers_ip_header);

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
    [[nodiscard]] bool is_udp() const noexcept { return about().wish.kind == probe::lane_kind::udp; }
    bool read_errors(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::tracer& tracer);
    void read_error(const wall_clock_bridge& clock, const socket::queued_error& entry, probe::tracer& tracer);
    bool read_datagrams(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::tracer& tracer);
    void tell(const wall_clock_bridge& clock, const socket::incoming& in, probe::tracer& tracer);

    socket::datagram_socket socket_;
    bool delivers_ip_header_;
    readiness ready_;
    stamp_ring<probe::probe_place> stamps_;
    std::vector<socket::outgoing> out_;
    std::vector<probe::probe_place> out_places_;
    std::size_t out_next_ = 0;
    std::vector<std::byte> datagram_;  // a UDP answer with the header that the kernel took off
    std::uint32_t drops_seen_ = 0;
    bool congested_ = false;
};

}  // namespace sonde::async
