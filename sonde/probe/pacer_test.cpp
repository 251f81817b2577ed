#include <gtest/gtest.h>

#include <sonde/probe/pacer.hpp>

namespace sonde::probe {
namespace {

using namespace std::chrono_literals;

int sent_within(pacer& p, time_point from, duration length, duration step) {
    int sent = 0;
    for (time_point t = from; t < from + length; t += step) {
        while (p.ready(t)) {
            p.take(t);
            if (++sent > 1'000'000) return sent;
        }
    }
    return sent;
}

TEST(pacer, without_a_rate_is_always_ready) {
    pacer p;
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(p.ready(time_point{5s}));
        p.take(time_point{5s});
    }
}

TEST(pacer, keeps_the_rate_however_often_it_is_asked) {
    for (const duration step : {duration{10us}, duration{1ms}, duration{7ms}}) {
        pacer p(1000, 10);
        EXPECT_NEAR(sent_within(p, time_point{1s}, 2s, step), 2000, 12) << step.count();
    }
}

TEST(pacer, a_pause_earns_no_more_than_the_burst) {
    pacer p(100, 5);
    const time_point later{1h};
    EXPECT_EQ(sent_within(p, later, 1ns, 1ns), 5);
    EXPECT_EQ(p.ready_at(), later + 10ms);
}

}  // namespace
}  // namespace sonde::probe
