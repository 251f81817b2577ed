#include <algorithm>
#include <chrono>
#include <utility>

#include <sonde/async/readiness.hpp>
#include <sonde/base/time.hpp>

namespace sonde::async {

namespace {

using namespace std::chrono_literals;

constexpr unsigned tolerated_empty_wakes = 8;

}  // namespace

readiness::readiness(const boost::asio::any_io_executor& executor, int fd)
    : descriptor_(executor, fd), backoff_(executor) {}

// The descriptor belongs to somebody else.
readiness::~readiness() {
    descriptor_.release();
}

void readiness::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    if (waiting_) return;
    waiting_ = true;
    const auto woken = [on_wake = std::move(on_wake), wait = ++wait_](const boost::system::error_code& error) {
        if (error != boost::asio::error::operation_aborted) on_wake(wait);
    };
    if (empty_wakes_ <= tolerated_empty_wakes) {
        descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, woken);
        return;
    }
    // The descriptor says that there is something, and there is nothing: look again later, by the clock.
    backoff_.expires_after(std::min<duration>(1ms * (1U << std::min(empty_wakes_ - tolerated_empty_wakes, 7U)), 100ms));
    backoff_.async_wait(woken);
}

bool readiness::woken(std::uint64_t wait) noexcept {
    if (wait != wait_ || !waiting_) return false;
    waiting_ = false;
    woken_ = true;
    return true;
}

void readiness::wait_writable(std::function<void()> on_wake) {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                           [on_wake = std::move(on_wake)](const boost::system::error_code& error) {
                               if (error != boost::asio::error::operation_aborted) on_wake();
                           });
}

void readiness::cancel() {
    waiting_ = false;
    boost::system::error_code ignored;
    descriptor_.cancel(ignored);
    backoff_.cancel();
}

}  // namespace sonde::async
