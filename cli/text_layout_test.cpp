#include <cli/text_layout.hpp>
#include <gtest/gtest.h>

namespace {

using namespace sonde::cli;

TEST(TextLayout, Wraps) {
    using lines = std::vector<std::string>;
    EXPECT_EQ(wrap("", 10), lines{""});
    EXPECT_EQ(wrap("one two three", 7), (lines{"one two", "three"}));
    EXPECT_EQ(wrap("one  two ", 80), lines{"one two"});
    EXPECT_EQ(wrap("a verylongword b", 4), (lines{"a", "verylongword", "b"}));
}

TEST(TextLayout, PadsByColumns) {
    EXPECT_EQ(pad("ab", 4), "ab  ");
    EXPECT_EQ(pad("abcdef", 4), "abcdef");
    EXPECT_EQ(pad("\u00e9", 3), "\u00e9  ");
}

TEST(TextLayout, Paints) {
    EXPECT_EQ(paint("x", colour::red, false), "x");
    EXPECT_EQ(paint("x", colour::none, true), "x");
    EXPECT_EQ(paint("x", colour::red, true), "\x1b[31mx\x1b[0m");
}

}  // namespace
