#include <string>

#include <gtest/gtest.h>

#include <sonde/report/escape.hpp>

namespace sonde::report {
namespace {

TEST(escape_text, printable_text_passes) {
    EXPECT_EQ(escape_text("host-1.example"), "host-1.example");
    EXPECT_EQ(escape_text("münchen 東京 😀 </script> \"'"), "münchen 東京 😀 </script> \"'");
}

TEST(escape_text, controls_become_visible) {
    EXPECT_EQ(escape_text("a\x1b[2Jb\r\n\t"), "a\\x1b[2Jb\\x0d\\x0a\\x09");
    EXPECT_EQ(escape_text(std::string_view{"\0\x7f", 2}), "\\x00\\x7f");
    EXPECT_EQ(escape_text("\u009b31m"), "\\u{009b}31m");
}

TEST(escape_text, bytes_that_are_no_utf8_become_visible) {
    EXPECT_EQ(escape_text("\xff"
                          "a\xc3"),
              "\\xffa\\xc3");
    EXPECT_EQ(escape_text("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(escape_text("\x9b"
                          "31m"),
              "\\x9b31m");
}

TEST(escape_text, nothing_turns_or_hides_text) {
    EXPECT_EQ(escape_text("a\u202eb"), "a\\u{202e}b");
    EXPECT_EQ(escape_text("\u2066\u2069\u200e\u200f\u202a"), "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{202a}");
    EXPECT_EQ(escape_text("\u2028\u200b\ufeff\U000e0041\uffff"), "\\u{2028}\\u{200b}\\u{feff}\\u{e0041}\\u{ffff}");
}

}  // namespace
}  // namespace sonde::report
