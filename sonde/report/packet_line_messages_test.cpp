#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/report/packet_line_messages.hpp>

namespace sonde::report {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

std::string options(std::initializer_list<int> values) {
    line_writer line;
    put_tcp_options(line, bytes_of(values), 0);
    return std::string(line.text());
}

template <auto Put>
std::string text(std::initializer_list<int> values) {
    const auto bytes = bytes_of(values);
    line_writer line;
    Put(line, {.bytes = bytes, .size = static_cast<std::uint32_t>(bytes.size())});
    return std::string(line.text());
}

TEST(TcpOptions, OddLengths) {
    EXPECT_EQ(options({}), "");
    EXPECT_EQ(options({1, 1, 0, 7}), "nop,nop,eol");
    EXPECT_EQ(options({2}), "[bad opt]");
    EXPECT_EQ(options({2, 0, 5, 180}), "[bad opt]");
    EXPECT_EQ(options({2, 1, 5, 180}), "[bad opt]");
    EXPECT_EQ(options({2, 5, 5, 180}), "[bad opt]");
    EXPECT_EQ(options({2, 3, 5}), "unknown-2 0x05");
    EXPECT_EQ(options({8, 2}), "unknown-8");
    EXPECT_EQ(options({5, 9, 1, 2, 3, 4, 5, 6, 7}), "unknown-5 0x01020304050607");
    EXPECT_EQ(options({34, 2}), "tfo  cookiereq");
}

TEST(Igmp, ResponseTimesAndGroups) {
    EXPECT_EQ(text<put_igmp>({0x11, 100, 0, 0, 0, 0, 0, 0}), "igmp query v2");
    EXPECT_EQ(text<put_igmp>({0x11, 10, 0, 0, 239, 1, 2, 3}), "igmp query v2 [max resp time 10] [gaddr 239.1.2.3]");
    EXPECT_EQ(text<put_igmp>({0x11, 9, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0}), "igmp query v3 [max resp time 0.9s]");
    EXPECT_EQ(text<put_igmp>({0x11, 0x80, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0}), "igmp query v3 [max resp time 12s]");
    EXPECT_EQ(text<put_igmp>({0x16, 0, 0, 0, 239, 1, 2, 3, 0}), "igmp v2 report 239.1.2.3 [len 9]");
    EXPECT_EQ(text<put_igmp>({0x99, 0, 0, 0, 0, 0, 0, 0}), "igmp type-0x99");
    EXPECT_EQ(text<put_igmp>({0x11, 0, 0, 0}), "igmp [|igmp]");
}

TEST(Icmp, ErrorsWithoutAQuote) {
    EXPECT_EQ(text<put_icmp>({3, 1, 0, 0, 0, 0, 0, 0}), "ICMP unreachable - #1, length 8");
    EXPECT_EQ(text<put_icmp>({5, 1, 0, 0, 10, 0, 0, 9}), "ICMP redirect to host 10.0.0.9, length 8");
    EXPECT_EQ(text<put_icmp>({11, 7, 0, 0, 0, 0, 0, 0}), "ICMP time exceeded-#7, length 8");
    EXPECT_EQ(text<put_icmp>({99, 0, 0, 0, 0, 0, 0, 0}), "ICMP type-99, length 8");
    EXPECT_EQ(text<put_icmp>({8, 0, 0}), " [|icmp]");
}

TEST(Icmpv6, MessagesCutShort) {
    EXPECT_EQ(text<put_icmpv6>({135, 0, 0, 0, 0, 0, 0, 0}), "ICMP6, neighbor solicitation [|icmp6]");
    EXPECT_EQ(text<put_icmpv6>({1, 0, 0, 0, 0, 0, 0, 0}),
              "ICMP6, destination unreachable, unreachable route, length 8");
    EXPECT_EQ(text<put_icmpv6>({200, 0, 0, 0, 0, 0, 0, 0}), "ICMP6, type-#200, length 8");
    EXPECT_EQ(text<put_icmpv6>({135}), "ICMP6, [|icmp6]");
}

}  // namespace
}  // namespace sonde::report
