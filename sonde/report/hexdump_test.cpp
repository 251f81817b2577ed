#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/report/hexdump.hpp>

namespace sonde::report {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}

TEST(Hexdump, LooksLikeTcpdump) {
    const auto packet = bytes({0x45, 0x00, 0x00, 0x1f, 0x00, 0x01, 0x00, 0x00, 0x40, 0x01, 0x66, 0xdc, 0x7f, 0x00, 0x00,
                               0x01, 0x7f, 0x41, 0x42});
    std::string out;
    hexdump(out, packet);
    EXPECT_EQ(out,
              "\t0x0000:  4500 001f 0001 0000 4001 66dc 7f00 0001\n"
              "\t0x0010:  7f41 42\n");
    out.clear();
    hexdump(out, packet, {.ascii = true});
    EXPECT_EQ(out,
              "\t0x0000:  4500 001f 0001 0000 4001 66dc 7f00 0001  E.......@.f.....\n"
              "\t0x0010:  7f41 42                                  .AB\n");
}

TEST(Hexdump, NothingOfNoBytes) {
    std::string out;
    hexdump(out, {});
    EXPECT_EQ(out, "");
}

TEST(Hexdump, OffsetsPairsAndIndentAreChoices) {
    std::string out;
    hexdump(out, bytes({1, 2, 3}), {.offsets = false, .indent = "  ", .pairs = false});
    EXPECT_EQ(out, "   01 02 03\n");
    out.clear();
    hexdump(out, bytes({1, 2, 3}), {.indent = "", .first_offset = 0x20, .bytes_per_row = 2});
    EXPECT_EQ(out, "0x0020:  0102\n0x0022:  03\n");
}

TEST(Hexdump, DigitsAlone) {
    std::string out;
    append_hex_bytes(out, bytes({0x60, 0xf0}));
    EXPECT_EQ(out, "60 f0");
    append_hex_digits(out, bytes({0x7c, 0xd4}));
    EXPECT_EQ(out, "60 f07cd4");
}

TEST(HexCompare, MarksWhatDiffers) {
    const auto written = bytes({0x45, 0x00, 0x00, 0x00, 0x12});
    const auto left = bytes({0x45, 0x00, 0x00, 0x1c, 0x12});
    std::string out;
    EXPECT_EQ(hex_compare(out, {"written", written}, {"left", left}), 1U);
    EXPECT_EQ(out,
              "  0x0000  written  45 00 00 00 12\n"
              "          left     45 00 00 1c 12\n"
              "                            ^^\n");
}

TEST(HexCompare, NoMarksWhereAllIsTheSame) {
    const auto same = bytes({1, 2, 3});
    std::string out;
    EXPECT_EQ(hex_compare(out, {"a", same}, {"b", same}), 0U);
    EXPECT_EQ(out.find('^'), std::string::npos);
}

TEST(HexCompare, ARowMayBeginLaterAndBeShorter) {
    const auto written = bytes({0x08, 0x00});
    const auto left = bytes({0x45, 0x08, 0x00, 0xff});
    std::string out;
    EXPECT_EQ(hex_compare(out, {"written", written, 1}, {"left", left}), 2U);
    EXPECT_EQ(out,
              "  0x0000  written     08 00\n"
              "          left     45 08 00 ff\n"
              "                   ^^       ^^\n");
}

TEST(HexCompare, ColourIsBesideTheMarks) {
    std::string out;
    (void)hex_compare(out, {"a", bytes({1})}, {"b", bytes({2})}, {.colour = true});
    EXPECT_NE(out.find("\x1b[1m01\x1b[0m"), std::string::npos);
    EXPECT_NE(out.find("^^"), std::string::npos);
}

}  // namespace
}  // namespace sonde::report
