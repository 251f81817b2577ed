// One ping, awaited. No privilege is needed where net.ipv4.ping_group_range lets this user's group in.
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sonde/async/listener.hpp>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const auto address = sonde::ip_address::parse(argc > 1 ? argv[1] : "127.0.0.1").value();
    boost::asio::io_context io;
    sonde::listener listener(io.get_executor());
    int exit_code = 1;

    const auto ask = [&]() -> boost::asio::awaitable<void> {
        const sonde::pinger pinger = listener.pinger(address);
        const auto result = co_await pinger.async_ping({.timeout = 500ms}, boost::asio::use_awaitable);
        if (const sonde::ping_reply* reply = result.reply()) {
            std::cout << reply->from.to_string() << " answered after "
                      << std::chrono::duration<double, std::milli>(reply->rtt).count() << " ms ("
                      << to_string(reply->clock) << " clock)\n";
            exit_code = 0;
        } else if (const auto refused = listener.refusal(address.family())) {
            std::cerr << refused->what << '\n' << refused->remedy << '\n';
        } else {
            std::cout << address.to_string() << " does not answer\n";
        }
    };
    boost::asio::co_spawn(io, ask(), boost::asio::detached);
    io.run();
    return exit_code;
}
