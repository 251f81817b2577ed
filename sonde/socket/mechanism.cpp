#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/icmp_permission.hpp>
#include <sonde/socket/loopback_echo.hpp>
#include <sonde/socket/mechanism.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/proc_file.hpp>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>

namespace sonde::socket {

namespace {

std::string_view word(family version) noexcept {
    return version == family::v4 ? "IPv4" : "IPv6";
}

std::string_view loopback_text(family version) noexcept {
    return version == family::v4 ? "127.0.0.1" : "::1";
}

/// Which interfaces are up, and with which families.
struct surroundings {
    bool loopback_up = false;
    bool v4 = false;  ///< an interface that is up has an IPv4 address
    bool v6 = false;

    [[nodiscard]] bool has(family version) const noexcept { return version == family::v4 ? v4 : v6; }
};

surroundings look_around() noexcept {
    surroundings seen;
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return seen;
    for (const ifaddrs* i = first; i != nullptr; i = i->ifa_next) {
        if ((i->ifa_flags & IFF_UP) == 0) continue;
        if ((i->ifa_flags & IFF_LOOPBACK) != 0) seen.loopback_up = true;
        if (i->ifa_addr == nullptr) continue;
        seen.v4 = seen.v4 || i->ifa_addr->sa_family == AF_INET;
        seen.v6 = seen.v6 || i->ifa_addr->sa_family == AF_INET6;
    }
    ::freeifaddrs(first);
    return seen;
}

mechanism describe(family version, icmp_socket_kind kind) {
    const bool v4 = version == family::v4;
    if (kind == icmp_socket_kind::datagram) {
        return {.name = v4 ? "icmp-datagram-v4" : "icmp-datagram-v6",
                .title = v4 ? "ICMP datagram IPv4" : "ICMP datagram IPv6",
                .cost = "none; the kernel picks the identifier",
                .needed_by = {"ping", "sweep", "trace", "watch"}};
    }
    return {.name = v4 ? "icmp-raw-v4" : "icmp-raw-v6",
            .title = v4 ? "raw ICMP IPv4" : "raw ICMP IPv6",
            .cost = "CAP_NET_RAW; copies of everybody's ICMP",
            .needed_by = {"ping", "trace", "send", "recv"}};
}

/// An ICMP socket opened: what did its echo prove?
void judge_echo(mechanism& m, const loopback_echo& echo, family version) {
    const surroundings seen = look_around();
    const char* disabled = "/proc/sys/net/ipv6/conf/all/disable_ipv6";
    const char* ignored =
        version == family::v4 ? "/proc/sys/net/ipv4/icmp_echo_ignore_all" : "/proc/sys/net/ipv6/icmp/echo_ignore_all";
    if (echo.answered) {
        m.found = verdict::works;
        m.why = fmt::format("an echo to {} was answered", loopback_text(version));
        return;
    }
    if (!seen.loopback_up) m.grant.push_back(fmt::format("{}ip link set lo up", sudo_prefix()));
    if (!seen.has(version)) {
        m.found = verdict::fails;
        m.why = fmt::format("it opens, but no interface that is up has an {} address", word(version));
        if (version == family::v6 && read_number(disabled) == 1U) {
            m.why += ": net.ipv6.conf.all.disable_ipv6 is 1";
            m.grant.push_back(fmt::format("{}sysctl -w net.ipv6.conf.all.disable_ipv6=0", sudo_prefix()));
        }
        return;
    }
    m.found = verdict::limited;
    if (!seen.loopback_up) {
        m.why = "it opens, but the loopback interface is down: no echo could prove that it carries";
    } else if (echo.send_error != 0) {
        m.why = system_failure(fmt::format("it opens, but the echo to {} was not sent", loopback_text(version)),
                               echo.send_error)
                    .what;
        if (echo.send_error == EPERM) m.why += " (a firewall rule?)";
    } else if (read_number(ignored) == 1U) {
        m.why = "it opens and sends, but this machine answers no echo: icmp_echo_ignore_all is 1";
    } else {
        m.why = fmt::format("it opens and sends, but {} did not answer in {} ms: does a firewall drop echoes?",
                            loopback_text(version), loopback_patience / std::chrono::milliseconds{1});
    }
}

/// The part of "refused" that has nothing to do with privilege.
void judge_missing_protocol(mechanism& m, int open_error, family version) {
    const auto missing = open_error == EAFNOSUPPORT ? word(version) : "such socket";
    m.why = system_failure(fmt::format("this kernel has no {}", missing), open_error).what;
    if (version == family::v6) m.grant = {fmt::format("{}modprobe ipv6", sudo_prefix())};
}

int bind_to_loopback(int fd) noexcept {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_IP);
    address.sll_ifindex = static_cast<int>(::if_nametoindex("lo"));
    return ::bind(fd, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) == 0 ? 0
                                                                                                             : errno;
}

/// Makes an interface that goes with the descriptor; 0 or errno.
int make_interface(int fd, short mode) noexcept {
    ifreq request{};
    constexpr std::string_view name = "sonde-dr%d";
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_flags = static_cast<short>(mode | IFF_NO_PI);
    const scoped_capability guard(capability::net_admin);
    return ::ioctl(fd, TUNSETIFF, &request) == 0 ? 0 : errno;
}

constexpr const char* tun_path = "/dev/net/tun";

/// Each command grants all that is missing: the device itself, and the capability to make interfaces with it.
std::vector<std::string> tun_grants(int open_error) {
    std::string device;
    if (open_error == ENOENT || open_error == ENODEV || open_error == ENXIO) {
        device = fmt::format("{}modprobe tun", sudo_prefix());
    } else if (open_error == EACCES) {
        device = fmt::format("{}chmod 0666 {}", sudo_prefix(), tun_path);
    }
    const auto caps = process_capabilities();
    if (!device.empty() && caps && caps->is_permitted(capability::net_admin)) return {device};
    return {fmt::format("{}{}{}setcap cap_net_raw,cap_net_admin+ep {}", device, device.empty() ? "" : " && ",
                        sudo_prefix(), shell_word(binary_path())),
            "docker run --device /dev/net/tun --cap-add NET_ADMIN IMAGE",
            "AmbientCapabilities=CAP_NET_ADMIN  # in a systemd unit, under [Service]"};
}

}  // namespace

std::string_view to_string(verdict v) noexcept {
    switch (v) {
        case verdict::works:
            return "works";
        case verdict::limited:
            return "limited";
        case verdict::fails:
            return "not";
    }
    return "not";
}

mechanism examine_icmp(family version, icmp_socket_kind kind, const loopback_echo& echo) {
    mechanism m = describe(version, kind);
    if (echo.opened()) {
        judge_echo(m, echo, version);
    } else if (echo.open_error == EAFNOSUPPORT || echo.open_error == EPROTONOSUPPORT) {
        judge_missing_protocol(m, echo.open_error, version);
    } else if (echo.open_error != EACCES && echo.open_error != EPERM) {
        m.why = system_failure("cannot open it", echo.open_error).what;
    } else if (kind == icmp_socket_kind::datagram) {
        const icmp_permission facts = examine_icmp_permission();
        m.why = datagram_refusal(facts);
        m.grant = datagram_grants(facts);
    } else {
        m.why = capability_refusal(capability::net_raw);
        m.grant = net_raw_grants(examine_icmp_permission());
    }
    return m;
}

mechanism examine_packet_socket() {
    mechanism m{.name = "packet",
                .title = "packet sockets",
                .cost = "CAP_NET_RAW; beside the kernel's own stack",
                .needed_by = {"sniff", "echo", "send", "recv", "sweep"}};
    const scoped_capability guard(capability::net_raw);
    // Protocol 0 receives nothing until the bind says what.
    const descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int error_number = socket ? bind_to_loopback(socket.get()) : errno;
    if (error_number == 0) {
        m.found = verdict::works;
        m.why = "opened and bound to the loopback interface";
    } else if (error_number == EPERM || error_number == EACCES) {
        m.why = capability_refusal(capability::net_raw);
        m.grant = net_raw_grants(examine_icmp_permission());
    } else {
        const char* step = socket ? "it opens, but cannot be bound to loopback" : "cannot open it";
        m.why = system_failure(step, error_number).what;
        if (error_number == EAFNOSUPPORT) m.grant = {fmt::format("{}modprobe af_packet", sudo_prefix())};
    }
    return m;
}

mechanism examine_tun_tap() {
    mechanism m{.name = "tun-tap",
                .title = "TUN/TAP",
                .cost = "CAP_NET_ADMIN; gone when it is closed",
                .needed_by = {"lab", "tap"}};
    int opened_error = 0;
    const auto attempt = [&](short mode) {
        const descriptor device(::open(tun_path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
        if (!device) return opened_error = errno;
        return make_interface(device.get(), mode);
    };
    const int tun = attempt(IFF_TUN);
    const int tap = attempt(IFF_TAP);
    if (tun == 0 && tap == 0) {
        m.found = verdict::works;
        m.why = "a TUN and a TAP interface were made, and removed";
        return m;
    }
    if (tun == 0 || tap == 0) {
        m.found = verdict::limited;
        m.why =
            system_failure(tun == 0 ? "TUN works, TAP does not" : "TAP works, TUN does not", tun == 0 ? tap : tun).what;
    } else if (opened_error != 0) {
        m.why = system_failure(fmt::format("cannot open {}", tun_path), opened_error).what;
    } else if (tun == EPERM) {
        m.why = capability_refusal(capability::net_admin);
    } else {
        m.why = system_failure(fmt::format("{} opens, but makes no interface", tun_path), tun).what;
    }
    m.grant = tun_grants(opened_error);
    return m;
}

std::vector<mechanism> examine_mechanisms() {
    const loopback_echoes echoes = try_loopback_echoes();
    return {examine_icmp(family::v4, icmp_socket_kind::datagram, echoes.datagram_v4),
            examine_icmp(family::v6, icmp_socket_kind::datagram, echoes.datagram_v6),
            examine_icmp(family::v4, icmp_socket_kind::raw, echoes.raw_v4),
            examine_icmp(family::v6, icmp_socket_kind::raw, echoes.raw_v6),
            examine_udp_errors(family::v4),
            examine_udp_errors(family::v6),
            examine_tcp_raw(),
            examine_packet_socket(),
            examine_tun_tap(),
            examine_timestamps(echoes),
            examine_receive_buffer(echoes),
            examine_ping_group_range(),
            examine_process_capabilities(),
            examine_file_capabilities(),
            examine_user_namespace()};
}

ping_paths find_ping_paths(const std::vector<mechanism>& found) noexcept {
    const auto first_that_works = [&](std::string_view datagram,
                                      std::string_view raw) -> std::optional<std::string_view> {
        for (const auto wanted : {datagram, raw}) {
            for (const auto& m : found) {
                if (m.name == wanted && m.found != verdict::fails) return m.name;
            }
        }
        return std::nullopt;
    };
    return {first_that_works("icmp-datagram-v4", "icmp-raw-v4"), first_that_works("icmp-datagram-v6", "icmp-raw-v6")};
}

}  // namespace sonde::socket
