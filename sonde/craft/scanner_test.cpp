#include <string>

#include <gtest/gtest.h>

#include <sonde/craft/scanner.hpp>

namespace sonde::craft {
namespace {

using form = written_value::form;

std::string text_of(const std::vector<std::byte>& bytes) {
    std::string out;
    for (const std::byte b : bytes) out += static_cast<char>(b);
    return out;
}

TEST(Scanner, LayersArgumentsAndValues) {
    const auto layers = scan(R"( ip(dst = 127.0.0.1, ttl=64) / icmp ( echo , id=7 )/"hi"/ tcp )");
    ASSERT_TRUE(layers) << layers.error().what;
    ASSERT_EQ(layers->size(), 4U);
    EXPECT_EQ((*layers)[0].name, "ip");
    EXPECT_EQ((*layers)[0].column, 2U);
    ASSERT_EQ((*layers)[0].arguments.size(), 2U);
    EXPECT_EQ((*layers)[0].arguments[0].name, "dst");
    EXPECT_EQ((*layers)[0].arguments[0].column, 5U);
    EXPECT_EQ((*layers)[0].arguments[0].value->word, "127.0.0.1");
    EXPECT_EQ((*layers)[0].arguments[0].value->column, 11U);
    EXPECT_FALSE((*layers)[1].arguments[0].value);
    EXPECT_EQ(text_of((*layers)[2].bytes), "hi");
    EXPECT_TRUE((*layers)[3].arguments.empty());
}

TEST(Scanner, NamesAreLowerCaseOfLayersAlone) {
    const auto layers = scan("IP(TTL=1)");
    ASSERT_TRUE(layers);
    EXPECT_EQ(layers->front().name, "ip");
    EXPECT_EQ(layers->front().arguments.front().name, "TTL");
}

TEST(Scanner, BytesInThreeWays) {
    const auto layers = scan(R"('a\x41\n\\\'' / hex(00 fF:10) / zeros(3))");
    ASSERT_TRUE(layers) << layers.error().what;
    EXPECT_EQ(text_of((*layers)[0].bytes), "aA\n\\'");
    EXPECT_EQ(text_of((*layers)[1].bytes), std::string("\x00\xff\x10", 3));
    EXPECT_EQ((*layers)[2].bytes, std::vector<std::byte>(3));
}

TEST(Scanner, ListsNestedArgumentsAndBytesAsValues) {
    const auto layers = scan("tcp(sack=[1:2, 3:4], ao=hex(0102), rr(pointer=8))");
    ASSERT_TRUE(layers) << layers.error().what;
    const auto& arguments = layers->front().arguments;
    EXPECT_EQ(arguments[0].value->kind, form::list);
    ASSERT_EQ(arguments[0].value->items.size(), 2U);
    EXPECT_EQ(arguments[0].value->items[1].word, "3:4");
    EXPECT_EQ(arguments[0].value->items[1].column, 16U);
    EXPECT_EQ(arguments[1].value->kind, form::bytes);
    EXPECT_EQ(arguments[2].arguments.front().value->word, "8");
}

struct wrong_text {
    const char* text;
    std::size_t column;
    const char* said;
};

class ScannerErrors : public testing::TestWithParam<wrong_text> {};

TEST_P(ScannerErrors, PointAtTheColumn) {
    const auto layers = scan(GetParam().text);
    ASSERT_FALSE(layers);
    EXPECT_EQ(layers.error().column, GetParam().column);
    EXPECT_NE(layers.error().what.find(GetParam().said), std::string::npos) << layers.error().what;
}

INSTANTIATE_TEST_SUITE_P(
    All, ScannerErrors,
    testing::Values(wrong_text{"", 1, "expected a layer"}, wrong_text{"ip/", 4, "expected a layer"},
                    wrong_text{"/ip", 1, "'/' stands"}, wrong_text{"ip(", 4, "field's name"},
                    wrong_text{"ip(ttl=", 8, "a value"}, wrong_text{"ip(ttl=1", 9, "')'"},
                    wrong_text{"ip(ttl=1;", 10, "')'"}, wrong_text{"ip icmp", 4, "expected '/'"},
                    wrong_text{"\"abc", 5, "column 1 is not closed"}, wrong_text{R"("a\q")", 4, "no escape"},
                    wrong_text{R"("\x4g")", 4, "two hex"}, wrong_text{"hex(0g)", 6, "'g' is no hexadecimal"},
                    wrong_text{"hex(001)", 7, "two hexadecimal digits"}, wrong_text{"hex(00", 7, "expected ')'"},
                    wrong_text{"hex", 4, "parentheses"}, wrong_text{"zeros(70000)", 7, "at most"},
                    wrong_text{"zeros(60000)/zeros(60000)", 14, "more than"}, wrong_text{"tcp(sack=[1,2", 14, "']'"},
                    wrong_text{"ip()x", 5, "'x'"}));

TEST(Scanner, ListsHaveABottom) {
    EXPECT_FALSE(scan("tcp(a=" + std::string(1000, '[')));
}

TEST(Scanner, Numbers) {
    EXPECT_EQ(number_in("64"), 64U);
    EXPECT_EQ(number_in("0x1F"), 31U);
    EXPECT_EQ(number_in("18446744073709551615"), ~std::uint64_t{0});
    for (const char* word : {"", "0x", "-1", "1a", "18446744073709551616", " 1"}) EXPECT_FALSE(number_in(word)) << word;
}

TEST(Scanner, ErrorsCanBeThrown) {
    EXPECT_THROW((void)scan("?").value(), std::invalid_argument);
}

}  // namespace
}  // namespace sonde::craft
