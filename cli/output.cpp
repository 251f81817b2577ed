#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <system_error>
#include <unistd.h>

#include <cli/command.hpp>
#include <cli/output.hpp>

namespace sonde::cli {

namespace {

int first_write_error = 0;

void put(std::string_view text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

void prepare_standard_streams() noexcept {
    std::signal(SIGPIPE, SIG_IGN);
    for (int fd = 0; fd <= 2; ++fd) {
        // open() takes the lowest free number, which is the closed one.
        if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF && ::open("/dev/null", O_RDWR) < 0) return;
    }
}

bool write_out(std::string_view text) noexcept {
    // Not through stdio, which loses what is left of a write that a signal interrupts.
    while (first_write_error == 0 && !text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {  // the descriptor is shared with somebody who wants it non-blocking
            pollfd writable{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
            ::poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            first_write_error = errno;
        }
    }
    return first_write_error == 0;
}

int settle_output(int exit_code) noexcept {
    if (first_write_error == 0 || first_write_error == EPIPE) return exit_code;
    print_error("sonde", system_failure("cannot write to stdout", first_write_error).what);
    return exit_trouble;
}

void print_error(std::string_view command, std::string_view message) noexcept {
    put(command);
    put(": ");
    put(message);
    put("\n");
}

void print_failure(std::string_view command, const failure& f) noexcept {
    print_error(command, f.what);
    if (f.remedy.empty()) return;
    put(f.remedy);
    put("\n");
}

}  // namespace sonde::cli
