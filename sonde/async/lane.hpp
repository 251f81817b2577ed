// What carries a listener's pings: a socket, or a place in a simulated network.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/wall_clock_bridge.hpp>
#include <sonde/base/error.hpp>
#include <sonde/probe/echo_prober.hpp>
#include <sonde/socket/icmp_socket.hpp>

namespace sonde::async {

/// Used under the listener's lock; what waits for something is called by the executor, without it.
class lane {
public:
    /// What the machine must know to compose for it and to match what comes.
    struct facts {
        sonde::family family = sonde::family::v4;
        socket::icmp_socket_kind kind = socket::icmp_socket_kind::datagram;
        std::uint16_t identifier = 0;
        wire::checksum_fill fill = wire::checksum_fill::leave;
        std::optional<ip_address> only_source = {};
    };

    lane(std::uint32_t number, const facts& about) : number_(number), about_(about) {}
    virtual ~lane() = default;
    lane(const lane&) = delete;
    lane& operator=(const lane&) = delete;

    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
    [[nodiscard]] const facts& about() const noexcept { return about_; }

    /// Puts a message into the next `flush`. Its bytes stay valid until it has left `flush`.
    virtual void enqueue(const probe::transmit& message) = 0;
    /// Sends what is queued. False: the send buffer is full; call again when writable, or `give_up` after a while.
    [[nodiscard]] virtual bool flush(time_point now, probe::echo_prober& prober) = 0;
    /// The buffer stays full (a neighbour that does not answer ARP keeps it so for seconds): from now on, until a
    /// message leaves, what finds it full is a local drop and nobody waits.
    virtual void give_up(time_point now, probe::echo_prober& prober) = 0;

    /// Tells what came in, all of it or a bounded number of messages; the rest raises another wake-up.
    virtual void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober) = 0;
    virtual void report_drops(time_point now, probe::echo_prober& prober) = 0;

    /// Waits for something to read, once. One wait at a time: further calls change nothing. `on_wake` gets the wait's
    /// number for `woken`.
    virtual void wait_readable(std::function<void(std::uint64_t)> on_wake) = 0;
    /// Whether that wait is the one that counts, and not one that was cancelled when its wake-up was on its way.
    [[nodiscard]] virtual bool woken(std::uint64_t wait) noexcept = 0;
    virtual void wait_writable(std::function<void()> on_wake) = 0;
    virtual void cancel_waits() = 0;

private:
    std::uint32_t number_;
    facts about_;
};

/// Opens the lane of that number for a request. `strand` is where its waits are to be told.
using lane_opener = std::function<result<std::unique_ptr<lane>>(
    const boost::asio::any_io_executor& strand, std::uint32_t number, const probe::lane_request& request,
    const socket::icmp_socket_options& options)>;

}  // namespace sonde::async
