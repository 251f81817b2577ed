// The Boost.Asio face of tracing: one tracer, a handful of sockets, any number of traces.
//
//     boost::asio::io_context io;
//     sonde::tracer tracer(io.get_executor());
//     sonde::trace trace = tracer.trace({.destination = address});
//     while (auto event = co_await trace.async_next(boost::asio::use_awaitable)) show(*event);
//
//     sonde::trace_result result = co_await tracer.async_trace({.destination = address}, boost::asio::use_awaitable);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>

#include <sonde/async/tracer_core.hpp>
#include <sonde/async/waiting_handler.hpp>

namespace sonde {

namespace async {

template <class Handler>
class waiting_event final : public trace_event_waiter {
public:
    waiting_event(Handler handler, const boost::asio::any_io_executor& fallback)
        : handler_(std::move(handler), fallback) {}
    void complete(boost::system::error_code error, std::optional<probe::trace_event> event) override {
        handler_.complete(error, std::move(event));
    }

private:
    waiting_handler<Handler> handler_;
};

template <class Handler>
class waiting_result final : public trace_result_waiter {
public:
    waiting_result(Handler handler, const boost::asio::any_io_executor& fallback)
        : handler_(std::move(handler), fallback) {}
    void complete(trace_result result) override { handler_.complete(std::move(result)); }

private:
    waiting_handler<Handler> handler_;
};

}  // namespace async

/// A trace under way. Destroying it cancels it and nothing else; one that outlives its tracer ends with `closed`. Its
/// members may be called from any thread. What was moved from may be destroyed or assigned to, nothing else.
class trace {
public:
    trace(trace&&) noexcept = default;
    trace& operator=(trace&& other) noexcept {
        if (this != &other) {
            if (core_) core_->release(id_);
            core_ = std::move(other.core_);
            id_ = other.id_;
        }
        return *this;
    }
    ~trace() {
        if (core_) core_->release(id_);
    }

    /// The id in its events.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

    /// The next event, through any completion token for `void(boost::system::error_code,
    /// std::optional<probe::trace_event>)`; nothing after `done`. Never completes inside this call. Supports
    /// per-operation cancellation (any type): the wait ends with `operation_aborted`, and no event is lost by it; so it
    /// ends when the handle is destroyed. `already_started`: another one waits.
    template <
        boost::asio::completion_token_for<void(boost::system::error_code, std::optional<probe::trace_event>)> Token>
    auto async_next(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::optional<probe::trace_event>)>(
            [core = core_, id = id_]<class Handler>(Handler&& handler) {
                using waiting = async::waiting_event<std::decay_t<Handler>>;
                if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
                    slot.assign([weak = std::weak_ptr(core), id](boost::asio::cancellation_type) {
                        if (const auto alive = weak.lock()) alive->cancel_next(id);
                    });
                }
                core->next(id, std::make_unique<waiting>(std::forward<Handler>(handler), core->executor()));
            },
            token);
    }
    /// The next event if it is there already.
    [[nodiscard]] std::optional<probe::trace_event> try_next() { return core_->try_next(id_); }

    /// It ends with `cancelled`; its events go on until `done`.
    void cancel() { core_->cancel(id_); }
    /// No further round; what is out is waited for.
    void finish_round() { core_->finish_round(id_); }
    /// Events that were dropped because nobody took them (`tracer_options::queue`).
    [[nodiscard]] std::uint64_t missed() const { return core_->missed(id_); }
    /// Of its probes; the last word once `done` is in the queue.
    [[nodiscard]] std::optional<stats::accounting> accounting() const { return core_->accounting(id_); }

private:
    friend class tracer;
    trace(std::shared_ptr<async::tracer_core> core, std::uint64_t id) : core_(std::move(core)), id_(id) {}

    std::shared_ptr<async::tracer_core> core_;
    std::uint64_t id_;
};

/// Opens sockets as they are first needed, and shares them among all traces. Its members may be called from any thread;
/// the socket work happens on the executor. While no trace is under way it keeps no work there, so `io_context::run`
/// returns. Destroying it ends what is under way with `closed`; it must not outlive the executor's context. A tracer
/// that was moved from may be destroyed or assigned to, nothing else.
class tracer {
public:
    explicit tracer(boost::asio::any_io_executor executor, const tracer_options& options = {})
        : core_(async::tracer_core::make(std::move(executor), options)) {}
    /// Over something else than sockets.
    explicit tracer(std::shared_ptr<async::tracer_core> core) : core_(std::move(core)) {}
    tracer(tracer&&) noexcept = default;
    tracer& operator=(tracer&& other) noexcept {
        if (this != &other) {
            if (core_) core_->close();
            core_ = std::move(other.core_);
        }
        return *this;
    }
    ~tracer() {
        if (core_) core_->close();
    }

    /// Begins at once.
    [[nodiscard]] sonde::trace trace(const probe::trace_options& options) {
        const std::uint64_t id = core_->reserve(options);
        sonde::trace handle(core_, id);
        core_->start(id);
        return handle;
    }

    /// Traces and completes with `void(trace_result)`, through any completion token. Never throws and never completes
    /// inside this call. Supports per-operation cancellation (any type): the result then has what was found until then
    /// and ends with `cancelled`. With `rounds` 0 it has no other end.
    template <boost::asio::completion_token_for<void(trace_result)> Token>
    auto async_trace(const probe::trace_options& options, Token&& token) {
        return boost::asio::async_initiate<Token, void(trace_result)>(
            [core = core_]<class Handler>(Handler&& handler, const probe::trace_options& o) {
                using waiting = async::waiting_result<std::decay_t<Handler>>;
                const std::uint64_t id = core->reserve(o);
                if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
                    slot.assign([weak = std::weak_ptr(core), id](boost::asio::cancellation_type) {
                        if (const auto alive = weak.lock()) alive->cancel(id);
                    });
                }
                core->start_whole(id, std::make_unique<waiting>(std::forward<Handler>(handler), core->executor()));
            },
            token, options);
    }

    /// Opens what probes of that method need now, so that privileges can be dropped afterwards: says by which mechanism
    /// they go, or why there is none and which commands grant one. `source` and `interface` as in the trace's options:
    /// each pair has sockets of its own.
    [[nodiscard]] result<trace_mechanism> open(probe::trace_method method, family f, const ip_address& source = {},
                                               std::uint32_t interface = 0) {
        return core_->open(method, f, source, interface);
    }
    /// Why the last socket of that kind that was asked for could not be opened; nothing when all went well so far.
    [[nodiscard]] std::optional<failure> refusal(probe::trace_method method, family f) const {
        return core_->refusal(method, f);
    }

    /// Of the probes of all traces: a snapshot; adds up at any moment.
    [[nodiscard]] stats::accounting accounting() const { return core_->accounting(); }
    /// No trace under way.
    [[nodiscard]] bool idle() const { return core_->idle(); }
    /// The wall-clock time of an event.
    [[nodiscard]] wall_time wall(time_point t) const { return core_->wall(t); }

private:
    std::shared_ptr<async::tracer_core> core_;
};

}  // namespace sonde
