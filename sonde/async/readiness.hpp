// A descriptor in the event loop: wakes when there is something, and never spins when there only seems to be.
#pragma once

#include <cstdint>
#include <functional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sonde::async {

/// Borrows the descriptor, which must outlive it. One thread at a time; `on_wake` is called by the executor.
class readiness {
public:
    readiness(const boost::asio::any_io_executor& executor, int fd);
    ~readiness();
    readiness(const readiness&) = delete;
    readiness& operator=(const readiness&) = delete;

    /// Waits for something to read, once; after several wake-ups with nothing behind them ever more slowly. One wait at
    /// a time: further calls change nothing. `on_wake` gets the wait's number for `woken`.
    void wait_readable(std::function<void(std::uint64_t)> on_wake);
    /// Whether that wait is the one that counts, and not one that was cancelled when its wake-up was on its way.
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept;
    void wait_writable(std::function<void()> on_wake);
    void cancel();
    /// Whether there was something. That there was not counts once after each wake-up: who looks on somebody else's
    /// behalf may find nothing as often as they like.
    void found(bool something) noexcept {
        if (something) {
            empty_wakes_ = 0;
        } else if (woken_) {
            ++empty_wakes_;
        }
        woken_ = false;
    }

private:
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer backoff_;
    unsigned empty_wakes_ = 0;
    std::uint64_t wait_ = 0;
    bool waiting_ = false;
    bool woken_ = false;  // and nobody has looked since
};

}  // namespace sonde::async
