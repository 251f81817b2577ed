// The path to an address, hop by hop, as it is found. Needs no privilege.
#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sonde/async/tracer.hpp>

namespace probe = sonde::probe;

void show(const probe::hop_report& hop) {
    std::cout << int{hop.ttl};
    for (const probe::probe_result& p : hop.probes) {
        if (p.fate == probe::probe_fate::answered) {
            std::cout << "  " << p.answer.from.to_string() << ' '
                      << std::chrono::duration<double, std::milli>(p.answer.rtt).count() << " ms";
        } else {
            std::cout << "  *";
        }
    }
    std::cout << std::endl;
}

int main(int argc, char** argv) {
    const auto address = sonde::ip_address::parse(argc > 1 ? argv[1] : "127.0.0.1").value();
    constexpr std::array methods{probe::trace_method::udp, probe::trace_method::icmp, probe::trace_method::tcp};
    const auto named = [&](probe::trace_method m) { return argc > 2 && argv[2] == to_string(m); };
    const auto chosen = std::ranges::find_if(methods, named);

    boost::asio::io_context io;
    sonde::tracer tracer(io.get_executor());
    const auto mechanism = tracer.open(chosen != methods.end() ? *chosen : methods[0], address.family());
    if (!mechanism) {
        std::cerr << mechanism.error().what << '\n' << mechanism.error().remedy << '\n';
        return 2;
    }
    std::cout << "to " << address.to_string() << " by " << to_string(*mechanism) << std::endl;

    bool reached = false;
    const auto ask = [&]() -> boost::asio::awaitable<void> {
        sonde::trace trace = tracer.trace(
            {.destination = address, .method = chosen != methods.end() ? *chosen : methods[0], .max_hops = 20});
        while (const auto event = co_await trace.async_next(boost::asio::use_awaitable)) {
            if (event->kind == probe::trace_event_kind::hop) show(event->hop);
            if (event->kind == probe::trace_event_kind::done) reached = event->end == probe::trace_end::reached;
        }
    };
    boost::asio::co_spawn(io, ask(), [](const std::exception_ptr& failed) {
        if (failed) std::rethrow_exception(failed);
    });
    io.run();
    return reached ? 0 : 1;
}
