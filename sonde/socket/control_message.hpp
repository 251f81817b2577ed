// What every socket does with options and control messages (cmsg(3)), once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <sys/socket.h>

#include <sonde/base/time.hpp>

namespace sonde::socket {

/// Whether the system took it; `errno` says why not.
template <class T>
bool set_option(int fd, int level, int name, const T& value) noexcept {
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/// Takes and clears SO_ERROR.
[[nodiscard]] inline int take_pending_error(int fd) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

[[nodiscard]] inline wall_time to_wall_time(const timespec& t) noexcept {
    return wall_time{std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec}};
}

/// The payload of a received control message; what it is too short for stays zero.
template <class T>
[[nodiscard]] T read_control(const cmsghdr& header) noexcept {
    T value{};
    std::memcpy(&value, CMSG_DATA(&header), std::min<std::size_t>(sizeof value, header.cmsg_len - CMSG_LEN(0)));
    return value;
}

/// Adds one to those of a message that is to be sent: `msg_controllen` counts what is there, and the caller has seen to
/// the room (`CMSG_SPACE`).
template <class T>
void append_control(msghdr& message, int level, int type, const T& value) noexcept {
    auto* at = static_cast<std::byte*>(message.msg_control) + message.msg_controllen;
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + CMSG_LEN(0), &value, sizeof value);
    message.msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace sonde::socket
