// How many hops a second the simulator carries on one core: echo requests over a chain of routers, in virtual time.
//   sim_throughput [PACKETS] [ROUTERS] [MICROSECONDS BETWEEN PACKETS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <sonde/sim/network.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace {

using namespace sonde;
using namespace std::chrono_literals;

ip_address address(unsigned link, unsigned host) {
    return ip_address::v4(0x0a00'0000U | link << 8 | host);
}

sim::scenario chain(unsigned routers) {
    sim::scenario s;
    for (unsigned i = 0; i < routers + 2; ++i) {
        const auto kind = i == 0        ? sim::node_kind::outside
                          : i > routers ? sim::node_kind::host
                                        : sim::node_kind::router;
        s.nodes.push_back({.name = "n" + std::to_string(i), .kind = kind});
        if (i == 0) continue;
        s.links.push_back({.name = "l" + std::to_string(i),
                           .ends = {{i - 1, {{address(i, 1), 24}}}, {i, {{address(i, 2), 24}}}},
                           .behaviour = {.delay = 1ms}});
    }
    return s;
}

}  // namespace

int main(int count, char** arguments) {
    const auto number = [&](int index, unsigned long otherwise) {
        return count > index ? std::strtoul(arguments[index], nullptr, 10) : otherwise;
    };
    const unsigned long packets = number(1, 1'000'000);
    const auto routers = static_cast<unsigned>(number(2, 10));
    const auto gap = std::chrono::microseconds{number(3, 10)};

    sim::network net(chain(routers));
    std::vector<std::byte> echo(wire::icmp_header_size + 56);
    std::vector<std::byte> packet(20 + echo.size());
    unsigned long delivered = 0;
    const std::clock_t began = std::clock();
    time_point now{};
    for (unsigned long i = 0; i < packets; ++i, now += gap) {
        const wire::icmp_echo_message request{.identifier = static_cast<std::uint16_t>(i >> 16),
                                              .sequence = static_cast<std::uint16_t>(i),
                                              .payload = bytes_view{packet}.first(56)};
        request.emit(family::v4, echo, wire::checksum_fill::compute);
        wire::ipv4_message{
            .protocol = 1, .source = address(1, 1), .destination = address(routers + 1, 2), .payload = echo}
            .emit(packet, wire::checksum_fill::compute);
        net.send(now, 0, packet);
        while (net.poll_delivery()) ++delivered;
    }
    while (net.next_deadline() != time_point::max()) {
        net.advance(net.next_deadline());
        while (net.poll_delivery()) ++delivered;
    }
    const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    const auto hops = static_cast<double>(net.counts().forwarded) + 2.0 * static_cast<double>(packets);
    std::printf(
        "%lu requests, %lu replies over %u routers: %.0f hops in %.2f s of CPU, %.1f million a second, %.0f ns each\n",
        packets, delivered, routers, hops, took, hops / took / 1e6, took / hops * 1e9);
    return net.counts().adds_up() && delivered == packets ? EXIT_SUCCESS : EXIT_FAILURE;
}
