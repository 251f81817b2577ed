#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sonde/async/timekeeper.hpp>

namespace sonde::async {
namespace {

using namespace std::chrono_literals;

struct fixture {
    boost::asio::io_context io;
    std::shared_ptr<timekeeper> time = machine_time();
    std::unique_ptr<alarm> under_test = time->make_alarm(io.get_executor());
    std::string rung;

    void set(duration after, char letter) {
        under_test->set(time->now() + after, [this, letter] { rung += letter; });
    }
};

TEST(timekeeper, rings_when_it_is_time) {
    fixture f;
    const time_point before = f.time->now();
    f.set(5ms, 'a');
    f.io.run();
    EXPECT_EQ(f.rung, "a");
    EXPECT_GE(f.time->now() - before, 5ms);
}

TEST(timekeeper, a_new_setting_replaces_the_old_one) {
    fixture f;
    f.set(1h, 'a');
    f.set(1ms, 'b');
    f.io.run();
    EXPECT_EQ(f.rung, "b");
}

// Both waits are over when the first handler runs: the second one's is on its way already.
TEST(timekeeper, does_not_ring_after_cancel_though_its_time_had_come) {
    fixture f;
    const auto other = f.time->make_alarm(f.io.get_executor());
    const time_point at = f.time->now();
    other->set(at, [&f] { f.under_test->cancel(); });
    f.under_test->set(at + 1ns, [&f] { f.rung += 'a'; });
    f.io.run();
    EXPECT_EQ(f.rung, "");
}

TEST(timekeeper, does_not_ring_after_its_end) {
    fixture f;
    f.set(1ms, 'a');
    f.under_test.reset();
    f.io.run();
    EXPECT_EQ(f.rung, "");
}

}  // namespace
}  // namespace sonde::async
