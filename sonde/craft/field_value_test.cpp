#include <gtest/gtest.h>

#include <sonde/craft/field_value.hpp>

namespace sonde::craft {
namespace {

const wire::header_field& field(const char* layer, const char* name) {
    const auto* layout = wire::find_layout(layer);
    return *wire::find_field(*layout, nullptr, name);
}

const wire::option_layout& option(const char* layer, std::string_view name) {
    for (const auto& o : wire::find_layout(layer)->options) {
        if (o.name == name) return o;
    }
    throw std::logic_error("no such option");
}

written_value word(std::string text) {
    written_value out;
    out.word = std::move(text);
    out.column = 5;
    return out;
}

described<field_value> read(const char* layer, const char* name, const char* text) {
    return read_value(field(layer, name), word(text));
}

TEST(FieldValue, Numbers) {
    EXPECT_EQ(read("ip", "ttl", "64")->number, 64U);
    EXPECT_EQ(read("ip", "chksum", "0xffff")->number, 0xffffU);
    const auto large = read("ip", "ttl", "256");
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().column, 5U);
    EXPECT_EQ(large.error().what, "ttl has 8 bits: 256 is more than 255");
    EXPECT_FALSE(read("ip", "ttl", "many"));
    EXPECT_FALSE(read("ip", "version", "16"));
}

TEST(FieldValue, NamesInAnyWriting) {
    EXPECT_EQ(read("ip", "proto", "ospf")->number, 89U);
    EXPECT_EQ(read("eth", "type", "IPv6")->number, 0x86ddU);
    EXPECT_EQ(read("icmp", "type", "time_exceeded")->number, 11U);
    EXPECT_EQ(read("icmp", "type", "13")->number, 13U);
    const auto unknown = read("ip", "proto", "osfp");
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().what.find("did you mean"), std::string::npos) << unknown.error().what;
}

TEST(FieldValue, FlagsByLettersNamesAndNumbers) {
    for (const char* text : {"SA", "SYN+ACK", "syn|ack", "A+S", "0x12", "18"}) {
        const auto value = read("tcp", "flags", text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(value->number, 0x12U) << text;
    }
    EXPECT_EQ(read("tcp", "flags", "none")->number, 0U);
    EXPECT_EQ(read("ip", "flags", "DF")->number, 2U);
    EXPECT_EQ(read("ip", "flags", "DF+MF")->number, 3U);
    EXPECT_FALSE(read("tcp", "flags", "SX"));
    EXPECT_FALSE(read("tcp", "flags", "S++A"));
}

TEST(FieldValue, Addresses) {
    EXPECT_EQ(read("ip", "dst", "127.0.0.1")->number, 0x7f000001U);
    EXPECT_EQ(read("eth", "dst", "02:00:00:00:00:01")->number, 0x020000000001U);
    EXPECT_EQ(read("eth", "dst", "broadcast")->number, 0xffffffffffffU);
    const auto v6 = read("ip6", "dst", "::1");
    ASSERT_TRUE(v6);
    ASSERT_EQ(v6->bytes.size(), 16U);
    EXPECT_EQ(v6->bytes[15], std::byte{1});
    EXPECT_FALSE(read("ip", "dst", "::1"));
    EXPECT_FALSE(read("ip6", "dst", "127.0.0.1"));
    EXPECT_FALSE(read("ip", "dst", "example"));
    EXPECT_FALSE(read("eth", "dst", "1"));
}

TEST(FieldValue, BytesMustFit) {
    written_value bytes;
    bytes.kind = written_value::form::bytes;
    bytes.bytes = {std::byte{1}, std::byte{2}};
    EXPECT_EQ(read_value(field("udp", "sport"), bytes)->number, 0x0102U);
    EXPECT_FALSE(read_value(field("ip", "ttl"), bytes));
    EXPECT_FALSE(read_value(field("ip", "dst"), bytes));
    EXPECT_FALSE(read_value(field("ip", "frag"), bytes));
    const auto text = read_value(field("dhcp", "sname"), bytes);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->bytes.size(), 64U);
}

TEST(FieldValue, WrittenIntoAHeader) {
    std::vector<std::byte> header(40);
    write_value(header, field("ip6", "dst"), *read("ip6", "dst", "2001:db8::1"));
    EXPECT_EQ(header[24], std::byte{0x20});
    EXPECT_EQ(header[39], std::byte{1});
    write_value(bytes_span{header}.first(8), field("ip6", "dst"), *read("ip6", "dst", "::"));
    EXPECT_EQ(header[24], std::byte{0x20});
}

std::vector<std::byte> option_of(const char* layer, const char* text) {
    const auto scanned = scan(std::string("x(") + text + ")");
    const auto& argument = scanned->front().arguments.front();
    const auto data = read_option(option(layer, argument.name), argument);
    return data ? *data : std::vector<std::byte>(99);
}

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int v : values) out.push_back(static_cast<std::byte>(v));
    return out;
}

TEST(OptionValue, OfEveryKind) {
    EXPECT_EQ(option_of("tcp", "mss=1460"), bytes({0x05, 0xb4}));
    EXPECT_EQ(option_of("tcp", "sack_ok"), bytes({}));
    EXPECT_EQ(option_of("tcp", "timestamps=1:2"), bytes({0, 0, 0, 1, 0, 0, 0, 2}));
    EXPECT_EQ(option_of("tcp", "sack=[1:2]"), bytes({0, 0, 0, 1, 0, 0, 0, 2}));
    EXPECT_EQ(option_of("tcp", "mss=hex(01)"), bytes({1}));
    EXPECT_EQ(option_of("tcp", "md5=0102"), bytes({1, 2}));
    EXPECT_EQ(option_of("dhcp", "message_type=offer"), bytes({2}));
    EXPECT_EQ(option_of("dhcp", "dns=[10.0.0.1, 10.0.0.2]"), bytes({10, 0, 0, 1, 10, 0, 0, 2}));
    EXPECT_EQ(option_of("dhcp", "hostname=ab"), bytes({'a', 'b'}));
    EXPECT_EQ(option_of("icmp6", "slla=02:00:00:00:00:01"), bytes({2, 0, 0, 0, 0, 1}));
    EXPECT_EQ(option_of("ip", "record_route(pointer=8, value=[1.2.3.4])"), bytes({8, 1, 2, 3, 4}));
    EXPECT_EQ(option_of("ip", "record_route=[1.2.3.4]"), bytes({4, 1, 2, 3, 4}));
}

TEST(OptionValue, WhatIsWrongIsSaid) {
    for (const char* text : {"mss=70000", "mss", "mss=x", "sack_ok=1", "mss=[1,2]", "timestamps=1:"}) {
        EXPECT_EQ(option_of("tcp", text).size(), 99U) << text;
    }
    EXPECT_EQ(option_of("dhcp", "dns=::1").size(), 99U);
    EXPECT_EQ(option_of("icmp6", "slla=x").size(), 99U);
    EXPECT_EQ(option_of("ip", "record_route(ponter=8)").size(), 99U);
}

TEST(Listing, HasABound) {
    EXPECT_EQ(listing({"a", "b"}), "a, b");
    EXPECT_TRUE(listing(std::vector<std::string>(1000, "a")).ends_with("..."));
}

}  // namespace
}  // namespace sonde::craft
