// Counts the echo requests on loopback while pinging it: an awaitable capture with a filter, beside a listener.
// Needs CAP_NET_RAW.
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sonde/async/listener.hpp>
#include <sonde/async/packet_stream.hpp>
#include <sonde/wire/ipv4.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int pings = 3;
constexpr std::size_t ethernet_header_size = 14;  // what loopback's frames begin with too

asio::awaitable<void> count(sonde::packet_stream& stream, int& requests) {
    while (requests < pings) {
        // The first of those that came is waited for, the others are there already.
        std::optional frame = co_await stream.async_receive(asio::use_awaitable);
        for (; frame; frame = stream.try_receive()) {
            const auto ip = sonde::wire::ipv4_view::parse(frame->bytes.subspan(ethernet_header_size),
                                                          sonde::wire::checksum_check::trust);
            if (!ip) continue;
            ++requests;
            std::cout << "echo request " << ip->source().to_string() << " > " << ip->destination().to_string() << ", "
                      << frame->meta.full_size << " bytes\n";
        }
    }
}

asio::awaitable<void> ask(sonde::listener& listener) {
    const sonde::pinger pinger = listener.pinger(sonde::ip_address::v4(0x7f000001));
    for (int i = 0; i < pings; ++i) co_await pinger.async_ping({.timeout = 1s}, asio::use_awaitable);
}

int main() {
    asio::io_context io;
    auto opened =
        sonde::packet_stream::open(io.get_executor(), {.interface = "lo", .filter = "icmp[icmptype] == icmp-echo"});
    if (!opened) {
        std::cerr << opened.error().what << '\n' << opened.error().remedy << '\n';
        return 2;
    }
    sonde::packet_stream stream = *std::move(opened);
    sonde::listener listener(io.get_executor());
    int requests = 0;

    const auto run = [&]() -> asio::awaitable<void> {
        using namespace asio::experimental::awaitable_operators;
        asio::steady_timer patience(io, 10s);
        co_await ((count(stream, requests) && ask(listener)) || patience.async_wait(asio::use_awaitable));
        const auto counts = stream.statistics();
        std::cout << requests << " echo requests, " << counts.dropped << " frames dropped by the kernel\n";
    };
    asio::co_spawn(io, run(), asio::detached);
    io.run();
    return requests == pings ? 0 : 1;
}
