#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/report/target_table.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;

ip_address address(std::string_view text) {
    return ip_address::parse(text).value();
}

stats::tally tally_of(std::initializer_list<duration> replies, int lost) {
    stats::tally tally;
    for (const duration rtt : replies) {
        tally.on_sent();
        tally.on_reply(rtt);
    }
    for (int i = 0; i < lost; ++i) {
        tally.on_sent();
        tally.on_timeout();
    }
    return tally;
}

std::string whole(std::span<const target_row> rows) {
    std::string out;
    const target_table table(rows);
    table.header(out);
    for (std::size_t i = 0; i < rows.size(); ++i) table.row(out, i);
    return out;
}

TEST(target_table, aligns_its_columns) {
    const auto good = tally_of({1ms, 2ms, 12'345us}, 1);
    const auto dead = tally_of({}, 4);
    const auto once = tally_of({500us}, 0);
    const std::vector<target_row> rows{{{"192.0.2.1", address("192.0.2.1")}, &good},
                                       {{"192.0.2.22", address("192.0.2.22")}, &dead},
                                       {{"192.0.2.3", address("192.0.2.3")}, &once}};
    EXPECT_EQ(whole(rows),
              "target      sent  received   loss    min    p50     p95     p99     max  jitter  ms\n"
              "192.0.2.1      4         3  25.0%  1.000  2.000  12.345  12.345  12.345   5.673\n"
              "192.0.2.22     4         0   100%      -      -       -       -       -       -\n"
              "192.0.2.3      1         1     0%  0.500  0.500   0.500   0.500   0.500       -\n");
}

TEST(target_table, shows_addresses_that_are_not_the_labels) {
    const auto once = tally_of({500us}, 0);
    const std::vector<target_row> rows{{{"東京.example", address("2001:db8::1")}, &once},
                                       {{"::1", address("::1")}, &once},
                                       {{"no\x1bsuch", std::nullopt}, nullptr}};
    EXPECT_EQ(whole(rows),
              "target        address      sent  received  loss    min    p50    p95    p99    max  jitter  ms\n"
              "東京.example  2001:db8::1     1         1    0%  0.500  0.500  0.500  0.500  0.500       -\n"
              "::1                           1         1    0%  0.500  0.500  0.500  0.500  0.500       -\n"
              "no\\x1bsuch    -               -         -     -      -      -      -      -      -       -\n");
}

TEST(target_table, a_note_stands_behind_the_numbers) {
    const auto dead = tally_of({}, 1);
    const std::vector<target_row> rows{{{"192.0.2.1", address("192.0.2.1")}, &dead, "1 x Host\x1b[2J Unreachable"}};
    EXPECT_EQ(whole(rows),
              "target     sent  received  loss  min  p50  p95  p99  max  jitter  ms\n"
              "192.0.2.1     1         0  100%    -    -    -    -    -       -  1 x Host\\x1b[2J Unreachable\n");
}

TEST(target_table, the_live_view_may_be_given_the_first_rows_only) {
    const auto once = tally_of({500us}, 0);
    const std::vector<target_row> rows(3, {{"a", std::nullopt}, &once});
    std::string out;
    append_live_table(out, rows, 1000, "status", {80, 5});
    EXPECT_NE(out.find("... and 998 more\nstatus"), std::string::npos) << out;
}

TEST(target_table, loss_is_not_rounded_away) {
    const stats::tally almost_none{.sent = 100'000, .received = 99'999};
    const stats::tally almost_all{.sent = 100'000, .received = 1};
    const std::vector<target_row> rows{{{"a", std::nullopt}, &almost_none}, {{"b", std::nullopt}, &almost_all}};
    const std::string table = whole(rows);
    EXPECT_NE(table.find(" <0.1%"), std::string::npos);
    EXPECT_NE(table.find(" >99.9%"), std::string::npos);
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines(1);
    for (const char c : text) {
        if (c == '\n') {
            lines.emplace_back();
        } else {
            lines.back() += c;
        }
    }
    return lines;
}

TEST(live_table, fits_every_screen) {
    const auto once = tally_of({500us, 600us}, 0);
    const std::string long_label(70, 'x');
    const std::vector<target_row> rows(30, target_row{{long_label, address("192.0.2.1")}, &once});
    for (std::size_t lines = 1; lines < 40; ++lines) {
        for (const std::size_t columns : {1U, 20U, 80U, 200U}) {
            std::string out;
            append_live_table(out, rows, rows.size(), "30 targets, 12 s\n", {columns, lines});
            const auto shown = lines_of(out);
            EXPECT_LE(shown.size(), lines);
            for (const auto& line : shown) EXPECT_LE(display_width(line), columns);
            EXPECT_EQ(shown.back(), std::string{"30 targets, 12 s\\x0a"}.substr(0, columns));
        }
    }
}

TEST(live_table, says_what_is_not_shown_and_shortens_labels) {
    const auto twice = tally_of({500us, 600us}, 0);
    const std::vector<target_row> rows(4,
                                       target_row{{"a-name-that-is-too-long.example", address("192.0.2.1")}, &twice});
    std::string out;
    append_live_table(out, rows, rows.size(), "status", {96, 5});
    EXPECT_EQ(out,
              "target            address    sent  received  loss    min    p50    p95    p99    max  jitter  ms\n"
              "a-name-that-is-~  192.0.2.1     2         2    0%  0.500  0.500  0.600  0.600  0.600   0.100\n"
              "a-name-that-is-~  192.0.2.1     2         2    0%  0.500  0.500  0.600  0.600  0.600   0.100\n"
              "... and 2 more\n"
              "status");
}

}  // namespace
}  // namespace sonde::report
