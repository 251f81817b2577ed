// One socket of a listener in the event loop: sends what the machine composed, reads what came, and never spins.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sonde/async/wall_clock_bridge.hpp>
#include <sonde/probe/echo_prober.hpp>
#include <sonde/socket/icmp_socket.hpp>

namespace sonde::async {

/// Owns the socket. Used under the listener's lock; `on_wake` is called by the executor, without it.
class lane {
public:
    lane(const boost::asio::any_io_executor& executor, socket::icmp_socket socket, std::uint32_t number);
    ~lane();
    lane(const lane&) = delete;
    lane& operator=(const lane&) = delete;

    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
    [[nodiscard]] const socket::icmp_socket& socket() const noexcept { return socket_; }

    /// Puts a message into the next `flush`. Its bytes stay valid until it has left `flush`.
    void enqueue(const probe::transmit& message);
    /// Sends what is queued. False: the send buffer is full; call again when writable, or `give_up` after a while.
    [[nodiscard]] bool flush(time_point now, probe::echo_prober& prober);
    /// The buffer stays full (a neighbour that does not answer ARP keeps it so for seconds): from now on, until a
    /// message leaves, what finds it full is a local drop and nobody waits.
    void give_up(time_point now, probe::echo_prober& prober);

    /// Reads both queues dry, or a bounded number of messages; the rest raises another wake-up.
    void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober);
    void report_drops(time_point now, probe::echo_prober& prober);

    /// Waits for something to read, once; after several wake-ups with nothing behind them ever more slowly. One wait at
    /// a time: further calls change nothing. `on_wake` gets the wait's number for `woken`.
    void wait_readable(std::function<void(std::uint64_t)> on_wake);
    /// Whether that wait is the one that counts, and not one that was cancelled when its wake-up was on its way.
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept;
    void wait_writable(std::function<void()> on_wake);
    void cancel_waits();

private:
    // Transmit timestamps come at once, so few numbers need to be remembered.
    static constexpr std::size_t stamp_ring = 4096;

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
    std::uint32_t number_;
    boost::asio::posix::stream_descriptor readiness_;
    boost::asio::steady_timer backoff_;
    std::vector<socket::outgoing> out_;
    std::vector<std::uint16_t> out_sequences_;
    std::size_t out_next_ = 0;
    std::vector<std::uint32_t> stamp_ids_;
    std::vector<std::uint16_t> stamp_sequences_;
    std::vector<read_error> errors_;
    std::vector<std::byte> quotes_;
    std::uint32_t drops_seen_ = 0;
    unsigned empty_wakes_ = 0;
    std::uint64_t wait_ = 0;
    bool waiting_ = false;
    bool congested_ = false;
    bool found_something_ = true;
};

}  // namespace sonde::async
