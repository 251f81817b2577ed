// naive_echo_loop INTERFACE: the echo server of the article, as the peer of `sonde echo`: a packet socket without link
// headers, recvfrom, craft the answer, sendto, one frame at a time. On SIGINT or SIGTERM it prints what it answered.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

namespace {

volatile std::sig_atomic_t ended = 0;

std::uint16_t checksum(const unsigned char* bytes, std::size_t size) {
    std::uint32_t sum = 0;
    for (; size > 1; size -= 2, bytes += 2) sum += static_cast<std::uint32_t>(bytes[0] << 8 | bytes[1]);
    if (size > 0) sum += static_cast<std::uint32_t>(*bytes << 8);
    while (sum >> 16 != 0) sum = (sum & 0xffffU) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

void put(unsigned char* at, std::uint16_t value) {
    at[0] = static_cast<unsigned char>(value >> 8);
    at[1] = static_cast<unsigned char>(value);
}

/// The answer to an IPv4 echo request without options; 0 for anything else.
std::size_t craft(const unsigned char* in, std::size_t size, unsigned char* out) {
    if (size < 28 || in[0] != 0x45 || in[9] != 1 || in[20] != 8) return 0;
    const auto total = static_cast<std::size_t>(in[2] << 8 | in[3]);
    if (total < 28 || total > size) return 0;
    std::memcpy(out, in, total);
    std::memcpy(out + 12, in + 16, 4);
    std::memcpy(out + 16, in + 12, 4);
    out[8] = 64;
    put(out + 10, 0);
    put(out + 10, checksum(out, 20));
    out[20] = 0;
    put(out + 22, 0);
    put(out + 22, checksum(out + 20, total - 20));
    return total;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: naive_echo_loop INTERFACE\n", stderr);
        return 2;
    }
    struct sigaction action {};
    action.sa_handler = [](int) { ended = 1; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);

    const int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
    sockaddr_ll own{};
    own.sll_family = AF_PACKET;
    own.sll_protocol = htons(ETH_P_ALL);
    own.sll_ifindex = static_cast<int>(if_nametoindex(argv[1]));
    if (fd < 0 || own.sll_ifindex == 0 || bind(fd, static_cast<sockaddr*>(static_cast<void*>(&own)), sizeof own) != 0) {
        std::perror("naive_echo_loop");
        return 2;
    }
    std::puts("ready");
    std::fflush(stdout);
    std::array<unsigned char, 65536> in{};
    std::array<unsigned char, 65536> out{};
    unsigned long answered = 0;
    while (ended == 0) {
        sockaddr_ll from{};
        socklen_t from_size = sizeof from;
        auto* address = static_cast<sockaddr*>(static_cast<void*>(&from));
        const ssize_t size = recvfrom(fd, in.data(), in.size(), 0, address, &from_size);
        if (size <= 0 || from.sll_pkttype == PACKET_OUTGOING) continue;
        const std::size_t reply = craft(in.data(), static_cast<std::size_t>(size), out.data());
        if (reply > 0 && sendto(fd, out.data(), reply, 0, address, from_size) >= 0) ++answered;
    }
    std::printf("answered %lu\n", answered);
    close(fd);
    return 0;
}
