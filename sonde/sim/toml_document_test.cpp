#include <gtest/gtest.h>

#include <sonde/sim/toml_document.hpp>

namespace sonde::sim {
namespace {

std::string complaint(std::string_view text) {
    const auto read = parse_toml(text, "a.toml");
    return read ? "" : read.error().what;
}

TEST(TomlDocument, EveryKindWithItsLine) {
    const auto read =
        parse_toml("a = 1\nb = 1.5\n\nc = true\nd = 'x'\ne = [1,\n2]\nf = { g = 1979-05-27 }\n", "a.toml");
    ASSERT_TRUE(read) << read.error().what;
    const auto& table = *read->as<toml_table>();
    ASSERT_EQ(table.size(), 6U);
    EXPECT_EQ(*table[0].value.as<std::int64_t>(), 1);
    EXPECT_EQ(*table[1].value.as<double>(), 1.5);
    EXPECT_EQ(*table[2].value.as<bool>(), true);
    EXPECT_EQ(table[2].line, 4U);
    EXPECT_EQ(*table[3].value.as<std::string>(), "x");
    EXPECT_EQ(table[4].value.as<toml_array>()->at(1).line, 7U);
    EXPECT_EQ(table[5].value.as<toml_table>()->at(0).value.kind(), "a date");
    EXPECT_EQ(table[3].value.kind(), "text");
}

TEST(TomlDocument, WhatIsNoTomlIsOneLineWithItsPlace) {
    EXPECT_TRUE(complaint("a = 1\nb = \n").starts_with("a.toml:2: ")) << complaint("a = 1\nb = \n");
    EXPECT_TRUE(complaint("a = 1\na = 2\n").starts_with("a.toml:2: "));
    EXPECT_TRUE(complaint("\x1b[31m").starts_with("a.toml:1: "));
    for (const char* text : {"a = \"\x1b\"", "[\n]", "\xff\xfe", "a = \"\n\"", "[[a]]\n[a]", "_\xc3\xa2"}) {
        const auto what = complaint(text);
        EXPECT_FALSE(what.empty()) << text;
        EXPECT_EQ(what.find_first_of("\n\x1b\xff"), std::string::npos) << what;
    }
}

TEST(TomlDocument, OtherLettersInCommentsOnly) {
    EXPECT_EQ(complaint("\xef\xbb\xbf# caf\xc3\xa9\na = 'x' # \xff\n"), "");
    for (const char* line : {"caf\xc3\xa9 = 1", "a = 'caf\xc3\xa9'", "a = \"\xff\""}) {
        EXPECT_EQ(complaint(std::string("b = 1\n") + line),
                  "a.toml:2: a letter that is not ASCII; expected those in comments only");
    }
}

TEST(TomlDocument, NestingIsBounded) {
    std::string dotted = "a";
    for (int i = 0; i < 100'000; ++i) dotted += ".a";
    EXPECT_NE(complaint(dotted + " = 1"), "");
    EXPECT_NE(complaint("x = {" + dotted + " = 1}"), "");
    EXPECT_NE(complaint("x = { b = '\"', " + dotted + " = 1}"), "");
    EXPECT_NE(complaint("x = { b = \"\\\"\", " + dotted + " = 1}"), "");
    EXPECT_NE(complaint("x = " + std::string(100'000, '[') + std::string(100'000, ']')), "");
    EXPECT_NE(complaint("x = \"\"\"\na\"\"\""), "") << "the lines of such text are no lines of TOML";
    std::string addresses = "x = [";
    for (int i = 0; i < 1000; ++i) addresses += "\"10.0.0.1\",";
    EXPECT_EQ(complaint(addresses +
                        "] # ......................................................................................"
                        ".................."),
              "");
}

TEST(TomlDocument, ShownIsOneHarmlessLine) {
    EXPECT_EQ(shown("a\nb\x1b"), "a\\x0ab\\x1b");
    EXPECT_EQ(shown("\xe2\x80\xae"), "\\xe2\\x80\\xae");
    EXPECT_EQ(shown(std::string(1000, 'x')), std::string(80, 'x') + "...");
}

}  // namespace
}  // namespace sonde::sim
