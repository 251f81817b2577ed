// A lane over one ICMP socket in the event loop: sends what the machine composed, reads what came, and never spins.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/lane.hpp>
#include <sonde/async/readiness.hpp>
#include <sonde/async/stamp_ring.hpp>
#include <sonde/async/wall_clock_bridge.hpp>
#include <sonde/probe/echo_prober.hpp>
#include <sonde/socket/icmp_socket.hpp>

namespace sonde::async {

/// Owns the socket.
class socket_lane final : public lane {
public:
    /// A failure of opening is the socket's.
    [[nodiscard]] static result<std::unique_ptr<lane>> open(const boost::asio::any_io_executor& executor,
                                                            std::uint32_t number, const probe::lane_request& request,
                                                            const socket::icmp_socket_options& options);
    socket_lane(const boost::asio::any_io_executor& executor, socket::icmp_socket socket, std::uint32_t number,
                const ip_address& source);

    void enqueue(const probe::transmit& message) override;
    [[nodiscard]] bool flush(time_point now, probe::echo_prober& prober) override;
    void give_up(time_point now, probe::echo_prober& prober) override;
    void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober) override;
    void report_drops(time_point now, probe::echo_prober& prober) override;
    /// After several wake-ups with nothing behind them it wakes ever more slowly.
    void wait_readable(std::function<void(std::uint64_t)> on_wake) override;
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept override { return ready_.woken(wait); }
    void wait_writable(std::function<void()> on_wake) override;
    void cancel_waits() override { ready_.cancel(); }

private:
    // An ICMP error between `read_errors` and `tell_errors`. Its quotation lies in `quotes_`.
    struct read_error {
        probe::error_meta meta;
        std::size_t quote_begin;
        std::size_t quote_size;
    };

    void read_errors(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober);
    void tell_errors(probe::echo_prober& prober);
    void read_datagrams(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober);

    socket::icmp_socket socket_;
    readiness ready_;
    std::vector<socket::outgoing> out_;
    std::vector<std::uint16_t> out_sequences_;
    std::size_t out_next_ = 0;
    stamp_ring<std::uint16_t> stamps_;  // sequences
    std::vector<read_error> errors_;
    std::vector<std::byte> quotes_;
    std::uint32_t drops_seen_ = 0;
    bool congested_ = false;
    bool found_something_ = true;
};

}  // namespace sonde::async
