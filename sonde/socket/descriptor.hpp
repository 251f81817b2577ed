// The owner of one file descriptor.
#pragma once

namespace sonde::socket {

/// Move-only; closes what it owns when it goes. One thread at a time. -1 (or any negative number) is "nothing".
class descriptor {
public:
    explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
    descriptor& operator=(descriptor&& other) noexcept;
    ~descriptor() { reset(); }

    /// Still owned here; negative when there is nothing.
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
    explicit operator bool() const noexcept { return valid(); }

    /// Hands the descriptor to the caller, who closes it.
    [[nodiscard]] int release() noexcept;

    /// Closes now; `errno` is left as it was, so that a failure path may close before it reports.
    void reset() noexcept;

private:
    int fd_;
};

}  // namespace sonde::socket
