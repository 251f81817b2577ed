// The Boost.Asio face: one listener, few sockets, many pingers.
//
//     boost::asio::io_context io;
//     sonde::listener listener(io.get_executor());
//     sonde::pinger pinger = listener.pinger(address);
//     sonde::ping_result result = co_await pinger.async_ping({.timeout = 500ms}, boost::asio::use_awaitable);
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>

#include <sonde/async/listener_core.hpp>
#include <sonde/async/ping_result.hpp>
#include <sonde/async/waiting_handler.hpp>

namespace sonde {

namespace async {

template <class Handler>
class waiting_ping final : public completion {
public:
    waiting_ping(Handler handler, const boost::asio::any_io_executor& fallback)
        : handler_(std::move(handler), fallback) {}
    void complete(ping_result result) override { handler_.complete(std::move(result)); }

private:
    waiting_handler<Handler> handler_;
};

}  // namespace async

/// One address of one listener. Cheap to copy; copies and the listener are independent: dropping any of them changes
/// nothing for the others, and a pinger that outlives its listener completes with `closed`. Thread-safe. Like any I/O
/// object it must not be used after its executor's context; it may be destroyed after it.
class pinger {
public:
    [[nodiscard]] const ip_address& address() const noexcept { return address_; }

    /// Sends one echo request and completes with `void(ping_result)`, through any completion token. Never throws and
    /// never completes inside this call. Supports per-operation cancellation (any type) with outcome `cancelled`.
    /// A listener has room for 65,536 pings in flight per socket and opens further sockets as needed; what exceeds its
    /// `in_flight` waits.
    template <boost::asio::completion_token_for<void(ping_result)> Token>
    auto async_ping(const ping_options& options, Token&& token) const {
        return boost::asio::async_initiate<Token, void(ping_result)>(
            [core = core_, address = address_]<class Handler>(Handler&& handler, const ping_options& o) {
                using waiting = async::waiting_ping<std::decay_t<Handler>>;
                const auto operation = core->reserve();
                if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
                    slot.assign([weak = std::weak_ptr(core), operation](boost::asio::cancellation_type) {
                        if (const auto alive = weak.lock()) alive->cancel(operation);
                    });
                }
                core->start(operation, address, o,
                            std::make_unique<waiting>(std::forward<Handler>(handler), core->executor()));
            },
            token, options);
    }

private:
    friend class listener;
    pinger(std::shared_ptr<async::listener_core> core, const ip_address& address)
        : core_(std::move(core)), address_(address) {}

    std::shared_ptr<async::listener_core> core_;
    ip_address address_;
};

struct batch_options {
    ping_options ping = {};
    std::uint32_t in_flight = 4096;  ///< pings of this batch that await an outcome
    double rate = 10'000;            ///< pings a second, 0 for no limit
};

/// One ICMP socket per family, opened when first needed and shared by everything: pingers, batches, targets. Its
/// members may be called from any thread; the socket work happens on the executor. While nothing is in flight it keeps
/// no work there, so `io_context::run` returns. Destroying it completes what is in flight with `closed`; it must not
/// outlive the executor's context. A listener that was moved from may be destroyed or assigned to, nothing else.
/// An exception thrown by a sink, an observer or a range leaves `run` and harms no other operation.
class listener {
public:
    explicit listener(boost::asio::any_io_executor executor, listener_options options = {})
        : core_(async::listener_core::make(std::move(executor), std::move(options))) {}
    /// Over something else than sockets: lab.hpp.
    explicit listener(std::shared_ptr<async::listener_core> core) : core_(std::move(core)) {}
    listener(listener&&) noexcept = default;
    listener& operator=(listener&& other) noexcept {
        if (this != &other) {
            if (core_) core_->close();
            core_ = std::move(other.core_);
        }
        return *this;
    }
    ~listener() {
        if (core_) core_->close();
    }

    [[nodiscard]] sonde::pinger pinger(const ip_address& address) const { return {core_, address}; }

    /// Opens the family's socket now. Says which kind it is, or why there is none and which commands grant one.
    [[nodiscard]] result<socket::icmp_socket_kind> open(family f) { return core_->open(f); }
    /// Why no (further) socket of that family could be opened; nothing when all went well so far.
    [[nodiscard]] std::optional<failure> refusal(family f) const { return core_->refusal(f); }

    /// Pings every address of `targets` once: at most `in_flight` at a time, at most `rate` a second. `sink` is called
    /// with each `const ping_result&` as it comes, by the listener's executor, one at a time; the operation completes
    /// with `void()` after the last. The range is read as needed, so it may be generated; it is moved or copied in.
    /// Cancellation ends what is in flight with `cancelled` and reads no further.
    template <std::ranges::input_range Range, std::invocable<const ping_result&> Sink,
              boost::asio::completion_token_for<void()> Token>
    auto async_batch(Range targets, const batch_options& options, Sink sink, Token&& token) {
        return boost::asio::async_initiate<Token, void()>(
            [core = core_]<class Handler>(Handler&& handler, Range range, const batch_options& o, Sink s) {
                using waiting = async::waiting_handler<std::decay_t<Handler>>;
                const auto batch = core->reserve_batch();
                if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
                    slot.assign([weak = std::weak_ptr(core), batch](boost::asio::cancellation_type) {
                        if (const auto alive = weak.lock()) alive->cancel_batch(batch);
                    });
                }
                auto waiter = std::make_shared<waiting>(std::forward<Handler>(handler), core->executor());
                core->start_batch(batch, {.next = source_of(std::move(range)),
                                          .options = o.ping,
                                          .in_flight = o.in_flight,
                                          .rate = o.rate,
                                          .sink = std::move(s),
                                          .done = [waiter] { waiter->complete(); }});
            },
            token, std::move(targets), options, std::move(sink));
    }

    /// A target to be pinged again and again; its events go to the observer. Returns 0, 1, 2, ...
    std::uint32_t add_target(const probe::target_options& target) { return core_->add_target(target); }
    void stop_target(std::uint32_t target) { core_->stop_target(target); }
    /// No further ping of any target; those in flight go on.
    void stop_targets() { core_->stop_targets(); }
    [[nodiscard]] probe::echo_prober::progress progress(std::uint32_t target) const { return core_->progress(target); }

    /// A snapshot; adds up at any moment.
    [[nodiscard]] stats::accounting accounting() const { return core_->accounting(); }
    /// Nothing in flight, queued or to come.
    [[nodiscard]] bool idle() const { return core_->idle(); }
    /// The wall-clock time of an event.
    [[nodiscard]] wall_time wall(time_point t) const { return core_->wall(t); }

private:
    template <class Range>
    static async::address_source source_of(Range range) {
        struct state {
            Range range;
            std::ranges::iterator_t<Range> at;
            explicit state(Range r) : range(std::move(r)), at(std::ranges::begin(range)) {}
        };
        return [s = std::make_shared<state>(std::move(range))]() -> std::optional<ip_address> {
            if (s->at == std::ranges::end(s->range)) return std::nullopt;
            std::optional<ip_address> address(*s->at);
            ++s->at;
            return address;
        };
    }

    std::shared_ptr<async::listener_core> core_;
};

}  // namespace sonde
