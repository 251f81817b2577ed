// An echo server beside the kernel: a packet ring in, the responder, the ring's socket out, on the interface that is
// named: answer_echo INTERFACE [PREFIX]; it ends after ten answers. Without an interface it shows the machine at work
// on a frame in memory, for which no privilege is needed.
#include <array>
#include <chrono>
#include <iostream>
#include <poll.h>
#include <vector>

#include <sonde/base/prefix.hpp>
#include <sonde/respond/echo_responder.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/packet_ring.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

using namespace sonde;
using respond::disposition;

namespace {

std::vector<std::byte> request(const ip_address& from, const ip_address& to) {
    std::vector<std::byte> message(8 + 56, std::byte{0x55});
    const wire::icmp_echo_message echo{.identifier = 1, .sequence = 1, .payload = bytes_view{message}.subspan(8)};
    echo.emit(family::v4, message, wire::checksum_fill::compute);
    const wire::ipv4_message packet{.protocol = 1, .source = from, .destination = to, .payload = message};
    std::vector<std::byte> bytes(packet.size());
    packet.emit(bytes, wire::checksum_fill::compute);
    return bytes;
}

int in_memory() {
    respond::echo_responder responder({.link = link_type::raw_ip, .prefixes = {prefix::parse("10.99.0.0/16").value()}});
    const auto asked = request(ip_address::v4(0xc0000201), ip_address::v4(0x0a630707));
    std::array<std::byte, 2048> out{};
    const auto answer = responder.handle_frame(time_point{}, {}, asked, out);
    const auto reply = wire::ipv4_view::parse(bytes_view{out}.first(answer.size), wire::checksum_check::verify).value();
    std::cout << to_string(answer.what) << ": " << reply.source().to_string() << " -> "
              << reply.destination().to_string() << ", " << reply.payload().size() << " bytes\n";
    return responder.counts().adds_up() && answer.what == disposition::answered ? 0 : 1;
}

int on_interface(const char* name, const char* answered) {
    const auto interface = socket::find_interface(name).value();
    auto ring = socket::packet_ring::open({.socket = {.interface = interface.index},
                                           .wake = socket::ring_wake::per_frame,
                                           .snap_length = interface.mtu + 64})
                    .value();
    ring.socket().start({}).value();
    respond::echo_responder responder({.link = interface.link(),
                                       .mac = interface.mac,
                                       .prefixes = {prefix::parse(answered).value()},
                                       .largest_frame = interface.mtu + 14});
    std::vector<std::byte> out(interface.mtu + 64 + respond::echo_responder::reply_growth);
    std::array<socket::ring_frame, 64> frames;
    while (responder.counts()[disposition::answered] < 10) {
        pollfd readable{ring.fd(), POLLIN, 0};
        poll(&readable, 1, -1);
        const std::size_t count = ring.receive(frames);
        for (const auto& frame : std::span{frames}.first(count)) {
            const auto answer = responder.handle_frame(std::chrono::steady_clock::now(),
                                                       {.outgoing = frame.meta.type == socket::packet_type::outgoing,
                                                        .checksum_unfinished = frame.meta.checksum_unfinished,
                                                        .full_size = frame.meta.full_size},
                                                       frame.bytes, out);
            const bytes_view reply = bytes_view{out}.first(answer.size);
            if (!reply.empty() && ring.send({&reply, 1}).sent == 0) std::cerr << "a reply was not sent\n";
        }
        ring.release();
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return in_memory();
    return on_interface(argv[1], argc > 2 ? argv[2] : "10.99.0.0/16");
}
