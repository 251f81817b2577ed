#include <gtest/gtest.h>

#include <sonde/report/milliseconds.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;

TEST(milliseconds_text, has_three_decimals) {
    EXPECT_EQ(milliseconds_text(0ns), "0.000");
    EXPECT_EQ(milliseconds_text(31'499ns), "0.031");
    EXPECT_EQ(milliseconds_text(31'500ns), "0.032");
    EXPECT_EQ(milliseconds_text(12'345us), "12.345");
    EXPECT_EQ(milliseconds_text(1h), "3600000.000");
    EXPECT_EQ(milliseconds_text(-1ms), "0.000");
    EXPECT_EQ(milliseconds_text(duration::max()), "9223372036854.776");
}

TEST(reply_time_text, rounds_as_iputils) {
    EXPECT_EQ(reply_time_text(31us), "0.031");
    EXPECT_EQ(reply_time_text(999us), "0.999");
    EXPECT_EQ(reply_time_text(1ms), "1.00");
    EXPECT_EQ(reply_time_text(1234us), "1.23");
    EXPECT_EQ(reply_time_text(1235us), "1.24");
    EXPECT_EQ(reply_time_text(9994us), "9.99");
    EXPECT_EQ(reply_time_text(9995us), "10.0");
    EXPECT_EQ(reply_time_text(12'345us), "12.3");
    EXPECT_EQ(reply_time_text(99'949us), "99.9");
    EXPECT_EQ(reply_time_text(99'950us), "100");
    EXPECT_EQ(reply_time_text(2'000'499us), "2000");
}

}  // namespace
}  // namespace sonde::report
