#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <cli/command.hpp>
#include <cli/output.hpp>

#include <sonde/socket/descriptor.hpp>

namespace sonde::cli {

namespace {

constexpr std::array end_signals{SIGINT, SIGTERM, SIGHUP};
constexpr int patience_seconds = 2;
constexpr int requests_to_give_up = 2;
// A pipe that is writable takes so much without waiting; and a terminal, whose room is in multiples of 256 bytes, this,
// also when each is a line end that becomes two.
constexpr std::size_t pipe_piece = 4096;
constexpr std::size_t terminal_piece = 128;

int first_write_error = 0;
volatile std::sig_atomic_t end_requests = 0;

/// Takes the signals that ask for the end while it lives, those alone for which there is a handler; it gets them after.
/// A handler would not do: one command has them blocked, and another looks at them only in its event loop.
class end_signal_catcher {
public:
    end_signal_catcher() noexcept {
        sigset_t caught;
        sigemptyset(&caught);
        for (const int number : end_signals) {
            struct sigaction now {};
            ::sigaction(number, nullptr, &now);
            if (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN) sigaddset(&caught, number);
        }
        ::sigprocmask(SIG_BLOCK, &caught, &former_);
        fd_ = socket::descriptor(::signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    end_signal_catcher(const end_signal_catcher&) = delete;
    end_signal_catcher& operator=(const end_signal_catcher&) = delete;
    ~end_signal_catcher() {
        // The handlers count them again.
        for (const int number : end_signals) {
            for (; taken_of(number) > 0; --taken_of(number)) {
                end_requests = end_requests - 1;
                ::raise(number);
            }
        }
        ::sigprocmask(SIG_SETMASK, &former_, nullptr);
    }

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    void take() noexcept {
        signalfd_siginfo got{};
        while (::read(fd(), &got, sizeof got) == sizeof got) {
            ++taken_of(static_cast<int>(got.ssi_signo));
            note_end_request();
        }
    }

private:
    [[nodiscard]] int& taken_of(int number) noexcept {
        return taken_[number == SIGINT ? 0 : number == SIGTERM ? 1 : 2];
    }

    socket::descriptor fd_;
    sigset_t former_{};
    std::array<int, end_signals.size()> taken_{};
};

bool has_room(int wait) noexcept {
    pollfd writable{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    return ::poll(&writable, 1, wait) > 0;
}

/// False when nobody reads and the end is wanted.
bool wait_for_room() noexcept {
    if (has_room(0)) return true;
    end_signal_catcher signals;
    for (;;) {
        const bool impatient = end_requests >= requests_to_give_up;
        std::array<pollfd, 2> what{{{STDOUT_FILENO, POLLOUT, 0}, {signals.fd(), POLLIN, 0}}};
        const int ready = ::poll(what.data(), what.size(), impatient ? patience_seconds * 1000 : -1);
        if (what[0].revents != 0) return true;
        if (ready == 0) return false;
        signals.take();
    }
}

/// What can be written at once when there is room; a file takes everything.
std::size_t piece_size() noexcept {
    struct stat status {};
    if (::fstat(STDOUT_FILENO, &status) != 0) return pipe_piece;
    if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return SIZE_MAX;
    return ::isatty(STDOUT_FILENO) != 0 ? terminal_piece : pipe_piece;
}

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
    static const std::size_t piece = piece_size();
    while (first_write_error == 0 && !text.empty()) {
        if (piece != SIZE_MAX && !wait_for_room()) {
            first_write_error = EPIPE;
            break;
        }
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), std::min(text.size(), piece));
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {  // the descriptor is shared with somebody who wants it non-blocking
            (void)has_room(-1);
        } else if (errno != EINTR) {
            first_write_error = errno;
        }
    }
    return first_write_error == 0;
}

void note_end_request() noexcept {
    end_requests = end_requests + 1;
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
