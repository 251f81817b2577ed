// Asks hosts of a network that exists in this process only, under virtual time: a test of a program that pings or
// traces needs no network, no privilege and no waiting.
#include <chrono>
#include <cstdio>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sonde/async/lab.hpp>
#include <sonde/sim/scenario_file.hpp>

using namespace std::chrono_literals;

constexpr std::string_view scenario = R"(
[[node]]
name = "me"
kind = "outside"
address = "192.0.2.1"

[[node]]
name = "router"
address = "192.0.2.254"

[[node]]
name = "server"
kind = "host"
address = "203.0.113.80"

[[link]]
path = ["me", "router", "server"]
delay = "5ms"
)";

int main() {
    boost::asio::io_context io;
    const auto lab =
        sonde::lab::open(io.get_executor(), sonde::sim::read_scenario(scenario, "example").value().scenario).value();
    auto listener = lab.listener();
    auto tracer = lab.tracer();
    const auto server = lab.find("server", {}).value();
    bool answered = false;

    co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            const auto ping = co_await listener.pinger(server).async_ping({}, boost::asio::use_awaitable);
            if (const auto* reply = ping.reply()) {
                answered = reply->rtt == 20ms;
                std::printf("%s answers after %lld us\n", server.to_string().c_str(),
                            static_cast<long long>(reply->rtt / 1us));
            }
            auto trace = tracer.trace({.destination = server, .queries = 1});
            while (const auto event = co_await trace.async_next(boost::asio::use_awaitable)) {
                if (event->kind != sonde::probe::trace_event_kind::hop) continue;
                const auto& hop = event->hop.probes.front().answer;
                std::printf("%u  %s\n", event->hop.ttl, lab.name_of(hop.from).c_str());
            }
        },
        boost::asio::detached);
    io.run();
    return answered ? 0 : 1;
}
