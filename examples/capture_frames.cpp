// Sends frames on loopback in one call and takes them out of a ring of memory shared with the kernel: no system call
// per frame. Needs CAP_NET_RAW.
#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <poll.h>
#include <vector>

#include <sonde/socket/interface.hpp>
#include <sonde/socket/packet_ring.hpp>

namespace socket_ = sonde::socket;

constexpr std::uint32_t frames = 1000;
constexpr std::uint16_t experiment = 0x88b5;  // the ethertype that IEEE 802 gives everybody for trials
constexpr std::size_t header_size = 14;

std::vector<std::byte> numbered(std::uint32_t number) {
    std::vector<std::byte> frame(60);
    sonde::store_be<std::uint16_t>(frame, 12, experiment);
    sonde::store_be<std::uint32_t>(frame, header_size, number);
    return frame;
}

int main() {
    const auto lo = socket_::find_interface("lo").value();
    const auto filter = socket_::bpf_filter::compile("ether proto 0x88b5", lo.link()).value();
    auto ring = socket_::packet_ring::open({.socket = {.interface = lo.index}, .snap_length = 256});
    if (!ring) {
        std::cerr << ring.error().what << '\n' << ring.error().remedy << '\n';
        return 2;
    }
    ring->socket().start(filter).value();

    // A socket never sees what it sent itself: another one sends.
    auto sender = socket_::packet_socket::open({.interface = lo.index, .send_only = true}).value();
    std::vector<std::vector<std::byte>> batch;
    for (std::uint32_t i = 0; i < frames; ++i) batch.push_back(numbered(i));
    const std::vector<sonde::bytes_view> views(batch.begin(), batch.end());
    const auto sent = sender.send(views);

    std::uint32_t received = 0;
    bool in_order = true;
    std::array<socket_::ring_frame, 64> room;
    pollfd waiting{ring->fd(), POLLIN, 0};
    while (received<sent.sent&& ::poll(&waiting, 1, 2000)> 0) {
        while (const std::size_t count = ring->receive(room)) {
            for (const auto& frame : std::span{room}.first(count)) {
                // On loopback each one passes twice: out, and in.
                if (frame.meta.type == socket_::packet_type::outgoing) continue;
                in_order = in_order && sonde::load_be<std::uint32_t>(frame.bytes, header_size) == received;
                ++received;
            }
            ring->release();
        }
    }
    const auto counts = ring->read_statistics();
    std::cout << sent.sent << " frames sent, " << received << " received" << (in_order ? " in order" : "") << "; "
              << counts.dropped << " dropped, ring of " << ring->memory() / 1024 << " KiB\n";
    return received == frames && in_order ? 0 : 1;
}
