#include <algorithm>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/craft/builder.hpp>
#include <sonde/report/header_drawing.hpp>

namespace sonde::report {
namespace {

std::string drawing(const std::string& words, const drawing_options& options = {.indent = ""}) {
    const auto read = craft::description::parse(words);
    const auto packet = craft::build(read.value()).value();
    wire::layer layer;
    layer.id = packet.layers.front().layout->id;
    layer.bytes = packet.header(packet.layers.front());
    std::string out;
    draw_header(out, layer, options);
    return out;
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

TEST(HeaderDrawing, IpAsRfc791DrawsIt) {
    EXPECT_EQ(drawing("ip(src=127.0.0.1, dst=127.0.0.1, id=11)", {.indent = "", .values = false}),
              " 0                   1                   2                   3\n"
              " 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n"
              "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"
              "|Version|  ihl  |Type of Service|         Total Length          |\n"
              "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"
              "|        Identification         |e|D|M|     Fragment Offset     |\n"
              "|                               | |F|F|                         |\n"
              "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"
              "| Time to Live  |   Protocol    |        Header Checksum        |\n"
              "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"
              "|                        Source Address                         |\n"
              "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n"
              "|                      Destination Address                      |\n"
              "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+\n");
}

TEST(HeaderDrawing, ValuesStandBelowTheNames) {
    const auto text = drawing("icmp(echo, id=7, seq=1)");
    EXPECT_NE(text.find("|               7               |               1               |"), std::string::npos)
        << text;
}

TEST(HeaderDrawing, NoLineThroughAFieldOfSeveralRows) {
    const auto rows = lines(drawing("eth(dst=ff:ff:ff:ff:ff:ff)"));
    EXPECT_EQ(rows[5], "+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+");
    EXPECT_EQ(rows[7], "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +");
    EXPECT_EQ(rows.back(), "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+");
    const auto six = drawing("ip6(dst=2001:db8::1)");
    EXPECT_NE(six.find("+                                                               +"), std::string::npos);
    EXPECT_NE(six.find("2001:db8::1"), std::string::npos);
}

TEST(HeaderDrawing, TcpsFlagsStandUpright) {
    const auto text = drawing("tcp(flags=SA, mss=1460)");
    EXPECT_NE(text.find("|C|E|U|A|P|R|S|F|"), std::string::npos) << text;
    EXPECT_NE(text.find("|W|C|R|C|S|S|Y|I|"), std::string::npos);
    EXPECT_NE(text.find("|0|0|0|1|0|0|1|0|"), std::string::npos);
    EXPECT_NE(text.find("|     Kind      |    Length     |     Maximum Segment Size      |"), std::string::npos);
}

TEST(HeaderDrawing, LongFieldsAreDrawnShorter) {
    const auto text = drawing("dhcp");
    EXPECT_NE(text.find("Boot File Name (128 bytes)"), std::string::npos);
    EXPECT_LT(lines(text).size(), 80U);
}

TEST(HeaderDrawing, EveryLayerIsARectangle) {
    for (const auto& layout : wire::all_layouts()) {
        std::vector<std::string> words{std::string(layout.name)};
        for (const auto& v : layout.variants) words.push_back(words.front() + "(" + std::string(v.name) + ")");
        for (const auto& one : words) {
            const auto rows = lines(drawing(one));
            ASSERT_GT(rows.size(), 3U) << one;
            for (std::size_t i = 2; i < rows.size(); ++i) {
                EXPECT_LE(rows[i].size(), 65U) << one;
                EXPECT_TRUE(rows[i].front() == '+' || rows[i].front() == '|') << one << "\n" << rows[i];
                EXPECT_EQ(rows[i].back(), rows[i].front()) << one << "\n" << rows[i];
                EXPECT_EQ(rows[i].size() % 2, 1U) << one << "\n" << rows[i];
            }
        }
    }
}

TEST(HeaderDrawing, NothingOfBytesAndOfNothing) {
    std::string out;
    draw_header(out, wire::layer{});
    EXPECT_EQ(out, "");
    for (const auto& layout : wire::all_layouts()) {
        const std::vector<std::byte> bytes(64, std::byte{0xff});
        for (std::size_t size = 0; size <= bytes.size(); ++size) {
            wire::layer layer;
            layer.id = layout.id;
            layer.bytes = bytes_view{bytes}.first(size);
            draw_header(out, layer);
        }
    }
}

}  // namespace
}  // namespace sonde::report
