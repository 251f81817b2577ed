#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include <cli/kernel_echo.hpp>
#include <cli/output.hpp>
#include <fmt/format.h>

#include <sonde/socket/privilege.hpp>
#include <sonde/socket/proc_file.hpp>

namespace sonde::cli {

namespace {

struct setting {
    family of;
    const char* path;
    std::string_view name;
};
constexpr std::array<setting, 2> settings{{
    {family::v4, "/proc/sys/net/ipv4/icmp_echo_ignore_all", "net.ipv4.icmp_echo_ignore_all"},
    {family::v6, "/proc/sys/net/ipv6/icmp/echo_ignore_all", "net.ipv6.icmp.echo_ignore_all"},
}};

struct former_value {
    const setting* which = nullptr;
    std::uint32_t value = 0;
};

void restore(const std::vector<former_value>& former) noexcept {
    for (const auto& f : former) {
        if (socket::write_number(f.which->path, f.value) == 0) continue;
        print_error("sonde echo", "cannot set the kernel's answering back; sysctl -w of this by hand:");
        print_error("sonde echo", f.which->name);
    }
}

result<void> cannot_silence(const setting& s, int error_number) {
    const std::string_view why = error_number == EROFS ? " (/proc/sys is mounted read-only here)" : "";
    const bool permission = error_number == EACCES || error_number == EPERM;
    return system_failure(
        fmt::format("--only: cannot set {}{}{}", s.name, why, permission ? ", which needs CAP_NET_ADMIN" : ""),
        error_number,
        fmt::format("Without --only, silence the kernel by hand:\n    {}sysctl -w {}=1\n"
                    "or let the binary do it:\n    {}setcap cap_net_raw,cap_net_admin+ep {}",
                    socket::sudo_prefix(), s.name, socket::sudo_prefix(), socket::shell_word(socket::binary_path())));
}

/// The other process. Nothing but the end of the pipe ends it: not the terminal's signals, not what ends the run.
[[noreturn]] void keep(int alive, const std::vector<former_value>& former) noexcept {
    for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2}) {
        std::signal(signal, SIG_IGN);
    }
    ::setsid();
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    if (const auto kept = socket::keep_only_capability(socket::capability::net_admin); !kept) {
        print_failure("sonde echo", kept.error());
    }
    std::array<char, 1> nothing{};
    while (::read(alive, nothing.data(), nothing.size()) < 0 && errno == EINTR) {
    }
    restore(former);
    ::_exit(0);
}

}  // namespace

bool kernel_answers(family f) {
    for (const auto& s : settings) {
        if (s.of == f) return socket::read_number(s.path).value_or(0) == 0;
    }
    return false;
}

std::string silencing_commands(bool v4, bool v6) {
    std::string commands;
    for (const auto& s : settings) {
        if (s.of == family::v4 ? !v4 : !v6) continue;
        if (!commands.empty()) commands += '\n';
        commands += fmt::format("    {}sysctl -w {}=1", socket::sudo_prefix(), s.name);
    }
    return commands;
}

result<kernel_silence> kernel_silence::begin() {
    std::vector<former_value> former;
    for (const auto& s : settings) {
        // A kernel without IPv6 answers nothing there.
        const auto value = socket::read_number(s.path);
        if (value && *value == 0) former.push_back({&s, *value});
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure("--only: cannot make a pipe", errno);
    socket::descriptor reading(ends[0]);
    socket::descriptor writing(ends[1]);

    // The process that restores comes first: whatever happens from here on, it is there.
    const pid_t keeper = ::fork();
    if (keeper < 0)
        return system_failure("--only: cannot start the process that restores the kernel's answering", errno);
    if (keeper == 0) {
        writing.reset();
        keep(reading.get(), former);
    }
    kernel_silence silence(std::move(writing), keeper);
    const socket::scoped_capability raise(socket::capability::net_admin);
    for (const auto& f : former) {
        if (const int why = socket::write_number(f.which->path, 1); why != 0)
            return cannot_silence(*f.which, why).error();
    }
    return silence;
}

kernel_silence::kernel_silence(kernel_silence&& other) noexcept
    : alive_(std::move(other.alive_)), keeper_(std::exchange(other.keeper_, -1)) {}

kernel_silence::~kernel_silence() {
    if (keeper_ < 0) return;
    alive_.reset();
    while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace sonde::cli
