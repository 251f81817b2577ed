#include <array>

#include <gtest/gtest.h>

#include <sonde/report/field_text.hpp>

namespace sonde::report {
namespace {

std::string text(const char* layer, const char* field, std::initializer_list<int> header, bool brief = false) {
    std::vector<std::byte> bytes;
    for (const int v : header) bytes.push_back(static_cast<std::byte>(v));
    const auto* layout = wire::find_layout(layer);
    const auto* found = wire::find_field(*layout, nullptr, field);
    const auto one = shown(*found, bytes);
    return brief ? short_field_text(one) : field_text(one);
}

TEST(FieldText, OfEveryKind) {
    EXPECT_EQ(text("ip", "version", {0x45}), "4");
    EXPECT_EQ(text("udp", "chksum", {0, 0, 0, 0, 0, 0, 0x7c, 0xd4}), "0x7cd4");
    EXPECT_EQ(text("icmp", "type", {8}), "8 (echo request)");
    EXPECT_EQ(text("icmp", "type", {8}, true), "8");
    EXPECT_EQ(text("icmp", "type", {200}), "200");
    EXPECT_EQ(text("ip", "flags", {0, 0, 0, 0, 0, 0, 0x40, 0}), "DF");
    EXPECT_EQ(text("ip", "flags", {0, 0, 0, 0, 0, 0, 0x00, 0}), "none");
    EXPECT_EQ(text("vlan", "dei", {0x10, 0, 0, 0}), "1");
    EXPECT_EQ(text("eth", "dst", {1, 2, 3, 4, 5, 6}), "01:02:03:04:05:06");
    EXPECT_EQ(text("eth", "type", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}), "0x0800 (IPv4)");
    EXPECT_EQ(text("eth", "type", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 46}), "46");
}

TEST(FieldText, SeveralFlags) {
    std::array<std::byte, 20> tcp{};
    tcp[13] = std::byte{0x12};
    const auto* layout = wire::find_layout("tcp");
    EXPECT_EQ(field_text(shown(*wire::find_field(*layout, nullptr, "flags"), tcp)), "SYN+ACK");
}

TEST(FieldText, TextIsEscapedAndCutShort) {
    wire::shown_field field;
    field.kind = wire::field_kind::text;
    const std::string evil = "a\x1b[2Jb";
    field.bytes = std::as_bytes(std::span{evil});
    EXPECT_EQ(field_text(field).find('\x1b'), std::string::npos);
    const std::string long_one(1000, 'x');
    field.bytes = std::as_bytes(std::span{long_one});
    EXPECT_LT(field_text(field).size(), 60U);
    field.kind = wire::field_kind::bytes;
    EXPECT_TRUE(field_text(field).ends_with("..."));
    const std::array<std::byte, 3> zeros{};
    field.bytes = zeros;
    EXPECT_EQ(field_text(field), "3 zero bytes");
}

TEST(FieldText, AHeaderTooShortHasZeros) {
    EXPECT_EQ(text("ip", "ttl", {0x45}), "0");
}

}  // namespace
}  // namespace sonde::report
