// A program of somebody else, built against the installed library: awaits a ping of its own machine.
#include <chrono>
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sonde/async/listener.hpp>

int main() {
    using namespace std::chrono_literals;
    const auto address = sonde::ip_address::parse("127.0.0.1").value();
    boost::asio::io_context io;
    sonde::listener listener(io.get_executor());
    // Where no ICMP socket may be opened there is an explanation instead, and that is an answer too.
    bool answered = listener.refusal(address.family()).has_value() || !listener.open(address.family());

    const auto ask = [&]() -> boost::asio::awaitable<void> {
        const auto result = co_await listener.pinger(address).async_ping({.timeout = 2s}, boost::asio::use_awaitable);
        answered = answered || result.reply() != nullptr;
    };
    boost::asio::co_spawn(io, ask(), boost::asio::detached);
    io.run();
    std::cout << (answered ? "consumer: OK\n" : "consumer: no answer from 127.0.0.1\n");
    return answered ? 0 : 1;
}
