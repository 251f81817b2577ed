#include <cli/echo_settings.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

using namespace std::chrono_literals;

TEST(EchoSettings, Probability) {
    for (const auto& [text, value] :
         {std::pair{"0", 0.0}, {"1", 1.0}, {"0.25", 0.25}, {"10%", 0.1}, {"100%", 1.0}, {".5", 0.5}}) {
        const auto p = parse_probability(text);
        ASSERT_TRUE(p) << text;
        EXPECT_DOUBLE_EQ(*p, value) << text;
    }
    for (const auto* text :
         {"", "%", "-0.1", "-0", "1.01", "101%", "nan", "inf", "1e999", "0.1x", "0,1", " 1", "1%%"}) {
        const auto p = parse_probability(text);
        ASSERT_FALSE(p) << text;
        EXPECT_NE(p.error().what.find("probability"), std::string::npos);
    }
}

TEST(EchoSettings, Delay) {
    for (const auto* text : {"100ms\u00b120ms", "100ms+-20ms", "100+-20", "0.1s+-20ms"}) {
        const auto d = parse_delay(text);
        ASSERT_TRUE(d) << text;
        EXPECT_EQ(d->middle, 100ms) << text;
        EXPECT_EQ(d->jitter, 20ms) << text;
    }
    EXPECT_EQ(parse_delay("7us")->middle, 7us);
    EXPECT_EQ(parse_delay("7")->middle, 7ms);
    EXPECT_EQ(parse_delay("7")->jitter, 0ms);
    for (const auto* text : {"", "x", "100ms\u00b1", "\u00b120ms", "1ms+-", "1ms+-2ms+-3ms", "-1ms", "1ms\xc2"}) {
        EXPECT_FALSE(parse_delay(text)) << text;
    }
}

TEST(EchoSettings, PrefixOrAddress) {
    EXPECT_EQ(parse_prefix_or_address("10.99.0.0/16")->length(), 16U);
    EXPECT_EQ(parse_prefix_or_address("10.99.0.1")->length(), 32U);
    EXPECT_EQ(parse_prefix_or_address("fd99::1")->length(), 128U);
    for (const auto* text : {"", "10.99", "10.99.0.0/33", "fd99::/129", "x/8"}) {
        EXPECT_FALSE(parse_prefix_or_address(text)) << text;
    }
}

}  // namespace
}  // namespace sonde::cli
