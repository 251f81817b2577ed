#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

#include <sonde/report/lab_json.hpp>
#include <sonde/report/lab_page.hpp>
#include <sonde/report/lab_rig_test.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

using namespace std::chrono_literals;

TEST(lab_page, counts_nodes_links_and_endings) {
    lab_rig rig;
    rig.ask(3, 64);  // answered by the host
    rig.ask(2, 1);   // expire at r1
    const std::string page = lab_page_text(rig.view(), {.columns = 100, .lines = 40});
    EXPECT_EQ(page,
              "two hops behind tun0, 1.5 s: 5 packets in, 5 out, 6 forwarded, 0 on the way\n"
              "\n"
              "node  received  forwarded  made  ended there\n"
              "me          10          0     0\n"
              "r1           8          6     2  2 expired\n"
              "h            3          0     3\n"
              "\n"
              "link   there  back  kbytes  on it  on the way\n"
              "me-r1      5     5       0      0\n"
              "r1-h       3     3       0      0\n"
              "\n"
              "ended: 5 delivered, 3 answered, 2 expired");
}

TEST(lab_page, fits_every_screen) {
    lab_rig rig(60);
    rig.ask(5, 64);
    for (std::size_t lines = 1; lines < 90; ++lines) {
        for (const std::size_t columns : {1U, 10U, 33U, 80U}) {
            const std::string page = lab_page_text(rig.view(), {.columns = columns, .lines = lines});
            EXPECT_LE(static_cast<std::size_t>(std::ranges::count(page, '\n')) + 1, lines);
            for (std::size_t at = 0; at < page.size();) {
                const std::size_t end = std::min(page.find('\n', at), page.size());
                EXPECT_LE(display_width(std::string_view(page).substr(at, end - at)), columns);
                at = end + 1;
            }
        }
    }
    EXPECT_NE(lab_page_text(rig.view(), {.columns = 80, .lines = 24}).find("... and "), std::string::npos);
}

TEST(lab_page, summary_has_the_sums) {
    lab_rig rig;
    rig.ask(3, 64);
    lab_view view = rig.view();
    view.counts.neighbours = 1;
    view.counts.write_failed = 2;
    const std::string text = lab_summary_text(view, 10);
    EXPECT_NE(text.find("--- two hops lab statistics ---\n"), std::string::npos) << text;
    EXPECT_NE(text.find("3 packets from tun0, 3 to it (2 more it did not take), 1 neighbour question answered, time "
                        "1500ms\n"),
              std::string::npos)
        << text;
    EXPECT_TRUE(text.ends_with(" still on the way\n"));
}

TEST(lab_page, a_hostile_name_is_escaped) {
    lab_rig rig;
    lab_view view = rig.view();
    view.scenario = "\x1b[31m.toml";
    view.device = "\x1b";
    EXPECT_EQ(lab_page_text(view, {}).find('\x1b'), std::string::npos);
    EXPECT_EQ(lab_summary_text(view, 5).find('\x1b'), std::string::npos);
    EXPECT_EQ(lab_summary_json({}, view).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace sonde::report
