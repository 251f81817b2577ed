#include <chrono>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sonde/async/socket_lane.hpp>

namespace sonde::async {
namespace {

using namespace std::chrono_literals;

struct loop {
    boost::asio::io_context io;
    probe::echo_prober prober{{.key = {1, 2}}};
    wall_clock_bridge clock;
    socket::receive_batch batch{16, 2048};
    socket_lane under_test{io.get_executor(), socket::icmp_socket::open(family::v4, {}).value(), 0, ip_address{}};
    std::array<std::byte, 64> buffer{};

    loop() { prober.add_lane(family::v4, under_test.about().identifier, under_test.about().fill); }

    void wait(int& wakes) {
        under_test.wait_readable([this, &wakes](std::uint64_t wait) { wakes += under_test.woken(wait) ? 1 : 0; });
    }

    void ping() {
        const time_point now = std::chrono::steady_clock::now();
        prober.ping(now, {.destination = ip_address::v4(0x7f000001)}, 1);
        under_test.enqueue(prober.poll_transmit(now, buffer).value());
        ASSERT_TRUE(under_test.flush(now, prober));
    }
};

TEST(socket_lane, wakes_for_a_reply_and_reads_it_with_its_stamps) {
    loop l;
    l.ping();
    bool answered = false;
    for (int i = 0; i < 10 && !answered; ++i) {
        l.under_test.wait_readable([&l](std::uint64_t wait) { EXPECT_TRUE(l.under_test.woken(wait)); });
        l.io.restart();
        ASSERT_GT(l.io.run_for(2s), 0U);
        l.clock.refresh();
        l.under_test.drain(l.clock, l.batch, l.prober);
        while (const auto e = l.prober.poll_event()) answered = e->kind == probe::event_kind::reply;
    }
    EXPECT_TRUE(answered);
    EXPECT_TRUE(l.prober.accounting().adds_up());
}

TEST(socket_lane, sleeps_while_there_is_nothing) {
    loop l;
    int wakes = 0;
    l.wait(wakes);
    l.io.run_for(100ms);
    EXPECT_EQ(wakes, 0);
}

TEST(socket_lane, one_wait_at_a_time_however_often_it_is_asked_for) {
    loop l;
    int wakes = 0;
    for (int i = 0; i < 10; ++i) {
        l.wait(wakes);
        l.under_test.drain(l.clock, l.batch, l.prober);
    }
    l.ping();
    l.io.run_for(200ms);
    EXPECT_EQ(wakes, 1);
}

TEST(socket_lane, cancelled_waits_do_not_wake) {
    loop l;
    int wakes = 0;
    l.wait(wakes);
    l.under_test.cancel_waits();
    l.io.run_for(50ms);
    EXPECT_EQ(wakes, 0);
}

}  // namespace
}  // namespace sonde::async
