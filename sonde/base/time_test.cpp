#include <string>

#include <gtest/gtest.h>

#include <sonde/base/time.hpp>

namespace sonde {
namespace {

using namespace std::chrono_literals;

duration read(std::string_view text, duration bare_unit = 1s) {
    return parse_duration(text, bare_unit).value();
}

TEST(time, durations) {
    EXPECT_EQ(read("200ms"), 200ms);
    EXPECT_EQ(read("2s"), 2s);
    EXPECT_EQ(read("50us"), 50us);
    EXPECT_EQ(read("10ns"), 10ns);
    EXPECT_EQ(read("1.5m"), 90s);
    EXPECT_EQ(read("3h"), 3h);
    EXPECT_EQ(read("0"), 0s);
    EXPECT_EQ(read("2"), 2s);
    EXPECT_EQ(read("2", 1ms), 2ms);
    EXPECT_EQ(read("0.2"), 200ms);
    EXPECT_EQ(read(".5s"), 500ms);
    EXPECT_EQ(read("0.0000000004s"), 0ns);
    EXPECT_EQ(read("0.0000000006s"), 1ns);
    EXPECT_EQ(read("8760h"), longest_duration);
}

TEST(time, what_is_no_duration) {
    using namespace std::string_literals;
    for (const std::string& text : {""s,
                                    "-1"s,
                                    "-0"s,
                                    "-1s"s,
                                    "1e9"s,
                                    "1e400"s,
                                    "nan"s,
                                    "NaN"s,
                                    "-nan"s,
                                    "inf"s,
                                    "infinity"s,
                                    "s"s,
                                    "ms"s,
                                    " 1s"s,
                                    "1 s"s,
                                    "1s "s,
                                    "1S"s,
                                    "1d"s,
                                    "1,5s"s,
                                    "+1s"s,
                                    "0x10"s,
                                    "1s2"s,
                                    "1s\0"s,
                                    "1ss"s,
                                    "."s,
                                    "..5"s,
                                    "8761h"s,
                                    "31536000.1"s,
                                    std::string(400, '9'),
                                    std::string(400, '9') + "h",
                                    "0." + std::string(100'000, '0') + "1s"}) {
        EXPECT_FALSE(parse_duration(text, 1s)) << text.substr(0, 50);
    }
}

TEST(time, rfc3339) {
    EXPECT_EQ(to_rfc3339(wall_time{}), "1970-01-01T00:00:00.000000000Z");
    EXPECT_EQ(to_rfc3339(wall_time{1ns}), "1970-01-01T00:00:00.000000001Z");
    EXPECT_EQ(to_rfc3339(wall_time{-1ns}), "1969-12-31T23:59:59.999999999Z");
    EXPECT_EQ(to_rfc3339(wall_time{951'782'400s}), "2000-02-29T00:00:00.000000000Z");
    EXPECT_EQ(to_rfc3339(wall_time::max()), "2262-04-11T23:47:16.854775807Z");
}

TEST(time, clock_names) {
    EXPECT_EQ(to_string(clock_source::kernel), "kernel");
    EXPECT_EQ(to_string(clock_source::kernel_rx), "kernel-rx");
    EXPECT_EQ(to_string(clock_source::user), "user");
}

}  // namespace
}  // namespace sonde
