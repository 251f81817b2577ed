// Asks with a packet socket; what it saw comes out as one JSON object.
//
//     echo_generator load INTERFACE FROM_MAC TO_MAC FROM TO SECONDS RATE     RATE 0: as fast as it goes
//     echo_generator latency INTERFACE FROM_MAC TO_MAC FROM TO COUNT MILLISECONDS
//
// `load`: IPv4 echo requests of 56 bytes, many identifiers. Answers are counted by the interface, and one in 64 is
// looked at in a ring: on a veth what an answer costs on this side is work of the answerer's process, and has to be
// little. FROM_MAC is best not the interface's own, so that the kernel drops the answers as somebody else's. `latency`:
// one request at a time, so far apart that each wakes an idle responder; the time is from before the send to the
// kernel's stamp on the answer.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <net/if.h>
#include <poll.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

namespace {

using clock_type = std::chrono::steady_clock;
using frame = std::array<unsigned char, 98>;
constexpr std::size_t batch = 64;
constexpr std::uint32_t sample = 64;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(2);
}

std::uint16_t checksum(const unsigned char* bytes, std::size_t size) {
    std::uint32_t sum = 0;
    for (; size > 1; size -= 2, bytes += 2) sum += static_cast<std::uint32_t>(bytes[0] << 8 | bytes[1]);
    while (sum >> 16 != 0) sum = (sum & 0xffffU) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

void put(unsigned char* at, std::uint16_t value) {
    at[0] = static_cast<unsigned char>(value >> 8);
    at[1] = static_cast<unsigned char>(value);
}

void put_mac(unsigned char* at, const char* text) {
    std::array<unsigned, 6> v{};
    if (std::sscanf(text, "%x:%x:%x:%x:%x:%x", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) != 6) fail(text);
    for (std::size_t i = 0; i < 6; ++i) at[i] = static_cast<unsigned char>(v[i]);
}

frame request(char** addresses) {
    frame f{};
    put_mac(f.data(), addresses[1]);
    put_mac(f.data() + 6, addresses[0]);
    put(f.data() + 12, ETH_P_IP);
    unsigned char* ip = f.data() + 14;
    ip[0] = 0x45;
    put(ip + 2, 84);
    ip[8] = 64;
    ip[9] = 1;
    if (inet_pton(AF_INET, addresses[2], ip + 12) != 1 || inet_pton(AF_INET, addresses[3], ip + 16) != 1)
        fail("address");
    put(ip + 10, checksum(ip, 20));
    ip[20] = 8;
    for (unsigned char i = 0; i < 56; ++i) ip[28 + i] = i;
    return f;
}

void number(frame& f, std::uint32_t n) {
    unsigned char* icmp = f.data() + 34;
    put(icmp + 4, static_cast<std::uint16_t>(n >> 16));
    put(icmp + 6, static_cast<std::uint16_t>(n));
    put(icmp + 2, 0);
    put(icmp + 2, checksum(icmp, 64));
}

/// A packet socket that receives echo replies into a ring and sends frames.
class port {
public:
    port(const char* interface, int version) : fd_(socket(AF_PACKET, SOCK_RAW, 0)) {
        if (fd_ < 0) fail("socket");
        // Incoming IPv4 ICMP echo replies.
        const std::uint32_t others = version == TPACKET_V3 ? sample - 1 : 0;  // bits of the sequence number
        std::array<sock_filter, 12> program{{{BPF_LD | BPF_H | BPF_ABS, 0, 0, 40},
                                             {BPF_JMP | BPF_JSET | BPF_K, 9, 0, others},
                                             {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0xfffff004U},
                                             {BPF_JMP | BPF_JEQ | BPF_K, 7, 0, PACKET_OUTGOING},
                                             {BPF_LD | BPF_H | BPF_ABS, 0, 0, 12},
                                             {BPF_JMP | BPF_JEQ | BPF_K, 0, 5, ETH_P_IP},
                                             {BPF_LD | BPF_B | BPF_ABS, 0, 0, 23},
                                             {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 1},
                                             {BPF_LD | BPF_B | BPF_ABS, 0, 0, 34},
                                             {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0},
                                             {BPF_RET | BPF_K, 0, 0, 128},
                                             {BPF_RET | BPF_K, 0, 0, 0}}};
        const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
        const int buffer = 4 << 20;
        if (setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) fail("filter");
        if (setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) != 0) {
            setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        }
        if (setsockopt(fd_, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) fail("ring version");
        map_ring(version);
        sockaddr_ll own{};
        own.sll_family = AF_PACKET;
        own.sll_protocol = htons(ETH_P_ALL);
        own.sll_ifindex = static_cast<int>(if_nametoindex(interface));
        if (own.sll_ifindex == 0 || bind(fd_, static_cast<sockaddr*>(static_cast<void*>(&own)), sizeof own) != 0) {
            fail(interface);
        }
    }

    [[nodiscard]] int fd() const { return fd_; }

    /// V3: counts the right answers that lie in blocks that are full or old.
    std::uint64_t count() {
        std::uint64_t found = 0;
        for (;;) {
            auto* block = static_cast<tpacket_block_desc*>(static_cast<void*>(ring_ + next_ * block_size));
            std::atomic_ref<std::uint32_t> status(block->hdr.bh1.block_status);
            if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return found;
            unsigned char* at = ring_ + next_ * block_size + block->hdr.bh1.offset_to_first_pkt;
            for (std::uint32_t i = 0; i < block->hdr.bh1.num_pkts; ++i) {
                const auto* header = static_cast<tpacket3_hdr*>(static_cast<void*>(at));
                if (is_right(at + header->tp_mac, header->tp_snaplen)) ++found;
                at += header->tp_next_offset;
            }
            status.store(TP_STATUS_KERNEL, std::memory_order_release);
            next_ = (next_ + 1) % blocks;
        }
    }

    /// V2: the kernel's stamp of the next answer, in ns of CLOCK_REALTIME; 0 when there is none.
    std::int64_t stamp() {
        auto* header = static_cast<tpacket2_hdr*>(static_cast<void*>(ring_ + next_ * slot_size));
        std::atomic_ref<std::uint32_t> status(header->tp_status);
        if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return 0;
        const std::int64_t at = std::int64_t{header->tp_sec} * 1'000'000'000 + header->tp_nsec;
        status.store(TP_STATUS_KERNEL, std::memory_order_release);
        next_ = (next_ + 1) % (blocks * block_size / slot_size);
        return at;
    }

    unsigned dropped() {
        tpacket_stats_v3 statistics{};
        socklen_t size = sizeof statistics;
        getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
        return statistics.tp_drops;
    }

private:
    static bool is_right(const unsigned char* f, std::size_t size) {
        if (size != 98 || checksum(f + 14, 20) != 0 || checksum(f + 34, 64) != 0) return false;
        for (unsigned char i = 0; i < 56; ++i) {
            if (f[42 + i] != i) return false;
        }
        return true;
    }

    static constexpr std::size_t block_size = 1 << 20;
    static constexpr std::size_t blocks = 48;
    static constexpr std::size_t slot_size = 256;

    void map_ring(int version) {
        int answer = 0;
        if (version == TPACKET_V3) {
            tpacket_req3 ring{};
            ring.tp_block_size = block_size;
            ring.tp_block_nr = blocks;
            ring.tp_frame_size = 2048;
            ring.tp_frame_nr = block_size / 2048 * blocks;
            ring.tp_retire_blk_tov = 20;
            answer = setsockopt(fd_, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring);
        } else {
            const tpacket_req ring{block_size, blocks, slot_size, block_size / slot_size * blocks};
            answer = setsockopt(fd_, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring);
        }
        if (answer != 0) fail("ring");
        void* memory = mmap(nullptr, block_size * blocks, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        if (memory == MAP_FAILED) fail("mmap");
        ring_ = static_cast<unsigned char*>(memory);
    }

    int fd_;
    unsigned char* ring_ = nullptr;
    std::size_t next_ = 0;
};

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

/// Frames that the interface has received.
std::uint64_t frames_received(std::string_view interface) {
    std::FILE* file = std::fopen("/proc/net/dev", "r");
    if (file == nullptr) fail("/proc/net/dev");
    std::array<char, 512> line{};
    unsigned long long packets = 0;
    while (std::fgets(line.data(), static_cast<int>(line.size()), file) != nullptr) {
        const std::string_view text(line.data());
        const auto colon = text.find(':');
        if (colon == std::string_view::npos || !text.substr(0, colon).ends_with(interface)) continue;
        std::sscanf(line.data() + colon + 1, "%*u %llu", &packets);
    }
    std::fclose(file);
    return packets;
}

int load(char** arguments) {
    port p(arguments[0], TPACKET_V3);
    const double wanted = std::atof(arguments[5]);
    const double rate = std::atof(arguments[6]);
    std::array<frame, batch> frames{};
    std::array<iovec, batch> vectors{};
    std::array<mmsghdr, batch> messages{};
    frames.fill(request(arguments + 1));
    for (std::size_t i = 0; i < batch; ++i) {
        vectors[i] = {frames[i].data(), frames[i].size()};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    std::uint64_t sent = 0;
    std::uint64_t right = 0;
    const std::uint64_t before = frames_received(arguments[0]);
    const auto begin = clock_type::now();
    double passed = 0;
    while ((passed = std::chrono::duration<double>(clock_type::now() - begin).count()) < wanted) {
        if (rate > 0 && static_cast<double>(sent) > passed * rate) {
            // As idle as a sender at that rate can be.
            timespec pause{0, 50'000};
            nanosleep(&pause, nullptr);
            right += p.count();
            continue;
        }
        for (std::size_t i = 0; i < batch; ++i) number(frames[i], static_cast<std::uint32_t>(sent + i));
        const int done = sendmmsg(p.fd(), messages.data(), batch, 0);
        if (done > 0) sent += static_cast<std::uint64_t>(done);
        right += p.count();
    }
    // What is still on its way: until nothing has come for a while.
    std::uint64_t received = frames_received(arguments[0]);
    for (std::uint64_t former = 0; former != received; received = frames_received(arguments[0])) {
        former = received;
        timespec pause{0, 300'000'000};
        nanosleep(&pause, nullptr);
    }
    right += p.count();
    received -= before;
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::printf(
        "{\"sent\": %llu, \"received\": %llu, \"right\": %llu, \"dropped\": %u, \"seconds\": %.6f, \"cpu\": %.6f}\n",
        static_cast<unsigned long long>(sent), static_cast<unsigned long long>(received),
        static_cast<unsigned long long>(right), p.dropped(), passed, seconds(used.ru_utime) + seconds(used.ru_stime));
    return 0;
}

int latency(char** arguments) {
    port p(arguments[0], TPACKET_V2);
    const int count = std::atoi(arguments[5]);
    const int milliseconds = std::atoi(arguments[6]);
    frame f = request(arguments + 1);
    std::vector<double> times;
    for (int n = 0; n < count; ++n) {
        timespec pause{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
        nanosleep(&pause, nullptr);
        while (p.stamp() != 0) {
        }
        number(f, static_cast<std::uint32_t>(n));
        timespec now{};
        clock_gettime(CLOCK_REALTIME, &now);
        const std::int64_t sent = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
        if (send(p.fd(), f.data(), f.size(), 0) < 0) fail("send");
        std::int64_t stamp = p.stamp();
        for (int tries = 0; stamp == 0 && tries < 20; ++tries) {
            pollfd readable{p.fd(), POLLIN, 0};
            poll(&readable, 1, 50);
            stamp = p.stamp();
        }
        if (stamp != 0) times.push_back(static_cast<double>(stamp - sent) / 1000);
    }
    std::printf("{\"asked\": %d, \"us\": [", count);
    for (std::size_t i = 0; i < times.size(); ++i) std::printf("%s%.3f", i > 0 ? ", " : "", times[i]);
    std::puts("]}");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc == 9 ? argv[1] : "";
    if (mode == "load") return load(argv + 2);
    if (mode == "latency") return latency(argv + 2);
    std::fputs("usage: echo_generator load|latency INTERFACE FROM_MAC TO_MAC FROM TO SECONDS|COUNT RATE|MILLISECONDS\n",
               stderr);
    return 2;
}
