#include <vector>

#include <gtest/gtest.h>

#include <sonde/report/packet_time.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;
constexpr wall_time moment{1'700'000'000s + 1'002'003'999ns};

int asked = 0;
std::int32_t utc(std::int64_t) {
    ++asked;
    return 0;
}
// As when a summer time ends at 1'699'999'200, a quarter of an hour.
std::int32_t changing(std::int64_t second) {
    return second < 1'699'999'200 ? 7200 : 3600;
}

std::vector<std::string> write(packet_time_style style, packet_time::utc_offset offset, std::vector<wall_time> times) {
    packet_time time(style, offset);
    line_writer line;
    std::vector<std::string> lines;
    for (const wall_time at : times) {
        line.clear();
        time.write(line, at);
        lines.emplace_back(line.text());
    }
    return lines;
}

using texts = std::vector<std::string>;

TEST(PacketTime, Styles) {
    const std::vector<wall_time> times{moment, moment + 1s, moment + 500ms};
    EXPECT_EQ(write(packet_time_style::time_of_day, utc, times),
              (texts{"22:13:21.002003 ", "22:13:22.002003 ", "22:13:21.502003 "}));
    EXPECT_EQ(write(packet_time_style::none, utc, times), (texts{"", "", ""}));
    EXPECT_EQ(write(packet_time_style::since_epoch, utc, times),
              (texts{"1700000001.002003 ", "1700000002.002003 ", "1700000001.502003 "}));
    EXPECT_EQ(write(packet_time_style::since_previous, utc, times),
              (texts{" 00:00:00.000000 ", " 00:00:01.000000 ", "-00:00:00.500000 "}));
    EXPECT_EQ(write(packet_time_style::date_and_time, utc, times).front(), "2023-11-14 22:13:21.002003 ");
    EXPECT_EQ(write(packet_time_style::since_first, utc, times),
              (texts{" 00:00:00.000000 ", " 00:00:01.000000 ", " 00:00:00.500000 "}));
}

TEST(PacketTime, LocalTimeChangesWithinARun) {
    const wall_time before{1'699'999'199s};
    EXPECT_EQ(write(packet_time_style::time_of_day, changing, {before, before + 1s, before + 2s}),
              (texts{"23:59:59.000000 ", "23:00:00.000000 ", "23:00:01.000000 "}));
}

TEST(PacketTime, AsksOncePerQuarterOfAnHour) {
    asked = 0;
    std::vector<wall_time> times;
    for (int i = 0; i < 2000; ++i) times.push_back(wall_time{1'699'999'200s} + i * 1s);
    (void)write(packet_time_style::time_of_day, utc, times);
    EXPECT_EQ(asked, 3);
}

TEST(PacketTime, AnyMomentIsWritten) {
    for (const wall_time at : {wall_time::min(), wall_time::max(), wall_time{}, wall_time{-1ns}}) {
        for (const auto style :
             {packet_time_style::time_of_day, packet_time_style::since_epoch, packet_time_style::date_and_time}) {
            EXPECT_TRUE(write(style, utc, {at}).front().ends_with(' '));
        }
        EXPECT_FALSE(write(packet_time_style::since_first, utc, {wall_time{}, at}).back().empty());
    }
    EXPECT_EQ(write(packet_time_style::time_of_day, utc, {wall_time{-1ns}}).front(), "23:59:59.999999 ");
}

}  // namespace
}  // namespace sonde::report
