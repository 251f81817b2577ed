// The examinations of limits and privileges: what the kernel grants this process, beside what its sockets can do.
#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/icmp_permission.hpp>
#include <sonde/socket/loopback_echo.hpp>
#include <sonde/socket/mechanism.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/proc_file.hpp>

namespace sonde::socket {

namespace {

/// What the kernel really gives when asked for `wanted` bytes; 0 when it refuses. It doubles what it grants, to leave
/// room for its own bookkeeping (socket(7)).
std::uint32_t granted_buffer(int fd, int option, int wanted) noexcept {
    if (::setsockopt(fd, SOL_SOCKET, option, &wanted, sizeof wanted) != 0) return 0;
    int granted = 0;
    socklen_t length = sizeof granted;
    return ::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &length) == 0 ? static_cast<std::uint32_t>(granted) : 0;
}

std::string binary_size(std::uint32_t bytes) {
    constexpr std::uint32_t mebi = 1024 * 1024;
    return bytes >= mebi ? fmt::format("{:.4g} MiB", bytes / static_cast<double>(mebi))
                         : fmt::format("{} KiB", bytes / 1024);
}

std::string namespace_obstacle(int error_number) {
    std::string why = system_failure("another cannot be made", error_number).what;
    if (read_number("/proc/sys/user/max_user_namespaces") == 0U) why += " (user.max_user_namespaces is 0)";
    if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0U) {
        why += " (kernel.unprivileged_userns_clone is 0)";
    }
    if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1U) why += " (AppArmor restricts it)";
    return why;
}

std::vector<std::string> namespace_grants() {
    std::vector<std::string> commands;
    const auto set = [&](std::string_view name, unsigned value) {
        commands.push_back(fmt::format("{}sysctl -w {}={}", sudo_prefix(), name, value));
    };
    if (read_number("/proc/sys/user/max_user_namespaces") == 0U) set("user.max_user_namespaces", 10000);
    if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0U) set("kernel.unprivileged_userns_clone", 1);
    if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1U) {
        set("kernel.apparmor_restrict_unprivileged_userns", 0);
    }
    commands.emplace_back("docker run --security-opt seccomp=unconfined IMAGE");
    return commands;
}

struct namespace_attempt {
    int user_error = 0;
    bool network = false;  ///< and a network namespace inside it: the root it makes has its powers
};

/// In a child, because a process cannot leave the namespace that it has made.
namespace_attempt try_user_namespace() noexcept {
    constexpr int no_network = 255;
    const pid_t child = ::fork();
    if (child < 0) return {errno, false};
    if (child == 0) {
        if (::unshare(CLONE_NEWUSER) != 0) ::_exit(errno & 0x7f);
        ::_exit(::unshare(CLONE_NEWNET) == 0 ? 0 : no_network);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return {errno, false};
    }
    if (!WIFEXITED(status)) return {EPERM, false};
    const int code = WEXITSTATUS(status);
    return {code == no_network ? 0 : code, code == 0};
}

/// Why capabilities on the binary's file would not take effect; empty when they would.
std::string file_capability_obstacle(const std::string& path) {
    struct statvfs system {};
    if (::statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_NOSUID) != 0) {
        return "its file system is mounted nosuid";
    }
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1) return "no_new_privs is set for this process";
    return {};
}

}  // namespace

mechanism examine_timestamps(const loopback_echoes& echoes) {
    mechanism m{.name = "timestamps",
                .title = "kernel timestamps",
                .cost = "one more read for each packet sent",
                .needed_by = {"ping", "trace", "watch"}};
    const loopback_echo* echo = echoes.first_answered();
    if (echo == nullptr) {
        m.why = "not tried: no echo was answered on loopback";
    } else if (echo->tx_stamp && echo->rx_stamp) {
        m.found = verdict::works;
        m.why = "a loopback echo was stamped at both ends";
    } else if (echo->rx_stamp) {
        m.found = verdict::limited;
        m.why = "only what comes in is stamped: round-trip times begin at this process's clock";
    } else {
        m.why = echo->tx_stamp ? "only what goes out is stamped" : "the kernel delivered no timestamp";
    }
    return m;
}

mechanism examine_receive_buffer(const loopback_echoes& echoes) {
    constexpr int ask_plain = 1 << 30;
    constexpr int ask_forced = 64 << 20;
    constexpr std::uint32_t enough = 4U << 20U;
    constexpr std::uint32_t usual_truesize = 832;

    mechanism m{.name = "receive-buffer",
                .title = "receive buffer",
                .cost = "kernel memory while replies wait unread",
                .needed_by = {"ping", "sweep", "sniff"}};
    const descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const descriptor other(socket ? -1 : ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int fd = socket ? socket.get() : other.get();
    const std::uint32_t plain = granted_buffer(fd, SO_RCVBUF, ask_plain);
    if (plain == 0) {
        m.why = system_failure("SO_RCVBUF is refused", errno).what;
        return m;
    }
    std::uint32_t forced = 0;
    {
        const scoped_capability guard(capability::net_admin);
        forced = granted_buffer(fd, SO_RCVBUFFORCE, ask_forced);
    }
    const loopback_echo* echo = echoes.first_answered();
    const std::uint32_t truesize = echo != nullptr && echo->truesize != 0 ? echo->truesize : usual_truesize;
    const auto limit = read_number("/proc/sys/net/core/rmem_max");

    m.found = std::max(plain, forced) >= enough ? verdict::works : verdict::limited;
    m.why = fmt::format("{} a socket, about {} unread replies{}", binary_size(plain), plain / truesize,
                        limit ? fmt::format(" (net.core.rmem_max is {})", *limit) : "");
    // SO_RCVBUFFORCE asks for the capability in the initial user namespace, whoever owns the network namespace.
    if (forced > plain) {
        m.why += fmt::format("; CAP_NET_ADMIN gives {}", binary_size(forced));
    } else {
        m.why += in_user_namespace() ? "; more needs CAP_NET_ADMIN outside this user namespace"
                                     : "; more needs CAP_NET_ADMIN";
    }
    if (m.found != verdict::works) m.grant = {fmt::format("{}sysctl -w net.core.rmem_max={}", sudo_prefix(), enough)};
    return m;
}

mechanism examine_ping_group_range() {
    mechanism m{.name = "ping-group-range",
                .title = "ping_group_range",
                .cost = "none; it allows echo requests only",
                .needed_by = {"ping", "sweep", "trace", "watch"}};
    const icmp_permission facts = examine_icmp_permission();
    if (facts.range && any_in_range(facts.groups, *facts.range)) {
        m.found = verdict::works;
        m.why = fmt::format("'{}' includes a group of this process", facts.range->to_string());
        return m;
    }
    m.why = datagram_refusal(facts);
    m.grant = datagram_grants(facts);
    return m;
}

mechanism examine_process_capabilities() {
    mechanism m{.name = "process-capabilities",
                .title = "process capabilities",
                .cost = "dropped for good once sockets are open",
                .needed_by = {"ping", "trace", "send", "recv", "sniff", "echo", "lab", "tap"}};
    const auto caps = process_capabilities();
    if (!caps) {
        m.why = caps.error().what;
        return m;
    }
    std::vector<std::string> held;
    for (const auto wanted : {capability::net_raw, capability::net_admin}) {
        if (!caps->is_permitted(wanted)) continue;
        held.push_back(fmt::format("{}{}", to_string(wanted), caps->is_effective(wanted) ? "" : " (not effective)"));
    }
    m.found = held.size() == 2 ? verdict::works : held.empty() ? verdict::fails : verdict::limited;
    m.why = fmt::format("{}", fmt::join(held, " and "));
    if (held.empty()) m.why = "neither cap_net_raw nor cap_net_admin";
    if (held.empty() && ::geteuid() == 0) m.why += ", although this is root";
    if (in_user_namespace() && !held.empty()) m.why += "; good inside this user namespace only";
    if (!caps->is_permitted(capability::net_raw)) m.grant = net_raw_grants(examine_icmp_permission());
    return m;
}

mechanism examine_file_capabilities() {
    mechanism m{.name = "file-capabilities",
                .title = "file capabilities",
                .cost = "whoever runs it has them, until a rebuild",
                .needed_by = {"ping", "trace", "send", "recv", "sniff", "echo"}};
    const std::string path = binary_path();
    const auto caps = file_capabilities(path);
    if (!caps) {
        m.why = caps.error().what;
        return m;
    }
    const std::string obstacle = file_capability_obstacle(path);
    if (caps->find(to_string(capability::net_raw)) != std::string::npos) {
        m.found = obstacle.empty() ? verdict::works : verdict::limited;
        m.why = fmt::format("{} has {}", shell_word(path), *caps);
    } else {
        m.why = fmt::format("{} has {}", shell_word(path), caps->empty() ? "none" : *caps);
        m.grant = {fmt::format("{}setcap cap_net_raw+ep {}", sudo_prefix(), shell_word(path))};
    }
    if (!obstacle.empty()) m.why += fmt::format("; they would not count: {}", obstacle);
    return m;
}

mechanism examine_user_namespace() {
    mechanism m{.name = "user-namespace",
                .title = "user namespaces",
                .cost = "none; its root has no power outside",
                .needed_by = {"lab"}};
    const namespace_attempt attempt = try_user_namespace();
    const std::string_view here = in_user_namespace() ? "inside one" : "in the initial one";
    if (attempt.user_error != 0) {
        m.why = fmt::format("{}; {}", here, namespace_obstacle(attempt.user_error));
    } else if (!attempt.network) {
        m.found = verdict::limited;
        m.why = fmt::format("{}; another can be made, but no network namespace in it", here);
    } else {
        m.found = verdict::works;
        m.why = fmt::format("{}; another can be made", here);
        return m;
    }
    m.grant = namespace_grants();
    return m;
}

}  // namespace sonde::socket
