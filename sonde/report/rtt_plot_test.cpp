#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include <sonde/report/rtt_plot.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;

std::string plot(const stats::rtt_series& series, const plot_options& options) {
    std::string out;
    append_rtt_plot(out, series, options);
    return out;
}

TEST(rtt_plot, nothing_of_nothing) {
    EXPECT_EQ(plot({}, {}), "");
}

TEST(rtt_plot, one_time_is_one_bucket) {
    stats::rtt_series series;
    for (int i = 0; i < 3; ++i) series.add(31us);
    EXPECT_EQ(plot(series, {.columns = 31, .ascii = true}), "0.031 - 0.032 ms  ########### 3\n");
}

TEST(rtt_plot, linear_when_times_are_close) {
    stats::rtt_series series;
    for (const auto rtt : {10ms, 10ms, 10ms, 10ms, 12ms, 13ms, 18ms}) series.add(rtt);
    EXPECT_EQ(plot(series, {.columns = 41, .rows = 4}),
              "10.000 - 12.000 ms  ███████████████████ 4\n"
              "12.000 - 14.000 ms  █████████▌ 2\n"
              "14.000 - 16.000 ms  0\n"
              "16.000 - 18.000 ms  ████▊ 1\n");
}

TEST(rtt_plot, logarithmic_when_they_are_far_apart) {
    stats::rtt_series series;
    for (const auto rtt : {1ms, 2ms, 5ms, 50ms, 999ms, 1000ms}) series.add(rtt);
    EXPECT_EQ(plot(series, {.columns = 40, .rows = 3, .ascii = true}),
              "   1.000 -   10.000 ms  ############## 3\n"
              "  10.000 -  100.000 ms  ##### 1\n"
              " 100.000 - 1000.000 ms  ######### 2\n");
}

TEST(rtt_plot, counts_every_sample_and_fits_the_terminal) {
    stats::rtt_series series;
    for (int i = 1; i <= 5000; ++i) series.add(i * 7us);
    for (const std::size_t columns : {1U, 40U, 80U, 132U}) {
        const std::string drawn = plot(series, {.columns = columns});
        std::uint64_t sum = 0;
        std::size_t lines = 0;
        for (std::size_t begin = 0; begin < drawn.size();) {
            const std::size_t end = drawn.find('\n', begin);
            const std::string line = drawn.substr(begin, end - begin);
            EXPECT_LE(display_width(line), std::max<std::size_t>(columns, 40));
            sum += std::stoull(line.substr(line.rfind(' ') + 1));
            ++lines;
            begin = end + 1;
        }
        EXPECT_EQ(sum, 5000U);
        EXPECT_EQ(lines, 12U);
    }
}

}  // namespace
}  // namespace sonde::report
