// The public face of tracing on real sockets: loopback in a namespace of its own (tests/in_namespace.sh).
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <sonde/async/ordinary_user_test.hpp>
#include <sonde/async/tracer.hpp>
#include <sonde/socket/bound_port.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using probe::answer_from;
using probe::trace_end;
using probe::trace_event_kind;
using probe::trace_method;

const ip_address loopback = ip_address::v4(0x7f000001);
const ip_address loopback_v6 = ip_address::parse("::1").value();

std::size_t open_sockets() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry, gone).string();
        count += target.starts_with("socket:") ? 1U : 0U;
    }
    return count;
}

class listening_port {
public:
    explicit listening_port(const ip_address& at, bool listens)
        : fd_(::socket(at.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          port_(socket::bind_any_port(fd_.get(), at.family(), at).value()) {
        if (listens) ::listen(fd_.get(), 64);
    }
    [[nodiscard]] std::uint16_t number() const { return port_; }

private:
    socket::descriptor fd_;
    std::uint16_t port_;
};

struct tracing : testing::Test {
    asio::io_context io;
    std::optional<tracer> own{std::in_place, io.get_executor(), tracer_options{.rate = 0}};

    trace_result run(const probe::trace_options& options) {
        auto got = own->async_trace(options, asio::use_future);
        io.restart();
        io.run();
        return got.get();
    }
};

struct way {
    trace_method method;
    bool v6;
    bool privileged;
    bool open;  // of TCP
    trace_mechanism mechanism;
    const char* name;
};

struct every_way : testing::TestWithParam<way> {
    static void check(const way& w) {
        asio::io_context io;
        tracer own(io.get_executor(), {.rate = 0});
        const ip_address target = w.v6 ? loopback_v6 : loopback;
        const listening_port port(target, w.open);
        const auto opened = own.open(w.method, target.family());
        ASSERT_TRUE(opened) << opened.error().what;
        EXPECT_EQ(*opened, w.mechanism);
        probe::trace_options options{.destination = target, .method = w.method, .max_hops = 5};
        if (w.method == trace_method::tcp) options.port = port.number();
        const auto begin = std::chrono::steady_clock::now();
        auto got = own.async_trace(options, asio::use_future);
        io.run();
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s) << "answered probes are not waited for";
        const trace_result result = got.get();
        EXPECT_TRUE(result);
        EXPECT_EQ(result.end, trace_end::reached);
        ASSERT_EQ(result.hops.size(), 1U);
        EXPECT_EQ(result.hops[0].ttl, 1);
        ASSERT_EQ(result.hops[0].probes.size(), 3U);
        for (const auto& p : result.hops[0].probes) {
            ASSERT_EQ(p.fate, probe::probe_fate::answered);
            EXPECT_EQ(p.answer.from, target);
            EXPECT_EQ(p.answer.kind, answer_from::destination);
            EXPECT_GT(p.answer.rtt, 0ns);
            EXPECT_LT(p.answer.rtt, 1s);
            EXPECT_EQ(p.answer.tcp_open, w.method == trace_method::tcp && w.open);
            EXPECT_FALSE(p.answer.nat);
        }
        EXPECT_EQ(result.record.destination_hop(), 1);
        EXPECT_TRUE(own.accounting().adds_up());
        EXPECT_TRUE(own.idle());
    }
};

TEST_P(every_way, loopback_is_reached_in_one_hop) {
    if (GetParam().privileged) {
        check(GetParam());
    } else {
        async::as_ordinary_user([] { check(GetParam()); });
    }
}

using enum trace_mechanism;
INSTANTIATE_TEST_SUITE_P(
    ways, every_way,
    testing::Values(way{trace_method::udp, false, true, false, udp, "udp_v4"},
                    way{trace_method::udp, true, true, false, udp, "udp_v6"},
                    way{trace_method::udp, false, false, false, udp, "udp_v4_ordinary"},
                    way{trace_method::udp, true, false, false, udp, "udp_v6_ordinary"},
                    way{trace_method::icmp, false, true, false, icmp_datagram, "icmp_v4"},
                    way{trace_method::icmp, true, true, false, icmp_datagram, "icmp_v6"},
                    way{trace_method::icmp, false, false, false, icmp_datagram, "icmp_v4_ordinary"},
                    way{trace_method::icmp, true, false, false, icmp_datagram, "icmp_v6_ordinary"},
                    way{trace_method::tcp, false, true, true, tcp_raw, "tcp_open_v4"},
                    way{trace_method::tcp, true, true, true, tcp_raw, "tcp_open_v6"},
                    way{trace_method::tcp, false, true, false, tcp_raw, "tcp_closed_v4"},
                    way{trace_method::tcp, true, true, false, tcp_raw, "tcp_closed_v6"},
                    way{trace_method::tcp, false, false, true, tcp_connect, "tcp_open_v4_ordinary"},
                    way{trace_method::tcp, true, false, true, tcp_connect, "tcp_open_v6_ordinary"},
                    way{trace_method::tcp, false, false, false, tcp_connect, "tcp_closed_v4_ordinary"},
                    way{trace_method::tcp, true, false, false, tcp_connect, "tcp_closed_v6_ordinary"}),
    [](const auto& p) { return std::string(p.param.name); });

TEST_F(tracing, events_come_in_order_and_end_with_done) {
    std::vector<trace_event_kind> kinds;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            trace t = own->trace({.destination = loopback, .rounds = 2, .round_interval = 20ms});
            while (auto event = co_await t.async_next(asio::use_awaitable)) {
                EXPECT_EQ(event->id, t.id());
                kinds.push_back(event->kind);
            }
            EXPECT_FALSE(co_await t.async_next(asio::use_awaitable)) << "nothing after the end";
            EXPECT_EQ(t.missed(), 0U);
            const auto sums = t.accounting();
            EXPECT_TRUE(sums.has_value());
            if (sums) {
                EXPECT_TRUE(sums->adds_up());
                EXPECT_GE(sums->sent, 6U);
            }
        },
        [](const std::exception_ptr& e) {
            if (e) std::rethrow_exception(e);
        });
    io.run();
    EXPECT_EQ(std::ranges::count(kinds, trace_event_kind::round), 2);
    EXPECT_EQ(std::ranges::count(kinds, trace_event_kind::hop), 2);
    EXPECT_GE(std::ranges::count(kinds, trace_event_kind::probe), 6);
    EXPECT_EQ(std::ranges::count(kinds, trace_event_kind::done), 1);
    ASSERT_FALSE(kinds.empty());
    EXPECT_EQ(kinds.back(), trace_event_kind::done);
}

TEST_F(tracing, never_completes_inside_the_call) {
    bool completed = false;
    own->async_trace({.destination = loopback, .max_hops = 2}, [&](const trace_result&) { completed = true; });
    EXPECT_FALSE(completed);
    trace t = own->trace({.destination = loopback, .max_hops = 2});
    bool told = false;
    t.async_next([&](boost::system::error_code, const std::optional<probe::trace_event>&) { told = true; });
    EXPECT_FALSE(told);
    io.run();
    EXPECT_TRUE(completed);
    EXPECT_TRUE(told);
}

TEST_F(tracing, a_deferred_trace_does_not_begin_before_it_is_launched) {
    auto operation = own->async_trace({.destination = loopback, .max_hops = 2}, asio::deferred);
    io.run();
    EXPECT_EQ(own->accounting().scheduled, 0U);
    io.restart();
    bool reached = false;
    std::move(operation)([&](const trace_result& r) { reached = r.reached(); });
    io.run();
    EXPECT_TRUE(reached);
}

TEST_F(tracing, a_thousand_traces_share_a_handful_of_sockets) {
    constexpr std::uint32_t count = 1000;
    std::uint32_t right = 0;
    const std::size_t before = open_sockets();
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto method = i % 2 == 0 ? trace_method::udp : trace_method::icmp;
        const ip_address target = ip_address::v4(0x7f000001U + i);
        own->async_trace({.destination = target, .method = method, .max_hops = 2}, [&, target](const trace_result& r) {
            const bool one = r.reached() && r.hops.size() == 1 && r.hops[0].probes.front().answer.from == target;
            right += one ? 1U : 0U;
        });
    }
    io.run();
    EXPECT_EQ(right, count);
    EXPECT_LE(open_sockets() - before, 3U);
    EXPECT_TRUE(own->accounting().adds_up());
}

TEST(connecting, connections_are_bounded_and_the_rest_waits) {
    async::as_ordinary_user([] {
        asio::io_context io;
        tracer own(io.get_executor(), {.rate = 0, .connections = 4});
        const listening_port port(loopback, true);
        std::uint32_t reached = 0;
        std::size_t most = 0;
        const std::size_t before = open_sockets();
        for (std::uint32_t i = 0; i < 20; ++i) {
            own.async_trace(
                {.destination = loopback, .method = trace_method::tcp, .port = port.number(), .max_hops = 3},
                [&](const trace_result& r) { reached += r.reached() ? 1U : 0U; });
        }
        while (io.run_one() != 0) most = std::max(most, open_sockets() - before);
        EXPECT_EQ(reached, 20U);
        EXPECT_LE(most, 4U);
        EXPECT_GT(most, 0U);
        EXPECT_EQ(open_sockets(), before);
    });
}

/// Nobody has the address, and nothing says so: loopback drops what is martian.
probe::trace_options silent_options() {
    return {.destination = ip_address::v4(0x7f000001), .method = trace_method::udp, .rounds = 0, .round_interval = 1ms};
}

TEST_F(tracing, cancelling_ends_one_trace_and_no_other) {
    trace endless = own->trace(silent_options());
    std::optional<trace_result> other;
    own->async_trace({.destination = loopback, .max_hops = 2, .rounds = 5, .round_interval = 5ms},
                     [&](trace_result r) { other.emplace(std::move(r)); });
    io.run_for(20ms);
    endless.cancel();
    std::optional<trace_end> end;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            while (auto e = co_await endless.async_next(asio::use_awaitable)) {
                if (e->kind == trace_event_kind::done) end = e->end;
            }
        },
        asio::detached);
    io.restart();
    io.run();
    EXPECT_EQ(end, trace_end::cancelled);
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->record.rounds(), 5U);
    EXPECT_TRUE(own->accounting().adds_up());
}

TEST_F(tracing, a_whole_trace_is_cancelled_by_its_slot) {
    asio::cancellation_signal signal;
    std::optional<trace_result> got;
    own->async_trace(silent_options(),
                     asio::bind_cancellation_slot(signal.slot(), [&](trace_result r) { got.emplace(std::move(r)); }));
    io.run_for(20ms);
    EXPECT_FALSE(got);
    signal.emit(asio::cancellation_type::terminal);
    io.restart();
    io.run();
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->end, trace_end::cancelled);
    EXPECT_FALSE(got->hops.empty()) << "what was found until then";
}

TEST_F(tracing, a_cancelled_wait_loses_no_event) {
    trace t = own->trace({.destination = loopback, .max_hops = 2, .rounds = 3, .round_interval = 10ms});
    int aborted = 0;
    int events = 0;
    bool over = false;
    // A cancellation right after each wait has begun, until the end comes all the same.
    while (!over) {
        asio::cancellation_signal signal;
        bool back = false;
        t.async_next(asio::bind_cancellation_slot(
            signal.slot(), [&](boost::system::error_code error, const std::optional<probe::trace_event>& e) {
                back = true;
                if (error == asio::error::operation_aborted) {
                    ++aborted;
                } else if (e) {
                    ++events;
                } else {
                    over = true;
                }
            }));
        signal.emit(asio::cancellation_type::total);
        while (!back) {
            io.restart();
            io.run_one_for(100ms);
        }
        io.poll();
    }
    EXPECT_GT(aborted, 0);
    EXPECT_GE(events, 3 * 3 + 3 + 3 + 1);
    EXPECT_EQ(t.missed(), 0U);
}

TEST_F(tracing, only_one_wait_at_a_time) {
    trace t = own->trace({.destination = loopback, .max_hops = 2});
    std::vector<boost::system::error_code> errors;
    const auto note = [&](boost::system::error_code e, const std::optional<probe::trace_event>&) {
        errors.push_back(e);
    };
    t.async_next(note);
    t.async_next(note);
    io.run();
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_EQ(errors[0], asio::error::already_started);
    EXPECT_FALSE(errors[1]);
}

TEST_F(tracing, dropping_the_handle_ends_its_trace_and_its_wait) {
    std::optional<trace> t(own->trace(silent_options()));
    boost::system::error_code error;
    int calls = 0;
    io.run_for(5ms);
    while (t->try_next()) {
    }
    t->async_next([&](boost::system::error_code e, const std::optional<probe::trace_event>&) {
        ++calls;
        error = e;
    });
    t.reset();
    io.restart();
    io.run();  // returns: nothing is under way any more
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(!error || error == asio::error::operation_aborted) << error.message();
    EXPECT_TRUE(own->idle());
}

TEST_F(tracing, a_deferred_wait_may_outlive_its_handle) {
    std::optional<trace> t(own->trace({.destination = loopback, .max_hops = 2}));
    auto operation = t->async_next(asio::deferred);
    t.reset();
    boost::system::error_code error;
    std::move(operation)([&](boost::system::error_code e, const std::optional<probe::trace_event>&) { error = e; });
    io.run();
    EXPECT_EQ(error, asio::error::operation_aborted);
}

TEST_F(tracing, destroying_the_tracer_ends_everything_with_closed) {
    trace t = own->trace(silent_options());
    std::optional<trace_result> whole;
    own->async_trace(silent_options(), [&](trace_result r) { whole.emplace(std::move(r)); });
    io.run_for(10ms);
    own.reset();
    std::optional<trace_end> end;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            while (auto e = co_await t.async_next(asio::use_awaitable)) {
                if (e->kind == trace_event_kind::done) end = e->end;
            }
        },
        asio::detached);
    io.restart();
    io.run();
    EXPECT_EQ(end, trace_end::closed);
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(whole->end, trace_end::closed);
    t.cancel();
    t.finish_round();
}

TEST_F(tracing, what_nobody_takes_is_bounded_and_counted) {
    own.emplace(io.get_executor(), tracer_options{.rate = 0, .queue = 10});
    trace t = own->trace({.destination = loopback, .max_hops = 2, .rounds = 20, .round_interval = 1ms});
    io.run();
    EXPECT_GT(t.missed(), 0U);
    std::size_t left = 0;
    std::optional<probe::trace_event> last;
    while (auto e = t.try_next()) {
        ++left;
        last = std::move(e);
    }
    EXPECT_EQ(left, 11U);
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->kind, trace_event_kind::done);
}

TEST_F(tracing, keeps_no_work_while_idle) {
    EXPECT_TRUE(run({.destination = loopback, .max_hops = 2}));
    io.restart();
    EXPECT_EQ(io.run(), 0U);
    EXPECT_TRUE(run({.destination = loopback, .max_hops = 2})) << "and goes on when asked again";
}

TEST_F(tracing, what_cannot_be_sent_is_said) {
    const trace_result result = run({.destination = ip_address::v4(0xc0000201), .max_hops = 2});
    EXPECT_EQ(result.end, trace_end::failed);
    EXPECT_EQ(result.error_number, ENETUNREACH);
    const trace_result foreign = run({.destination = loopback, .max_hops = 2, .source = ip_address::v4(0xc0000201)});
    EXPECT_EQ(foreign.end, trace_end::failed);
    EXPECT_EQ(foreign.error_number, EADDRNOTAVAIL);
    const auto why = own->refusal(trace_method::udp, family::v4);
    ASSERT_TRUE(why.has_value());
    EXPECT_NE(why->what.find("192.0.2.1"), std::string::npos);
}

TEST_F(tracing, the_source_is_the_one_asked_for) {
    const ip_address source = ip_address::v4(0x7f000033);
    for (const auto method : {trace_method::udp, trace_method::icmp, trace_method::tcp}) {
        const trace_result r = run({.destination = loopback, .method = method, .max_hops = 2, .source = source});
        EXPECT_TRUE(r.reached()) << to_string(method);
    }
}

TEST_F(tracing, threads_may_do_everything_at_once) {
    asio::thread_pool pool(4);
    std::atomic<int> reached = 0;
    std::atomic<int> ended = 0;
    {
        tracer shared(pool.get_executor(), {.rate = 0});
        std::vector<std::thread> threads;
        for (int n = 0; n < 4; ++n) {
            threads.emplace_back([&, n] {
                for (std::uint32_t i = 0; i < 25; ++i) {
                    const ip_address target = ip_address::v4(0x7f000001U + i);
                    shared.async_trace({.destination = target, .max_hops = 2}, [&](const trace_result& r) {
                        reached += r.reached() ? 1 : 0;
                        ++ended;
                    });
                    trace t = shared.trace({.destination = target, .max_hops = 2});
                    if (n % 2 == 0) t.cancel();
                    (void)t.try_next();
                    (void)shared.accounting();
                }
            });
        }
        for (auto& t : threads) t.join();
        for (int i = 0; i < 1000 && ended < 100; ++i) std::this_thread::sleep_for(10ms);
        EXPECT_TRUE(shared.accounting().adds_up());
    }
    pool.join();
    EXPECT_EQ(ended, 100);
    EXPECT_EQ(reached, 100);
}

}  // namespace
}  // namespace sonde
