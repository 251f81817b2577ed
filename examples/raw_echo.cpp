// An echo request on loopback with an IP header of one's own (IP_HDRINCL), and the reply to it. Needs CAP_NET_RAW.
#include <algorithm>
#include <array>
#include <iostream>
#include <poll.h>

#include <sonde/socket/raw_socket.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace wire = sonde::wire;
using sonde::socket::raw_socket;

constexpr std::uint8_t icmp = 1;

int main() {
    const auto target = sonde::ip_address::v4(0x7f000001);
    // 255 (IPPROTO_RAW) sends anything and receives nothing; the reply comes to a socket of its protocol.
    auto sender = raw_socket::open({.protocol = 255, .header_included = true});
    auto receiver = raw_socket::open({.protocol = icmp});
    if (!sender || !receiver) {
        const sonde::failure& why = sender ? receiver.error() : sender.error();
        std::cerr << why.what << '\n' << why.remedy << '\n';
        return 2;
    }
    // On loopback every raw socket also gets a copy of the request.
    receiver->accept_types(std::array{std::uint8_t{0}}).value();

    // Length, identification, checksum and source are zero: Linux fills them in.
    std::array<std::byte, 20> header{};
    header[0] = std::byte{0x45};
    header[8] = std::byte{64};
    header[9] = std::byte{icmp};
    std::ranges::copy(target.bytes(), header.begin() + 16);
    const std::array<std::byte, 8> request{std::byte{8}, std::byte{0}, std::byte{0xf7}, std::byte{0xf8},
                                           std::byte{0}, std::byte{0}, std::byte{0},    std::byte{7}};
    const std::array<sonde::bytes_view, 2> datagram{header, request};
    if (const auto sent = sender->send(datagram, target); !sent) {
        std::cerr << sent.error().what << '\n';
        return 1;
    }

    std::array<std::byte, 1500> buffer;
    pollfd waiting{receiver->fd(), POLLIN, 0};
    while (::poll(&waiting, 1, 2000) > 0) {
        const auto in = receiver->receive(buffer);
        if (!in) continue;
        const auto ip = wire::ipv4_view::parse(in->bytes, wire::checksum_check::trust);
        if (!ip) continue;
        const auto reply = ip->payload();
        if (reply.size() != request.size() || sonde::load_be<std::uint16_t>(reply, 6) != 7) continue;
        std::cout << "from " << ip->source().to_string() << ": the kernel's header says " << in->full_size
                  << " bytes, identification " << ip->identification() << '\n';
        return 0;
    }
    std::cerr << "no reply\n";
    return 1;
}
