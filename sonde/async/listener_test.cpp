// The public face on real sockets: loopback in a namespace of its own (tests/in_namespace.sh), whose kernel is told to
// answer or to be silent.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <ranges>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <sonde/async/listener.hpp>

namespace sonde {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

const ip_address loopback = ip_address::v4(0x7f000001);

ip_address loopback_number(std::uint32_t i) {
    return ip_address::v4(0x7f000001U + i);
}

/// While it lives this namespace's kernel answers no echo request.
class silence {
public:
    silence() { write('1'); }
    ~silence() { write('0'); }
    silence(const silence&) = delete;
    silence& operator=(const silence&) = delete;
    [[nodiscard]] bool works() const { return works_; }

private:
    void write(char value) {
        std::ofstream file("/proc/sys/net/ipv4/icmp_echo_ignore_all");
        file << value << std::flush;
        works_ = file.good();
    }
    bool works_ = false;
};

std::size_t open_sockets() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry, gone).string();
        count += target.starts_with("socket:") ? 1U : 0U;
    }
    return count;
}

struct listening : testing::Test {
    asio::io_context io;
    std::optional<listener> own{std::in_place, io.get_executor()};
};

TEST_F(listening, completes_through_a_callback) {
    std::optional<ping_result> got;
    own->pinger(loopback).async_ping({}, [&](ping_result result) { got = std::move(result); });
    EXPECT_FALSE(got) << "never inside the initiating call";
    io.run();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ(got->target, loopback);
    EXPECT_EQ(got->reply()->from, loopback);
    EXPECT_EQ(got->reply()->size, 64U);
    EXPECT_EQ(got->reply()->hop_limit, 64);
    EXPECT_TRUE(own->accounting().adds_up());
}

TEST_F(listening, completes_through_a_future) {
    auto got = own->pinger(loopback).async_ping({.payload_size = 8}, asio::use_future);
    io.run();
    const ping_result result = got.get();
    ASSERT_TRUE(result);
    EXPECT_EQ(result.reply()->size, 16U);
}

TEST_F(listening, completes_through_a_deferred_operation) {
    auto operation = own->pinger(loopback).async_ping({}, asio::deferred);
    io.run();
    EXPECT_EQ(own->accounting().scheduled, 0U) << "nothing begins before it is launched";
    io.restart();
    bool answered = false;
    std::move(operation)([&](const ping_result& result) { answered = bool(result); });
    io.run();
    EXPECT_TRUE(answered);
}

TEST_F(listening, many_tasks_share_one_socket) {
    constexpr std::uint32_t tasks = 500;
    std::uint32_t answered = 0;
    const std::size_t before = open_sockets();
    for (std::uint32_t i = 0; i < tasks; ++i) {
        asio::co_spawn(
            io,
            [&, i]() -> asio::awaitable<void> {
                const pinger p = own->pinger(loopback_number(i));
                for (int n = 0; n < 3; ++n) {
                    const auto result = co_await p.async_ping({.timeout = 5s}, asio::use_awaitable);
                    if (result && result.target == loopback_number(i) && result.reply()->from == result.target)
                        ++answered;
                }
            },
            asio::detached);
    }
    io.run();
    EXPECT_EQ(answered, 3 * tasks);
    EXPECT_EQ(open_sockets(), before + 1);
    EXPECT_TRUE(own->accounting().adds_up());
}

TEST_F(listening, an_ipv6_source_gets_a_socket_of_its_own) {
    const auto self = ip_address::parse("::1").value();
    const std::size_t before = open_sockets();
    auto kernels = own->pinger(self).async_ping({}, asio::use_future);
    auto chosen = own->pinger(self).async_ping({.source = self}, asio::use_future);
    auto wrong = own->pinger(self).async_ping({.source = ip_address::parse("2001:db8::1").value()}, asio::use_future);
    io.run();
    EXPECT_TRUE(kernels.get());
    EXPECT_TRUE(chosen.get());
    EXPECT_EQ(std::get<send_failed>(wrong.get().outcome).why, std::errc::address_not_available);
    EXPECT_EQ(open_sockets(), before + 2);
}

TEST_F(listening, kernel_stamps_bracket_the_round_trip) {
    bool kernel = false;
    // The first reply of a fresh socket may come before the kernel has turned receive stamping on.
    for (int i = 0; i < 20 && !kernel; ++i) {
        auto got = own->pinger(loopback).async_ping({}, asio::use_future);
        io.restart();
        io.run();
        kernel = got.get().reply()->clock == clock_source::kernel;
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_TRUE(kernel);
}

TEST_F(listening, silence_is_an_outcome) {
    const silence quiet;
    ASSERT_TRUE(quiet.works());
    const auto begin = std::chrono::steady_clock::now();
    auto got = own->pinger(loopback).async_ping({.timeout = 60ms}, asio::use_future);
    io.run();
    EXPECT_TRUE(std::holds_alternative<timed_out>(got.get().outcome));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 60ms);
}

TEST_F(listening, no_route_is_a_failed_send_of_that_ping_only) {
    auto unreachable = own->pinger(ip_address::v4(0xc0000201)).async_ping({}, asio::use_future);
    auto good = own->pinger(loopback).async_ping({}, asio::use_future);
    io.run();
    EXPECT_EQ(std::get<send_failed>(unreachable.get().outcome).why, std::errc::network_unreachable);
    EXPECT_TRUE(good.get());
}

TEST_F(listening, cancelling_one_frees_it_and_leaves_the_others) {
    const silence quiet;
    ASSERT_TRUE(quiet.works());
    asio::cancellation_signal signal;
    std::optional<ping_result> first;
    std::optional<ping_result> second;
    own->pinger(loopback).async_ping(
        {.timeout = 10s}, asio::bind_cancellation_slot(signal.slot(), [&](ping_result r) { first = std::move(r); }));
    own->pinger(loopback).async_ping({.timeout = 150ms}, [&](ping_result r) { second = std::move(r); });
    asio::steady_timer timer(io, 50ms);
    timer.async_wait([&](const auto&) { signal.emit(asio::cancellation_type::terminal); });
    io.run();
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(std::holds_alternative<cancelled>(first->outcome));
    EXPECT_TRUE(std::holds_alternative<timed_out>(second->outcome));
    EXPECT_TRUE(own->idle());
    EXPECT_TRUE(own->accounting().adds_up());
}

TEST_F(listening, an_awaitable_race_cancels_the_loser) {
    const silence quiet;
    ASSERT_TRUE(quiet.works());
    bool timer_won = false;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            using namespace asio::experimental::awaitable_operators;
            asio::steady_timer timer(io, 30ms);
            const auto first = co_await (own->pinger(loopback).async_ping({.timeout = 10s}, asio::use_awaitable) ||
                                         timer.async_wait(asio::use_awaitable));
            timer_won = first.index() == 1;
        },
        asio::detached);
    io.run_for(5s);
    EXPECT_TRUE(timer_won);
    EXPECT_EQ(own->accounting().cancelled, 1U);
}

TEST_F(listening, destroying_the_listener_completes_what_is_in_flight) {
    const silence quiet;
    ASSERT_TRUE(quiet.works());
    const pinger survivor = own->pinger(loopback);
    int closed_ones = 0;
    for (int i = 0; i < 10; ++i) {
        survivor.async_ping({.timeout = 10s}, [&](const ping_result& r) {
            closed_ones += std::holds_alternative<closed>(r.outcome) ? 1 : 0;
        });
    }
    asio::steady_timer timer(io, 30ms);
    timer.async_wait([&](const auto&) { own.reset(); });
    io.run();
    EXPECT_EQ(closed_ones, 10);

    bool late = false;
    survivor.async_ping({}, [&](const ping_result& r) { late = std::holds_alternative<closed>(r.outcome); });
    io.restart();
    io.run();
    EXPECT_TRUE(late) << "a pinger that outlives its listener";
}

TEST_F(listening, handles_come_and_go) {
    std::optional<pinger> dropped = own->pinger(loopback);
    auto first = dropped->async_ping({}, asio::use_future);
    dropped.reset();
    const pinger copy = own->pinger(loopback);
    auto second = pinger(copy).async_ping({}, asio::use_future);
    io.run();
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
}

TEST_F(listening, duplicates_are_waited_for_when_asked) {
    auto got = own->pinger(loopback).async_ping({.linger = 30ms}, asio::use_future);
    const auto begin = std::chrono::steady_clock::now();
    io.run();
    const auto result = got.get();
    ASSERT_TRUE(result);
    EXPECT_EQ(result.reply()->duplicates, 0U);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
}

TEST_F(listening, a_batch_streams_every_result_and_keeps_its_bound) {
    constexpr std::uint32_t hosts = 20'000;
    std::vector<bool> seen(hosts);
    std::uint64_t most = 0;
    bool done = false;
    own->async_batch(
        std::views::iota(0U, hosts) | std::views::transform(loopback_number),
        {.ping = {.timeout = 5s}, .in_flight = 100, .rate = 0},
        [&](const ping_result& result) {
            EXPECT_TRUE(result);
            const auto place = load_be<std::uint32_t>(result.target.bytes(), 0) - 0x7f000001U;
            EXPECT_FALSE(seen.at(place));
            seen.at(place) = true;
            most = std::max(most, own->accounting().pending);
        },
        [&] { done = true; });
    io.run();
    EXPECT_TRUE(done);
    EXPECT_EQ(std::ranges::count(seen, true), hosts);
    EXPECT_LE(most, 100U);
    EXPECT_GT(most, 10U);
}

TEST_F(listening, a_batch_keeps_its_pace) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<ip_address> hosts(100, loopback);
    auto done = own->async_batch(
        hosts, {.rate = 500}, [](const ping_result&) {}, asio::use_future);
    io.run();
    EXPECT_NO_THROW(done.get());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 180ms);
}

TEST_F(listening, an_empty_batch_ends_at_once) {
    bool done = false;
    own->async_batch(
        std::vector<ip_address>{}, {}, [](const ping_result&) { ADD_FAILURE(); }, [&] { done = true; });
    io.run();
    EXPECT_TRUE(done);
}

TEST_F(listening, a_cancelled_batch_reads_no_further) {
    const silence quiet;
    ASSERT_TRUE(quiet.works());
    asio::cancellation_signal signal;
    std::uint32_t results = 0;
    std::uint32_t read = 0;
    bool done = false;
    const auto endless = std::views::iota(0U) | std::views::transform([&](std::uint32_t i) {
                             read = i + 1;
                             return loopback;
                         });
    own->async_batch(
        endless, {.ping = {.timeout = 30s}, .in_flight = 50, .rate = 0},
        [&](const ping_result& r) {
            ++results;
            EXPECT_TRUE(std::holds_alternative<cancelled>(r.outcome));
        },
        asio::bind_cancellation_slot(signal.slot(), [&] { done = true; }));
    asio::steady_timer timer(io, 50ms);
    timer.async_wait([&](const auto&) { signal.emit(asio::cancellation_type::terminal); });
    io.run();
    EXPECT_TRUE(done);
    EXPECT_EQ(results, 50U);
    EXPECT_LE(read, 51U);
}

TEST_F(listening, a_batch_ends_when_its_listener_does) {
    const silence quiet;
    ASSERT_TRUE(quiet.works());
    std::uint32_t closed_ones = 0;
    bool done = false;
    own->async_batch(
        std::views::iota(0U, 1000U) | std::views::transform(loopback_number),
        {.ping = {.timeout = 30s}, .in_flight = 20},
        [&](const ping_result& r) { closed_ones += std::holds_alternative<closed>(r.outcome) ? 1U : 0U; },
        [&] { done = true; });
    asio::steady_timer timer(io, 50ms);
    timer.async_wait([&](const auto&) { own.reset(); });
    io.run();
    EXPECT_TRUE(done);
    EXPECT_EQ(closed_ones, 20U);
}

TEST_F(listening, targets_report_to_the_observer) {
    std::uint32_t replies = 0;
    std::uint32_t sends = 0;
    listener watching(io.get_executor(), {.announce_sends = true, .observer = [&](const probe::event& e) {
                                              replies += e.kind == probe::event_kind::reply ? 1U : 0U;
                                              sends += e.kind == probe::event_kind::sent ? 1U : 0U;
                                          }});
    EXPECT_EQ(watching.add_target({.destination = loopback, .interval = 10ms, .count = 5}), 0U);
    EXPECT_EQ(watching.add_target({.destination = loopback_number(1), .interval = 20ms, .count = 3}), 1U);
    io.run();
    EXPECT_EQ(replies, 8U);
    EXPECT_EQ(sends, 8U);
    EXPECT_EQ(watching.progress(0).sent, 5U);
    EXPECT_TRUE(watching.idle());
}

TEST_F(listening, the_target_comes_back_as_it_was_given) {
    auto got = own->pinger(ip_address::parse("ff02::1%lo").value()).async_ping({.timeout = 50ms}, asio::use_future);
    io.run();
    EXPECT_EQ(got.get().target, ip_address::parse("ff02::1%lo").value());
}

TEST_F(listening, completes_through_an_erased_handler) {
    bool answered = false;
    asio::any_completion_handler<void(ping_result)> erased = [&](const ping_result& r) { answered = bool(r); };
    own->pinger(loopback).async_ping({}, std::move(erased));
    io.run();
    EXPECT_TRUE(answered);
}

TEST_F(listening, a_handler_bound_to_another_context_runs_there) {
    asio::thread_pool elsewhere(1);
    std::promise<std::thread::id> ran_in;
    own->pinger(loopback).async_ping(
        {}, asio::bind_executor(elsewhere, [&](const ping_result&) { ran_in.set_value(std::this_thread::get_id()); }));
    io.run();
    EXPECT_NE(ran_in.get_future().get(), std::this_thread::get_id());
}

TEST_F(listening, an_exception_in_a_sink_leaves_run_and_harms_nobody) {
    std::uint32_t results = 0;
    bool done = false;
    own->async_batch(
        std::views::iota(0U, 100U) | std::views::transform(loopback_number), {.in_flight = 10, .rate = 0},
        [&](const ping_result&) {
            if (++results % 10 == 0) throw std::runtime_error("sink");
        },
        [&] { done = true; });
    int thrown = 0;
    for (;;) {
        try {
            io.run();
            break;
        } catch (const std::runtime_error&) {
            ++thrown;
        }
    }
    EXPECT_EQ(thrown, 10);
    EXPECT_EQ(results, 100U);
    EXPECT_TRUE(done);
}

TEST_F(listening, an_exception_in_a_range_ends_its_batch) {
    std::uint32_t results = 0;
    bool done = false;
    own->async_batch(
        std::views::iota(0U, 100U) | std::views::transform([](std::uint32_t i) {
            if (i == 5) throw std::runtime_error("range");
            return loopback_number(i);
        }),
        {.rate = 0}, [&](const ping_result&) { ++results; }, [&] { done = true; });
    EXPECT_THROW(io.run(), std::runtime_error);
    io.run();
    EXPECT_EQ(results, 5U);
    EXPECT_TRUE(done);
}

TEST_F(listening, may_be_destroyed_by_its_observer_and_by_a_sink) {
    int seen = 0;
    own.emplace(io.get_executor(), listener_options{.observer = [&](const probe::event&) {
                    ++seen;
                    own.reset();
                }});
    bool done = false;
    own->async_batch(
        std::vector<ip_address>(50, loopback), {.rate = 0}, [](const ping_result&) {}, [&] { done = true; });
    io.run();
    EXPECT_EQ(seen, 1);
    EXPECT_TRUE(done);

    own.emplace(io.get_executor());
    int results = 0;
    done = false;
    own->async_batch(
        std::vector<ip_address>(50, loopback), {.rate = 0},
        [&](const ping_result&) {
            ++results;
            own.reset();
        },
        [&] { done = true; });
    io.restart();
    io.run();
    EXPECT_EQ(results, 50);
    EXPECT_TRUE(done);
}

TEST(listener_lifetime, a_pinger_may_outlive_the_context) {
    std::optional<pinger> survivor;
    {
        asio::io_context io;
        listener l(io.get_executor());
        survivor = l.pinger(loopback);
        survivor->async_ping({}, [](const ping_result&) {});
        io.run();
    }
    survivor.reset();
}

TEST(listener_threads, cancelling_from_another_thread_while_it_completes) {
    asio::thread_pool pool(2);
    {
        listener shared(pool.get_executor());
        const pinger p = shared.pinger(loopback);
        for (int i = 0; i < 500; ++i) {
            // Its own strand, as Asio asks for: a signal is not to be used from two threads at once.
            auto strand = asio::make_strand(pool.get_executor());
            auto signal = std::make_shared<asio::cancellation_signal>();
            std::promise<void> over;
            asio::post(strand, [&, signal, strand] {
                p.async_ping({.timeout = 5s},
                             asio::bind_cancellation_slot(
                                 signal->slot(), asio::bind_executor(strand, [&over, signal](const ping_result&) {
                                     over.set_value();
                                 })));
            });
            asio::post(strand, [signal] { signal->emit(asio::cancellation_type::total); });
            over.get_future().wait();
        }
        EXPECT_TRUE(shared.accounting().adds_up());
    }
    pool.join();
}

TEST(listener_threads, pings_from_many_threads_on_many_threads) {
    constexpr int threads = 4;
    constexpr int pings = 300;
    asio::thread_pool pool(threads);
    std::atomic<int> answered = 0;
    std::atomic<bool> stop = false;
    {
        listener shared(pool.get_executor());
        std::vector<std::jthread> callers;
        std::atomic<int> open = threads * pings;
        for (int t = 0; t < threads; ++t) {
            callers.emplace_back([&, t] {
                for (int i = 0; i < pings; ++i) {
                    shared.pinger(loopback_number(static_cast<std::uint32_t>(t * pings + i)))
                        .async_ping({.timeout = 20s}, [&](const ping_result& r) {
                            answered += r ? 1 : 0;
                            --open;
                        });
                }
            });
        }
        std::jthread reader([&] {
            while (!stop) {
                EXPECT_TRUE(shared.accounting().adds_up());
                std::this_thread::yield();
            }
        });
        while (open > 0) std::this_thread::sleep_for(1ms);
        stop = true;
    }
    pool.join();
    EXPECT_EQ(answered, threads * pings);
}

TEST(listener_threads, closing_while_others_ping) {
    for (int round = 0; round < 20; ++round) {
        asio::thread_pool pool(2);
        std::optional<listener> shared(std::in_place, pool.get_executor());
        const pinger p = shared->pinger(loopback);
        std::atomic<int> completed = 0;
        constexpr int pings = 200;
        std::jthread caller([&] {
            for (int i = 0; i < pings; ++i) p.async_ping({.timeout = 5s}, [&](const ping_result&) { ++completed; });
        });
        shared.reset();
        caller.join();
        pool.join();
        EXPECT_EQ(completed, pings);
    }
}

}  // namespace
}  // namespace sonde
