// The floor of `bench/ping`: what one ICMP datagram socket costs with sendmmsg, recvmmsg and the kernel's timestamps at
// both ends, without a table, a token, a check or a statistic. It counts answers and matches none: not a ping tool.
//
//     bare_echo_loop HOSTS_FILE PINGS_PER_HOST PINGS_PER_SECOND [TICK_MS]
//
// Every TICK_MS (2) what is due leaves in one call; both queues are read when the next batch is due. Prints sent,
// received and transmit stamps.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <linux/net_tstamp.h>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t most = 64;               // messages in a call
constexpr std::size_t datagram_size = 8 + 56;  // what ping sends
constexpr int receive_buffer = 4 << 20;

struct message {
    std::array<std::byte, datagram_size> bytes{};
    std::array<std::byte, 256> control{};
    sockaddr_in name{};
};

struct batch {
    std::array<message, most> messages;
    std::array<iovec, most> vectors{};
    std::array<mmsghdr, most> headers{};
};

int open_socket() {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
    const unsigned stamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED |
                            SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    const int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) != 0) {
        std::perror("bare_echo_loop: socket");
        std::exit(2);
    }
    return fd;
}

std::vector<sockaddr_in> read_hosts(const char* file) {
    std::vector<sockaddr_in> hosts;
    std::ifstream in(file);
    for (std::string word; in >> word;) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        if (inet_pton(AF_INET, word.c_str(), &name.sin_addr) == 1) hosts.push_back(name);
    }
    return hosts;
}

// Reads one queue dry; the number of messages.
std::uint64_t drain(int fd, batch& b, int flags) {
    std::uint64_t total = 0;
    for (;;) {
        for (std::size_t i = 0; i < most; ++i) {
            b.vectors[i] = {b.messages[i].bytes.data(), datagram_size};
            msghdr& h = b.headers[i].msg_hdr;
            h = {};
            h.msg_name = &b.messages[i].name;
            h.msg_namelen = sizeof b.messages[i].name;
            h.msg_iov = &b.vectors[i];
            h.msg_iovlen = 1;
            h.msg_control = b.messages[i].control.data();
            h.msg_controllen = b.messages[i].control.size();
        }
        const int count = recvmmsg(fd, b.headers.data(), most, MSG_DONTWAIT | flags, nullptr);
        if (count > 0) total += static_cast<std::uint64_t>(count);
        if (count < static_cast<int>(most)) return total;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("usage: bare_echo_loop HOSTS_FILE PINGS_PER_HOST PINGS_PER_SECOND [TICK_MS]\n", stderr);
        return 2;
    }
    const auto hosts = read_hosts(argv[1]);
    const std::uint64_t wanted = hosts.size() * std::strtoull(argv[2], nullptr, 10);
    const double rate = std::strtod(argv[3], nullptr);
    const auto tick = std::chrono::milliseconds{argc > 4 ? std::strtol(argv[4], nullptr, 10) : 2};

    const int fd = open_socket();
    std::array<std::byte, datagram_size> request{};
    request[0] = std::byte{8};  // echo request; the kernel writes identifier and checksum
    std::vector<batch> buffers(2);
    batch& out = buffers[0];
    batch& in = buffers[1];
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t stamps = 0;
    const auto begin = clock_type::now();
    for (auto next = begin; sent < wanted; next += tick) {
        std::this_thread::sleep_until(next);
        stamps += drain(fd, in, MSG_ERRQUEUE);
        received += drain(fd, in, 0);
        const std::chrono::duration<double> run = clock_type::now() - begin + tick;
        const auto due = std::min(wanted, static_cast<std::uint64_t>(run.count() * rate));
        while (sent < due) {
            const std::size_t count = std::min<std::size_t>(due - sent, most);
            for (std::size_t i = 0; i < count; ++i) {
                const auto sequence = htons(static_cast<std::uint16_t>(sent + i));
                std::memcpy(request.data() + 6, &sequence, sizeof sequence);
                out.messages[i].bytes = request;
                out.messages[i].name = hosts[(sent + i) % hosts.size()];
                out.vectors[i] = {out.messages[i].bytes.data(), datagram_size};
                msghdr& h = out.headers[i].msg_hdr;
                h = {};
                h.msg_name = &out.messages[i].name;
                h.msg_namelen = sizeof out.messages[i].name;
                h.msg_iov = &out.vectors[i];
                h.msg_iovlen = 1;
            }
            const int left = sendmmsg(fd, out.headers.data(), static_cast<unsigned>(count), 0);
            if (left <= 0) break;
            sent += static_cast<std::uint64_t>(left);
        }
    }
    const auto last = clock_type::now();
    while (received < sent && clock_type::now() - last < 500ms) {
        std::this_thread::sleep_for(tick);
        stamps += drain(fd, in, MSG_ERRQUEUE);
        received += drain(fd, in, 0);
    }
    std::printf("sent %llu received %llu stamps %llu\n", static_cast<unsigned long long>(sent),
                static_cast<unsigned long long>(received), static_cast<unsigned long long>(stamps));
    return received == sent ? 0 : 1;
}
