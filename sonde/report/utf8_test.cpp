#include <gtest/gtest.h>

#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

TEST(utf8, decodes_every_length) {
    EXPECT_EQ(decode_utf8("a").value, U'a');
    EXPECT_EQ(decode_utf8("ß").value, U'ß');
    EXPECT_EQ(decode_utf8("€").value, U'€');
    EXPECT_EQ(decode_utf8("😀!").value, U'😀');
    EXPECT_EQ(decode_utf8("😀!").length, 4U);
    EXPECT_TRUE(decode_utf8("\xf4\x8f\xbf\xbf").valid);
}

TEST(utf8, refuses_what_is_not_utf8) {
    for (const std::string_view bad :
         {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
          "\xf8\x88\x80\x80\x80", "\xff", "\xe2\x82",
          "\xe2"
          "ab"}) {
        EXPECT_FALSE(decode_utf8(bad).valid) << bad;
        EXPECT_EQ(decode_utf8(bad).length, 1U);
    }
}

TEST(utf8, measures_columns) {
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("münchen"), 7U);
    EXPECT_EQ(display_width("mu\u0308nchen"), 7U);
    EXPECT_EQ(display_width("東京"), 4U);
    EXPECT_EQ(display_width("😀"), 2U);
    EXPECT_EQ(display_width("█▌"), 2U);
}

TEST(utf8, fits_columns) {
    EXPECT_EQ(fit_width("東京", 3), "東");
    EXPECT_EQ(fit_width("東京", 4), "東京");
    EXPECT_EQ(fit_width("abc", 0), "");
}

}  // namespace
}  // namespace sonde::report
