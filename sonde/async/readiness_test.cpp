// Over a pipe: what is in it makes it readable.
#include <array>
#include <chrono>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sonde/async/readiness.hpp>

namespace sonde::async {
namespace {

using namespace std::chrono_literals;

struct over_a_pipe : testing::Test {
    std::array<int, 2> ends{-1, -1};
    boost::asio::io_context io;
    std::optional<readiness> ready;
    int wakes = 0;

    void SetUp() override {
        ASSERT_EQ(::pipe(ends.data()), 0);
        ready.emplace(io.get_executor(), ends[0]);
    }
    void TearDown() override {
        ready.reset();
        EXPECT_EQ(::close(ends[0]), 0) << "the descriptor is still ours";
        ::close(ends[1]);
    }
    void wait() {
        ready->wait_readable([this](std::uint64_t number) { wakes += ready->woken(number) ? 1 : 0; });
    }
    void fill() const { ASSERT_EQ(::write(ends[1], "x", 1), 1); }
};

TEST_F(over_a_pipe, wakes_once_for_each_wait) {
    wait();
    wait();
    io.run_for(30ms);
    EXPECT_EQ(wakes, 0) << "there is nothing";
    fill();
    io.restart();
    io.run_for(1s);
    EXPECT_EQ(wakes, 1) << "two waits are one";
}

TEST_F(over_a_pipe, a_cancelled_wait_does_not_count_even_when_its_wake_up_is_on_its_way) {
    std::uint64_t number = 0;
    ready->wait_readable([&](std::uint64_t n) { number = n; });
    fill();
    io.run_for(1s);
    ready->cancel();
    EXPECT_NE(number, 0U);
    EXPECT_FALSE(ready->woken(number));
}

TEST_F(over_a_pipe, looks_ever_more_slowly_when_there_never_is_anything) {
    fill();  // and nobody reads it
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 16; ++i) {
        wait();
        io.restart();
        io.run();
        ready->found(false);
    }
    EXPECT_EQ(wakes, 16);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
    ready->found(true);
    const auto again = std::chrono::steady_clock::now();
    wait();
    io.restart();
    io.run();
    EXPECT_LT(std::chrono::steady_clock::now() - again, 80ms) << "something was there: it waits for readiness again";
}

TEST_F(over_a_pipe, who_looks_without_a_wake_up_does_not_slow_it_down) {
    for (int i = 0; i < 20; ++i) ready->found(false);
    fill();
    const auto begin = std::chrono::steady_clock::now();
    wait();
    io.run();
    EXPECT_EQ(wakes, 1);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 80ms);
}

}  // namespace
}  // namespace sonde::async
