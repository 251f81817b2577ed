// The tracer's inside: one class, whose members stand in two files: what handles call (tracer_core.cpp) and the event
// loop (tracer_loop.cpp).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/timekeeper.hpp>
#include <sonde/async/trace_lane.hpp>
#include <sonde/async/tracer_core.hpp>
#include <sonde/async/wall_clock_bridge.hpp>
#include <sonde/probe/tracer.hpp>

namespace sonde::async {

class tracer_loop final : public tracer_core, public std::enable_shared_from_this<tracer_loop> {
public:
    tracer_loop(boost::asio::any_io_executor executor, const tracer_options& options, std::shared_ptr<timekeeper> time,
                trace_lane_opener opener);

    const boost::asio::any_io_executor& executor() const noexcept override { return executor_; }
    std::uint64_t reserve(const probe::trace_options& options) override;
    void start(std::uint64_t id) override;
    void start_whole(std::uint64_t id, std::unique_ptr<trace_result_waiter> waiter) override;
    void cancel(std::uint64_t id) override;
    void finish_round(std::uint64_t id) override;
    void release(std::uint64_t id) override;
    void next(std::uint64_t id, std::unique_ptr<trace_event_waiter> waiter) override;
    void cancel_next(std::uint64_t id) override;
    std::optional<probe::trace_event> try_next(std::uint64_t id) override;
    std::uint64_t missed(std::uint64_t id) const override;
    void close() override;
    result<trace_mechanism> open(probe::trace_method method, family f, const ip_address& source,
                                 std::uint32_t interface) override;
    std::optional<failure> refusal(probe::trace_method method, family f) const override;
    stats::accounting accounting() override;
    std::optional<stats::accounting> accounting(std::uint64_t id) const override;
    bool idle() const override;
    wall_time wall(time_point t) const override;

private:
    using lock = std::unique_lock<std::mutex>;

    struct trace_state {
        probe::trace_options options;
        std::deque<probe::trace_event> events = {};
        std::unique_ptr<trace_event_waiter> waiter = {};
        std::unique_ptr<trace_result_waiter> whole_waiter = {};
        std::optional<trace_result> whole = {};
        std::optional<stats::accounting> last = {};  // once it is over
        std::uint64_t missed = 0;
        bool started = false;
        bool cancelled = false;  // before it was started
        bool over = false;       // `done` came
    };
    // What is to be told when the lock is let go of: a waiter's handler is the caller's code.
    struct completion {
        std::unique_ptr<trace_event_waiter> waiter = {};
        boost::system::error_code error = {};
        std::optional<probe::trace_event> event = {};
        std::unique_ptr<trace_result_waiter> whole_waiter = {};
        std::optional<trace_result> whole = {};
    };

    [[nodiscard]] time_point now() const { return time_->now(); }
    void begin(std::uint64_t id, trace_state& state);
    void tell(trace_state& state, probe::trace_event&& e);
    void take_events();
    /// Lets go of the lock.
    void deliver(lock held);

    // `step` and what it calls run in the strand.
    void wake_soon();
    void on_wake(trace_source& source, bool beside, std::uint64_t wait);
    void step(lock held, time_point at);
    void transmit(time_point at);
    std::size_t compose(time_point at);
    bool flush(time_point at);
    void unblock(time_point at);
    result<trace_mechanism> open_lane(const probe::lane_wish& wish);
    [[nodiscard]] time_point next_transmit() const;
    [[nodiscard]] time_point next_deadline() const;
    void wait(time_point at);
    void listen_to(trace_source& source, bool beside);
    void report_drops(time_point at);
    [[nodiscard]] std::optional<failure>& refusal_of(probe::lane_kind kind, family f) {
        return refusals_[2 * static_cast<std::size_t>(kind) + (f == family::v4 ? 0 : 1)];
    }

    boost::asio::any_io_executor executor_;
    boost::asio::any_io_executor strand_;  // let go of by `close`: handles may outlive the context
    tracer_options options_;
    std::shared_ptr<timekeeper> time_;
    trace_lane_opener opener_;

    mutable std::mutex mutex_;
    bool closed_ = false;
    probe::tracer machine_;
    wall_clock_bridge clock_;
    std::unordered_map<std::uint64_t, trace_state> traces_;
    std::uint64_t next_id_ = 1;
    std::vector<std::unique_ptr<trace_lane>> lanes_;
    std::vector<std::unique_ptr<trace_source>> beside_;
    std::array<std::optional<failure>, 8> refusals_;
    std::unique_ptr<alarm> timer_;
    time_point timer_at_ = time_point::max();  // max: not armed
    time_point stamps_from_ = time_point::min();
    std::optional<time_point> blocked_since_;  // a send buffer is full
    bool held_ = false;                        // a probe is due, and its lane has no room
    std::vector<std::byte> arena_;
    socket::receive_batch received_;
    std::vector<completion> completions_;
    bool wake_posted_ = false;
};

}  // namespace sonde::async
