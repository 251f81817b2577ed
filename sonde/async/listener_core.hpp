// The one implementation behind all handles: the machine, its sockets, and the operations that wait for outcomes.
// Sees an executor and no more of Asio; `listener.hpp` has the templates, `listener_core.cpp` the event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/operation_table.hpp>
#include <sonde/async/ping_result.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/probe/echo_prober.hpp>
#include <sonde/socket/icmp_socket.hpp>
#include <sonde/stats/accounting.hpp>

namespace sonde {

struct listener_options {
    double rate = 0;          ///< pings a second over all targets, 0 for no limit
    std::uint32_t burst = 1;  ///< that many may leave at once under `rate`
    std::uint32_t in_flight = 1U << 20;
    /// Pings that are due within this time of each other leave in one system call. Bounds the wake-ups of a listener
    /// with many targets; does not change what is measured.
    duration coalesce = std::chrono::milliseconds{2};
    bool announce_sends = false;  ///< the observer sees an event `sent` for each ping
    socket::icmp_socket_options socket = {};
    /// Sees every event, those of targets and the notices too; called by the listener's executor, one at a time. It
    /// may call the listener, or destroy it: then it is not called again.
    std::function<void(const probe::event&)> observer = {};
};

namespace async {

/// Gives the next address of a batch, or nothing at its end.
using address_source = std::function<std::optional<ip_address>()>;

struct batch_request {
    address_source next;
    ping_options options;
    std::uint32_t in_flight = 0;
    double rate = 0;
    std::function<void(const ping_result&)> sink;
    std::function<void()> done;
};

/// Thread-safe. Held by every handle; `close` makes it inert.
class listener_core {
public:
    [[nodiscard]] static std::shared_ptr<listener_core> make(boost::asio::any_io_executor executor,
                                                             listener_options options);
    virtual ~listener_core() = default;

    [[nodiscard]] virtual const boost::asio::any_io_executor& executor() const noexcept = 0;
    /// A number for `cancel`, so that a cancellation slot can be connected before anything begins.
    [[nodiscard]] virtual std::uint64_t reserve() = 0;
    /// Completes with `cancelled` when that was asked meanwhile, with `closed` after `close`.
    virtual void start(std::uint64_t operation, const ip_address& target, const ping_options& options,
                       std::unique_ptr<completion> waiter) = 0;
    virtual void cancel(std::uint64_t operation) = 0;
    [[nodiscard]] virtual std::uint64_t reserve_batch() = 0;
    virtual void start_batch(std::uint64_t batch, batch_request request) = 0;
    virtual void cancel_batch(std::uint64_t batch) = 0;
    virtual std::uint32_t add_target(const probe::target_options& target) = 0;
    virtual void stop_targets() = 0;
    virtual void stop_target(std::uint32_t target) = 0;
    virtual void close() = 0;

    [[nodiscard]] virtual result<socket::icmp_socket_kind> open(family f) = 0;
    [[nodiscard]] virtual std::optional<failure> refusal(family f) const = 0;
    [[nodiscard]] virtual stats::accounting accounting() = 0;
    [[nodiscard]] virtual probe::echo_prober::progress progress(std::uint32_t target) const = 0;
    [[nodiscard]] virtual bool idle() const = 0;
    [[nodiscard]] virtual wall_time wall(time_point t) const = 0;
};

}  // namespace async
}  // namespace sonde
