#include <algorithm>
#include <cerrno>
#include <sys/timerfd.h>

#include <cli/alarm.hpp>

namespace sonde::cli {

result<alarm_clock> alarm_clock::make() {
    // The clock of `time_point`.
    socket::descriptor fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!fd) return system_failure("cannot make a timer", errno);
    return alarm_clock(std::move(fd));
}

void alarm_clock::set(time_point when) noexcept {
    if (when == when_) return;
    when_ = when;
    // All zeros would take the timer back.
    const duration since = std::max(duration{1}, when.time_since_epoch());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    itimerspec time{};
    time.it_value = {.tv_sec = seconds.count(), .tv_nsec = static_cast<long>((since - seconds).count())};
    ::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &time, nullptr);
}

}  // namespace sonde::cli
