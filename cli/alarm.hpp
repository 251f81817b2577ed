// A clock that a loop can wait for among its descriptors.
#pragma once

#include <sonde/base/error.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::cli {

/// A timerfd(2). A time-out given to ppoll(2) is set and taken back with every wait, which costs an idle machine more
/// than all else that it does to answer one frame; this is set when the time changes. One thread at a time.
class alarm_clock {
public:
    [[nodiscard]] static result<alarm_clock> make();

    /// Readable from `when` on, until the next `set`; a time that is over already counts too.
    void set(time_point when) noexcept;

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
    explicit alarm_clock(socket::descriptor fd) noexcept : fd_(std::move(fd)) {}
    socket::descriptor fd_;
    time_point when_{};
};

}  // namespace sonde::cli
