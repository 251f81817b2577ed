#include <cli/live_page.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

TEST(live_page, goes_back_to_where_the_last_drawing_began) {
    live_page page;
    std::string out;
    page.draw(out, "one\ntwo\nthree");
    EXPECT_EQ(out, "\r\x1b[Jone\ntwo\nthree");
    out.clear();
    page.draw(out, "one line");
    EXPECT_EQ(out, "\r\x1b[2A\x1b[Jone line");
    out.clear();
    page.erase(out);
    EXPECT_EQ(out, "\r\x1b[J");
}

TEST(live_page, no_terminal_has_a_size) {
    EXPECT_GE(page_size().columns, 1U);
}

}  // namespace
}  // namespace sonde::cli
