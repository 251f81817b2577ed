// The time that glue lives in: the machine's own, or a simulation's.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/base/time.hpp>

namespace sonde::async {

/// Rings once for each setting. It may be destroyed at any time; then it does not ring.
class alarm {
public:
    virtual ~alarm() = default;
    /// `ring` is called by the executor at `at`, or soon after it; what was set before is forgotten.
    virtual void set(time_point at, std::function<void()> ring) = 0;
    virtual void cancel() = 0;
};

/// Thread-safe as far as what is behind it is.
class timekeeper {
public:
    virtual ~timekeeper() = default;
    [[nodiscard]] virtual time_point now() const = 0;
    [[nodiscard]] virtual std::unique_ptr<alarm> make_alarm(const boost::asio::any_io_executor& executor) = 0;
};

/// The monotonic clock, and timers of Asio.
[[nodiscard]] std::shared_ptr<timekeeper> machine_time();

}  // namespace sonde::async
