// A whole prefix over one socket: paced, bounded in flight, results as they come.
#include <cstdint>
#include <future>
#include <iostream>
#include <ranges>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <sonde/async/listener.hpp>
#include <sonde/base/prefix.hpp>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const auto prefix = sonde::prefix::parse(argc > 1 ? argv[1] : "127.0.0.0/20").value();
    boost::asio::io_context io;
    sonde::listener listener(io.get_executor());

    const auto hosts = std::views::iota(std::uint64_t{0}, prefix.host_count()) |
                       std::views::transform([prefix](std::uint64_t i) { return prefix.host(i); });
    std::uint64_t alive = 0;
    std::future<void> done = listener.async_batch(
        hosts, {.ping = {.timeout = 1s}, .in_flight = 1000, .rate = 50'000},
        [&alive](const sonde::ping_result& result) {
            if (result) ++alive;
        },
        boost::asio::use_future);
    std::jthread runner([&io] { io.run(); });
    done.get();
    runner.join();

    const auto counts = listener.accounting();
    std::cout << alive << " of " << prefix.host_count() << " answer; " << counts.sent << " sent, " << counts.timed_out
              << " without an answer\n";
    return counts.adds_up() && alive > 0 ? 0 : 1;
}
