// The one implementation behind all handles: the machine, what carries its probes, and who waits for what it tells.
// Sees an executor and no more of Asio; `tracer.hpp` has the templates, `tracer_loop.cpp` the event loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <sonde/async/timekeeper.hpp>
#include <sonde/async/trace_lane.hpp>
#include <sonde/async/trace_result.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/probe/trace_event.hpp>
#include <sonde/probe/trace_options.hpp>
#include <sonde/stats/accounting.hpp>

namespace sonde {

struct tracer_options {
    double rate = 1000;  ///< probes a second over all traces, 0 for no limit
    /// That many may leave at once under `rate`: most of what one trace asks, so that it does not wait for its turn.
    std::uint32_t burst = 64;
    std::uint32_t in_flight = 65536;
    /// TCP connections under way where raw sockets are forbidden, one for each probe; further probes wait.
    std::uint32_t connections = 256;
    /// Events of one trace that nobody has taken yet. What comes while it is full is dropped and counted
    /// (`trace::missed`), except for `done`. A round is about `queries` + 1 events for each hop.
    std::uint32_t queue = 16384;
};

namespace async {

/// What `async_next` waits with. Called once, by the tracer's executor or a caller's thread; hands over to the
/// handler's own executor.
class trace_event_waiter {
public:
    virtual ~trace_event_waiter() = default;
    virtual void complete(boost::system::error_code error, std::optional<probe::trace_event> event) = 0;
};
/// What `async_trace` waits with.
class trace_result_waiter {
public:
    virtual ~trace_result_waiter() = default;
    virtual void complete(trace_result result) = 0;
};

/// Thread-safe. Held by every handle; `close` makes it inert.
class tracer_core {
public:
    /// Over this machine's sockets.
    [[nodiscard]] static std::shared_ptr<tracer_core> make(boost::asio::any_io_executor executor,
                                                           const tracer_options& options);
    /// Over something else, in its time.
    [[nodiscard]] static std::shared_ptr<tracer_core> make(boost::asio::any_io_executor executor,
                                                           const tracer_options& options,
                                                           std::shared_ptr<timekeeper> time, trace_lane_opener opener);
    virtual ~tracer_core() = default;

    [[nodiscard]] virtual const boost::asio::any_io_executor& executor() const noexcept = 0;

    /// A number for a trace, so that a cancellation slot can be connected before anything begins.
    [[nodiscard]] virtual std::uint64_t reserve(const probe::trace_options& options) = 0;
    /// After `close`, its only event is `done` with `closed`.
    virtual void start(std::uint64_t trace) = 0;
    /// All events go into the waiter's result.
    virtual void start_whole(std::uint64_t trace, std::unique_ptr<trace_result_waiter> waiter) = 0;
    /// The trace ends with `cancelled`.
    virtual void cancel(std::uint64_t trace) = 0;
    virtual void finish_round(std::uint64_t trace) = 0;
    /// Its handle is gone: cancelled, and nothing more is kept.
    virtual void release(std::uint64_t trace) = 0;
    virtual void next(std::uint64_t trace, std::unique_ptr<trace_event_waiter> waiter) = 0;
    /// The waiter goes with `operation_aborted`, the trace goes on.
    virtual void cancel_next(std::uint64_t trace) = 0;
    [[nodiscard]] virtual std::optional<probe::trace_event> try_next(std::uint64_t trace) = 0;
    [[nodiscard]] virtual std::uint64_t missed(std::uint64_t trace) const = 0;
    virtual void close() = 0;

    [[nodiscard]] virtual result<trace_mechanism> open(probe::trace_method method, family f, const ip_address& source,
                                                       std::uint32_t interface) = 0;
    [[nodiscard]] virtual std::optional<failure> refusal(probe::trace_method method, family f) const = 0;
    [[nodiscard]] virtual stats::accounting accounting() = 0;
    [[nodiscard]] virtual std::optional<stats::accounting> accounting(std::uint64_t trace) const = 0;
    [[nodiscard]] virtual bool idle() const = 0;
    [[nodiscard]] virtual wall_time wall(time_point t) const = 0;
};

}  // namespace async
}  // namespace sonde
