// frame_generator INTERFACE SIZE SECONDS RATE: UDP frames of SIZE bytes out of a packet socket, RATE a second (0: as
// fast as it goes), evenly spread. Prints how many left, and in how many seconds, as one JSON object.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <net/if.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

namespace {

using clock_type = std::chrono::steady_clock;
constexpr std::size_t batch = 64;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(2);
}

// From 10.97.0.1 port 4000 to 10.97.0.2 port 7777, without UDP checksum.
std::vector<unsigned char> frame_of(std::size_t size) {
    std::vector<unsigned char> f(std::max<std::size_t>(size, 60));
    const std::array<unsigned char, 42> head{2,    0, 0,  0,  0x97, 2, 2,    0,    0,    0,    0x97, 1, 8,  0,
                                             0x45, 0, 0,  0,  0,    1, 0,    0,    64,   17,   0,    0, 10, 97,
                                             0,    1, 10, 97, 0,    2, 0x0f, 0xa0, 0x1e, 0x61, 0,    0, 0,  0};
    std::copy(head.begin(), head.end(), f.begin());
    const auto put = [&](std::size_t at, std::size_t value) {
        f[at] = static_cast<unsigned char>(value >> 8);
        f[at + 1] = static_cast<unsigned char>(value);
    };
    put(16, f.size() - 14);
    put(38, f.size() - 34);
    std::uint32_t sum = 0;
    for (std::size_t i = 14; i < 34; i += 2) sum += static_cast<std::uint32_t>(f[i] << 8 | f[i + 1]);
    while (sum >> 16 != 0) sum = (sum & 0xffffU) + (sum >> 16);
    put(24, ~sum & 0xffffU);
    return f;
}

int open_socket(const char* interface) {
    const int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0) fail("socket");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface));
    if (address.sll_ifindex == 0) fail(interface);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
    const int one = 1;
    if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one) != 0) fail("PACKET_QDISC_BYPASS");
    return fd;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("usage: frame_generator INTERFACE SIZE SECONDS RATE\n", stderr);
        return 2;
    }
    const int fd = open_socket(argv[1]);
    auto frame = frame_of(std::strtoul(argv[2], nullptr, 10));
    const double seconds = std::strtod(argv[3], nullptr);
    const double rate = std::strtod(argv[4], nullptr);
    iovec piece{.iov_base = frame.data(), .iov_len = frame.size()};
    std::array<mmsghdr, batch> messages{};
    for (auto& m : messages) {
        m.msg_hdr.msg_iov = &piece;
        m.msg_hdr.msg_iovlen = 1;
    }
    const auto begin = clock_type::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(clock_type::now() - begin).count(); };
    std::uint64_t sent = 0;
    while (elapsed() < seconds) {
        const auto due = rate > 0 ? static_cast<std::uint64_t>(elapsed() * rate) : sent + batch;
        if (due <= sent) {
            std::this_thread::sleep_for(std::chrono::microseconds{50});
            continue;
        }
        const auto now = static_cast<unsigned>(std::min<std::uint64_t>(batch, due - sent));
        const int left = sendmmsg(fd, messages.data(), now, 0);
        if (left < 0) fail("sendmmsg");
        sent += static_cast<std::uint64_t>(left);
    }
    std::printf("{\"sent\": %llu, \"seconds\": %.6f}\n", static_cast<unsigned long long>(sent), elapsed());
    return 0;
}
