#include <array>
#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/report/datagram_text.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace sonde::report {
namespace {

constexpr wall_time noon{std::chrono::seconds{12 * 3600} + std::chrono::microseconds{123456}};

std::int32_t utc(std::int64_t) {
    return 0;
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int v : values) out.push_back(static_cast<std::byte>(v));
    return out;
}

std::vector<std::byte> datagram(std::uint8_t protocol, bytes_view payload) {
    const wire::ipv4_message ip{.identification = 2541,
                                .ttl = 64,
                                .protocol = protocol,
                                .source = ip_address::v4(0x7f000001),
                                .destination = ip_address::v4(0x7f000001),
                                .payload = payload};
    std::vector<std::byte> out(ip.size());
    ip.emit(out, wire::checksum_fill::compute);
    return out;
}

std::vector<std::byte> echo(bool reply) {
    std::array<std::byte, 8> message{};
    wire::icmp_echo_message{.reply = reply, .identifier = 7, .sequence = 1, .payload = {}}.emit(
        family::v4, message, wire::checksum_fill::compute);
    return datagram(1, message);
}

datagram_view view_of(const std::vector<std::byte>& bytes, std::uint8_t protocol, bool loopback = false) {
    return datagram_view::read(
        {.protocol = protocol, .bytes = bytes, .full_size = bytes.size(), .time = noon, .loopback = loopback});
}

std::string words(std::uint8_t protocol, std::initializer_list<int> message) {
    const auto whole = datagram(protocol, bytes_of(message));
    return message_words(view_of(whole, protocol));
}

TEST(datagram_text, a_line_has_what_the_sniffer_of_the_article_prints) {
    std::string out;
    const auto bytes = echo(true);
    datagram_text(utc).line(out, view_of(bytes, 1));
    EXPECT_EQ(out, "12:00:00.123456 127.0.0.1 > 127.0.0.1: id 2541, 28 bytes, ttl 64: ICMP echo reply, id 7, seq 1\n");
}

TEST(datagram_text, the_request_on_loopback_is_explained_once) {
    datagram_text text(utc);
    const auto bytes = echo(false);
    std::string first;
    std::string second;
    text.line(first, view_of(bytes, 1, true));
    text.line(second, view_of(bytes, 1, true));
    EXPECT_TRUE(
        first.ends_with("ICMP echo request, id 7, seq 1 (the request: loopback delivers it to this machine "
                        "too)\n"))
        << first;
    EXPECT_TRUE(second.ends_with("ICMP echo request, id 7, seq 1\n")) << second;
}

TEST(datagram_text, a_row_is_the_articles) {
    std::string out;
    const auto bytes = bytes_of({0x45, 0x00, 0x00, 0x1c, 0xfb, 0x05});
    datagram_text::row(out, view_of(bytes, 1));
    EXPECT_EQ(out, "45 00 00 1C FB 05\n");
}

TEST(datagram_text, words_for_messages) {
    EXPECT_EQ(words(17, {0x00, 0x35, 0x12, 0x67, 0, 10, 0, 0, 1, 2}), "UDP 53 > 4711, 2 data bytes");
    EXPECT_EQ(words(17, {0, 53}), "UDP cut short: 2 bytes of at least 8");
    EXPECT_EQ(words(6, {0, 80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0, 9}),
              "TCP 80 > 256 SYN ACK, 1 data bytes");
    EXPECT_EQ(words(6, {0, 80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x04, 0, 0, 0, 0, 0, 0}),
              "TCP 80 > 256 RST, bad data offset");
    EXPECT_EQ(words(2, {0x16, 0, 0, 0, 224, 0, 0, 1}), "IGMP membership report v2");
    EXPECT_EQ(words(89, {2, 1, 0, 24, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "OSPF hello");
    EXPECT_EQ(words(253, {1, 2, 3}), "protocol 253, 3 bytes");
    EXPECT_EQ(words(47, {1, 2, 3}), "GRE, 3 bytes");
    EXPECT_EQ(words(1, {8}), "ICMP cut short: 1 bytes of at least 8");
    EXPECT_EQ(words(1, {44, 2, 0xd3, 0xfd, 0, 0, 0, 0}), "ICMP type 44, code 2");
    EXPECT_EQ(words(1, {0, 0, 0, 0, 0, 0, 0, 0}), "ICMP echo reply, id 0, seq 0 (bad checksum)");
}

TEST(datagram_text, an_error_tells_what_it_is_about) {
    auto message = bytes_of({3, 3, 0, 0, 0, 0, 0, 0});
    const auto quote = datagram(17, bytes_of({0, 1, 0, 2, 0, 8, 0, 0}));
    message.insert(message.end(), quote.begin(), quote.end());
    store_be(bytes_span{message}, 2, wire::internet_checksum(message));
    const auto whole = datagram(1, message);
    EXPECT_EQ(message_words(view_of(whole, 1)), "ICMP Destination Port Unreachable, about 127.0.0.1 > 127.0.0.1");
    message.resize(8);
    store_be(bytes_span{message}, 2, std::uint16_t{0});
    store_be(bytes_span{message}, 2, wire::internet_checksum(message));
    const auto bare = datagram(1, message);
    EXPECT_EQ(message_words(view_of(bare, 1)), "ICMP Destination Port Unreachable, about nothing that can be read");
}

TEST(datagram_text, every_truncation_of_every_protocol_is_one_line) {
    const std::vector<std::byte> noise(64, std::byte{0xff});
    datagram_text text(utc);
    for (unsigned protocol = 0; protocol < 256; ++protocol) {
        for (const family f : {family::v4, family::v6}) {
            for (std::size_t size = 0; size <= noise.size(); ++size) {
                std::string out;
                text.line(out, datagram_view::read({.family = f,
                                                    .protocol = static_cast<std::uint8_t>(protocol),
                                                    .bytes = bytes_view{noise}.first(size),
                                                    .full_size = size + 1}));
                ASSERT_EQ(out.find('\n'), out.size() - 1);
            }
        }
    }
}

TEST(datagram_text, the_summary_is_one_line) {
    std::string out;
    datagram_text::summary(out, {.received = 1, .shown = 1});
    EXPECT_EQ(out, "1 datagram received, 0 filtered, 0 dropped by the kernel\n");
    out.clear();
    datagram_text::summary(out,
                           {.received = 5, .shown = 1, .filtered_type = 3, .rejected_malformed = 1, .kernel_drops = 2});
    EXPECT_EQ(out, "5 datagrams received, 3 filtered, 2 dropped by the kernel, 1 too short to filter\n");
}

}  // namespace
}  // namespace sonde::report
