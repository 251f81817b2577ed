// The listener's inside: one class, whose members stand in three files: what handles call (listener_core.cpp), the
// event loop (core_loop.cpp), and batches (core_batch.cpp).
#pragma once

#include <array>
#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <sonde/async/lane.hpp>
#include <sonde/async/listener_core.hpp>
#include <sonde/async/operation_table.hpp>
#include <sonde/async/timekeeper.hpp>
#include <sonde/async/wall_clock_bridge.hpp>

namespace sonde::async {

/// A batch in progress. Under the listener's lock; `next` and `sink` are called without it, in the strand.
struct batch_state {
    explicit batch_state(std::unique_ptr<alarm> a) : timer(std::move(a)) {}

    batch_request request;
    probe::pacer pacer;
    std::unique_ptr<alarm> timer;
    bool exhausted = false;  // nothing more is read from the range
    bool cancelled = false;
    bool pumping = false;
    bool finished = false;
    std::vector<std::uint64_t> operations;  // in flight, in no order; `operation::place` is the index
};

class core final : public listener_core, public std::enable_shared_from_this<core> {
public:
    core(boost::asio::any_io_executor executor, listener_options options, std::shared_ptr<timekeeper> time,
         lane_opener opener);

    const boost::asio::any_io_executor& executor() const noexcept override { return executor_; }
    std::uint64_t reserve() override;
    void start(std::uint64_t id, const ip_address& target, const ping_options& options,
               std::unique_ptr<completion> waiter) override;
    void cancel(std::uint64_t id) override;
    std::uint64_t reserve_batch() override;
    void start_batch(std::uint64_t id, batch_request request) override;
    void cancel_batch(std::uint64_t id) override;
    std::uint32_t add_target(const probe::target_options& target) override;
    void stop_targets() override;
    void stop_target(std::uint32_t target) override;
    void close() override;
    result<socket::icmp_socket_kind> open(family f) override;
    std::optional<failure> refusal(family f) const override;
    stats::accounting accounting() override;
    probe::echo_prober::progress progress(std::uint32_t target) const override;
    bool idle() const override;
    wall_time wall(time_point t) const override;

private:
    using lock = std::unique_lock<std::mutex>;
    using batch_pointer = std::shared_ptr<batch_state>;

    [[nodiscard]] time_point now() const { return time_->now(); }
    // `step` and what it calls run in the strand. Those that are given the lock let go of it.
    void wake_soon();
    void on_readable(std::uint32_t lane_number, std::uint64_t wait);
    void step(lock held, time_point at);
    void transmit(time_point at);
    [[nodiscard]] time_point transmit_after() const;
    socket::receive_batch& receive_buffers();
    std::size_t compose(time_point at);
    bool flush(time_point at);
    void unblock(time_point at);
    result<socket::icmp_socket_kind> open_lane(const probe::lane_request& request);
    void wait(time_point at);
    void take_events(std::vector<probe::event>& into);
    void deliver(std::vector<probe::event> events);
    void deliver_to_operation(probe::event&& e);
    void launch(std::uint64_t id, operation& op, const ping_options& options);
    void remove(std::uint64_t id, operation& op);
    void hand_out(const batch_pointer& batch, const ping_result& result);
    void pump(const batch_pointer& batch);
    void finish_if_over(lock held, const batch_pointer& batch);
    /// Where the next turn is to happen.
    [[nodiscard]] boost::asio::any_io_executor turn() const {
        const lock held(mutex_);
        return closed_ ? executor_ : strand_;
    }

    /// A sink or a range may throw; its batch goes on all the same.
    struct goes_on {
        core& self;
        const batch_pointer& batch;
        ~goes_on() {
            if (std::uncaught_exceptions() == 0) return;
            boost::asio::post(self.turn(), [core = self.shared_from_this(), b = batch] { core->pump(b); });
        }
    };

    boost::asio::any_io_executor executor_;
    boost::asio::any_io_executor strand_;  // let go of by `close`: handles may outlive the context
    listener_options options_;
    std::shared_ptr<timekeeper> time_;
    lane_opener opener_;
    std::atomic<bool> closed_ = false;

    mutable std::mutex mutex_;
    probe::echo_prober prober_;
    wall_clock_bridge clock_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::array<std::optional<failure>, 2> refusals_;
    std::unique_ptr<alarm> timer_;
    time_point timer_at_ = time_point::max();  // max: not armed
    time_point last_transmit_ = time_point::min();
    time_point stamps_from_ = time_point::min();
    std::optional<time_point> blocked_since_;  // a send buffer is full
    std::vector<std::byte> arena_;
    std::optional<socket::receive_batch> received_;
    operation_table operations_;
    std::map<std::uint64_t, batch_pointer> batches_;
    std::uint64_t next_batch_ = 0;
    bool wake_posted_ = false;
};

}  // namespace sonde::async
