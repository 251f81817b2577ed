#include <cerrno>
#include <unistd.h>
#include <utility>

#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

descriptor& descriptor::operator=(descriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

int descriptor::release() noexcept {
    return std::exchange(fd_, -1);
}

void descriptor::reset() noexcept {
    const int fd = release();
    if (fd < 0) return;
    // Linux releases the descriptor even when close() reports EINTR: a second try could close somebody else's.
    const int saved = errno;
    ::close(fd);
    errno = saved;
}

}  // namespace sonde::socket
