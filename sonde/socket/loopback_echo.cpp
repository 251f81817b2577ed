#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <sonde/base/bytes.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/loopback_echo.hpp>
#include <sonde/socket/privilege.hpp>

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>

namespace sonde::socket {

namespace {

using clock = std::chrono::steady_clock;
using echo_message = std::array<std::byte, 24>;

constexpr std::size_t header_size = 8;

struct loopback_address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const noexcept {
        return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
    }
};

loopback_address loopback(family version) noexcept {
    loopback_address address;
    if (version == family::v4) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::memcpy(&address.storage, &in, sizeof in);
        address.length = sizeof in;
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_addr = in6addr_loopback;
        std::memcpy(&address.storage, &in, sizeof in);
        address.length = sizeof in;
    }
    return address;
}

std::uint8_t request_type(family version) noexcept {
    return version == family::v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
}
std::uint8_t reply_type(family version) noexcept {
    return version == family::v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
}

/// The payload is this moment and this process: a raw socket sees other people's replies too.
echo_message make_request(family version) {
    echo_message message{};
    const bytes_span bytes{message};
    store_be<std::uint8_t>(bytes, 0, request_type(version));
    store_be<std::uint16_t>(bytes, 4, static_cast<std::uint16_t>(::getpid()));
    store_be<std::uint16_t>(bytes, 6, 1);
    store_be<std::uint64_t>(bytes, header_size, static_cast<std::uint64_t>(clock::now().time_since_epoch().count()));
    store_be<std::uint64_t>(bytes, header_size + 8, static_cast<std::uint64_t>(::getpid()));
    if (version == family::v6) return message;  // the kernel computes ICMPv6 checksums, RFC 3542 section 3.1

    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < message.size(); i += 2) sum += load_be<std::uint16_t>(bytes, i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    store_be<std::uint16_t>(bytes, 2, static_cast<std::uint16_t>(~sum));
    return message;
}

descriptor open_socket(family version, icmp_socket_kind kind) {
    const int domain = version == family::v4 ? AF_INET : AF_INET6;
    const int protocol = version == family::v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
    constexpr int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (kind == icmp_socket_kind::datagram) return descriptor(::socket(domain, SOCK_DGRAM | flags, protocol));
    const scoped_capability guard(capability::net_raw);
    return descriptor(::socket(domain, SOCK_RAW | flags, protocol));
}

void accept_replies_only(int fd, family version) noexcept {
    if (version == family::v4) {
        icmp_filter filter{};
        filter.data = ~(1U << ICMP_ECHOREPLY);
        ::setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
    } else {
        icmp6_filter filter{};
        ICMP6_FILTER_SETBLOCKALL(&filter);
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
        ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
    }
}

void ask_for_timestamps(int fd) noexcept {
    const unsigned flags = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                           SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
}

std::uint32_t receive_memory(int fd) noexcept {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t length = sizeof memory;
    if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &length) != 0) return 0;
    return memory[SK_MEMINFO_RMEM_ALLOC];
}

struct received {
    std::size_t length = 0;
    std::array<std::byte, 256> bytes{};
    bool stamped = false;
    std::optional<std::uint32_t> send_number;  ///< of the error queue's timestamp
};

bool is_stamp(const cmsghdr* control) noexcept {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPING) return false;
    scm_timestamping stamps{};
    std::memcpy(&stamps, CMSG_DATA(control), sizeof stamps);
    return stamps.ts[0].tv_sec != 0 || stamps.ts[0].tv_nsec != 0;
}

/// `control` is one message of the error queue: the number of the send that its timestamp belongs to.
std::optional<std::uint32_t> stamped_send(const cmsghdr* control) noexcept {
    const bool error = (control->cmsg_level == SOL_IP && control->cmsg_type == IP_RECVERR) ||
                       (control->cmsg_level == SOL_IPV6 && control->cmsg_type == IPV6_RECVERR);
    if (!error) return std::nullopt;
    sock_extended_err detail{};
    std::memcpy(&detail, CMSG_DATA(control), sizeof detail);
    if (detail.ee_origin != SO_EE_ORIGIN_TIMESTAMPING) return std::nullopt;
    return detail.ee_data;
}

std::optional<received> receive(int fd, int flags) noexcept {
    received in;
    alignas(cmsghdr) std::array<std::byte, 512> control{};
    iovec piece{in.bytes.data(), in.bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = ::recvmsg(fd, &message, flags | MSG_DONTWAIT);
    if (length < 0) return std::nullopt;
    in.length = static_cast<std::size_t>(length);
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (is_stamp(c)) in.stamped = true;
        if (const auto number = stamped_send(c)) in.send_number = number;
    }
    return in;
}

bool is_our_reply(bytes_view bytes, const echo_message& request, family version, icmp_socket_kind kind) noexcept {
    if (version == family::v4 && kind == icmp_socket_kind::raw && !bytes.empty()) {
        const std::size_t ip_header = 4 * (std::to_integer<std::size_t>(bytes[0]) & 0x0f);
        if (bytes.size() < ip_header) return false;
        bytes = bytes.subspan(ip_header);
    }
    return bytes.size() == request.size() && std::to_integer<std::uint8_t>(bytes[0]) == reply_type(version) &&
           std::equal(bytes.begin() + header_size, bytes.end(), request.begin() + header_size);
}

/// An open socket that asks, and waits until it has the reply and both timestamps or its patience ends.
class echo_exchange {
public:
    echo_exchange(int fd, family version, icmp_socket_kind kind) : fd_(fd), version_(version), kind_(kind) {}

    void run(loopback_echo& outcome) {
        outcome.answered = outcome.tx_stamp = outcome.rx_stamp = false;
        const loopback_address target = loopback(version_);
        const echo_message request = make_request(version_);
        if (::sendto(fd_, request.data(), request.size(), 0, target.get(), target.length) < 0) {
            outcome.send_error = errno;
            return;
        }
        const std::uint32_t send_number = sent_++;
        const auto deadline = clock::now() + loopback_patience;
        while (!outcome.answered || !outcome.tx_stamp) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
            pollfd waiting{fd_, POLLIN, 0};
            if (left <= 0 || (::poll(&waiting, 1, static_cast<int>(left)) < 0 && errno != EINTR)) return;

            const auto stamp = receive(fd_, MSG_ERRQUEUE);
            if (stamp && stamp->stamped && stamp->send_number == send_number) outcome.tx_stamp = true;
            // Measured with the error queue drained: what waits there is charged to the receive buffer too.
            const std::uint32_t memory = receive_memory(fd_);
            const auto reply = receive(fd_, 0);
            if (reply && is_our_reply(bytes_view{reply->bytes}.first(reply->length), request, version_, kind_)) {
                outcome.answered = true;
                outcome.rx_stamp = reply->stamped;
                outcome.truesize = memory;
            }
            // A socket that is ready with nothing to read would spin until the deadline.
            if (!stamp && !reply) std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }

private:
    int fd_;
    family version_;
    icmp_socket_kind kind_;
    std::uint32_t sent_ = 0;
};

}  // namespace

loopback_echo try_loopback_echo(family version, icmp_socket_kind kind) {
    loopback_echo outcome;
    const descriptor socket = open_socket(version, kind);
    if (!socket) {
        outcome.open_error = errno;
        return outcome;
    }
    if (kind == icmp_socket_kind::raw) accept_replies_only(socket.get(), version);
    ask_for_timestamps(socket.get());
    const loopback_address own = loopback(version);
    if (::bind(socket.get(), own.get(), own.length) != 0) {
        outcome.send_error = errno;
        return outcome;
    }

    // The first socket on a machine to ask for receive timestamps switches them on, and the kernel does that in its own
    // time: packets that come in before carry none.
    constexpr int attempts = 6;
    echo_exchange exchange(socket.get(), version, kind);
    for (int attempt = 0; attempt < attempts; ++attempt) {
        if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds{10});
        exchange.run(outcome);
        if (!outcome.answered || !outcome.tx_stamp || outcome.rx_stamp) break;
    }
    return outcome;
}

const loopback_echo* loopback_echoes::first_answered() const noexcept {
    for (const auto* echo : {&datagram_v4, &datagram_v6, &raw_v4, &raw_v6}) {
        if (echo->answered) return echo;
    }
    return nullptr;
}

loopback_echoes try_loopback_echoes() {
    return {try_loopback_echo(family::v4, icmp_socket_kind::datagram),
            try_loopback_echo(family::v6, icmp_socket_kind::datagram),
            try_loopback_echo(family::v4, icmp_socket_kind::raw), try_loopback_echo(family::v6, icmp_socket_kind::raw)};
}

}  // namespace sonde::socket
