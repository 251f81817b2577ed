#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <sonde/report/packet_line.hpp>
#include <sonde/report/packet_samples_test.hpp>

namespace sonde::report {
namespace {

std::string line_of(packet_line& lines, link_type link, bytes_view frame, std::uint32_t full_size,
                    std::string_view interface = {}) {
    const wire::dissection dissection = wire::dissect(link, frame, {.checksums = false});
    line_writer line;
    lines.write(
        line, {.link = link, .frame = frame, .full_size = full_size, .dissection = dissection, .interface = interface});
    return std::string(line.text());
}

std::string line_of(std::string_view name, const packet_line_options& options = {}) {
    const auto sample = std::ranges::find(packet_samples, name, &packet_sample::name);
    EXPECT_NE(sample, packet_samples.end()) << name;
    packet_line lines(options);
    return line_of(lines, link_type::ethernet, sample->frame(), sample->full_size);
}

class Samples : public testing::TestWithParam<packet_sample> {};

TEST_P(Samples, AsTcpdumpShowsThem) {
    packet_line lines({});
    EXPECT_EQ(line_of(lines, link_type::ethernet, GetParam().frame(), GetParam().full_size), GetParam().line);
}

TEST_P(Samples, CutShortAnywhereTheyStillGiveALine) {
    packet_line lines({.link_header = true});
    const auto frame = GetParam().frame();
    for (std::size_t size = 0; size <= frame.size(); ++size) {
        const std::vector<std::byte> part(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
        const std::string line = line_of(lines, link_type::ethernet, part, GetParam().full_size);
        EXPECT_FALSE(line.empty()) << size;
        EXPECT_EQ(line.find('\n'), std::string::npos) << size;
    }
}

TEST_P(Samples, ChangedAnywhereTheyStayOneLine) {
    std::mt19937 random{11};
    packet_line lines({});
    for (int round = 0; round < 500; ++round) {
        auto frame = GetParam().frame();
        for (int i = 0; i < 3; ++i) frame[12 + random() % (frame.size() - 12)] = std::byte(random());
        const std::string line = line_of(lines, link_type::ethernet, frame, GetParam().full_size);
        ASSERT_FALSE(line.empty());
        ASSERT_TRUE(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; })) << line;
    }
}

INSTANTIATE_TEST_SUITE_P(PacketLine, Samples, testing::ValuesIn(packet_samples), [](const auto& tested) {
    std::string name(tested.param.name);
    std::ranges::replace(name, ' ', '_');
    return name;
});

TEST(PacketLine, WithTheLinkHeader) {
    const packet_line_options link{.link_header = true};
    EXPECT_EQ(line_of("udp", link),
              "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 47: 10.0.0.1.40000 > 10.0.0.2.7: "
              "UDP, length 5");
    EXPECT_EQ(line_of("vlan dei", link),
              "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q (0x8100), length 67: vlan 4095, p 7, DEI, "
              "ethertype IPv6 (0x86dd), 2001:db8::1.1 > 2001:db8::2.9: UDP, length 1");
    EXPECT_EQ(line_of("arp reply", link),
              "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype ARP (0x0806), length 42: Reply 10.0.0.2 is-at "
              "02:00:00:00:00:02, length 28");
}

TEST(PacketLine, Quick) {
    EXPECT_EQ(line_of("tcp syn", {.quick = true}), "IP 10.0.0.1.1234 > 10.0.0.2.80: tcp 0");
    EXPECT_EQ(line_of("dhcp offer", {.quick = true}), "IP 10.0.0.2.67 > 10.0.0.50.68: UDP, length 300");
}

TEST(PacketLine, SequencesCountFromTheHandshakeUnlessAbsolute) {
    const auto sample = [](std::string_view name) {
        return std::ranges::find(packet_samples, name, &packet_sample::name)->frame();
    };
    const auto sack = sample("tcp sack");
    auto first = sack;
    first[14 + 20 + 13] = std::byte{0x12};  // SYN and ACK: the reference
    packet_line relative({});
    EXPECT_NE(line_of(relative, link_type::ethernet, first, 78).find("seq 5001, ack 14"), std::string::npos);
    EXPECT_EQ(line_of(relative, link_type::ethernet, sack, 78),
              "IP 10.0.0.2.80 > 10.0.0.1.1234: Flags [.], ack 1, win 8192, options [nop,nop,sack 2 "
              "{6987:7987}{8987:9487}], length 0");
    packet_line absolute({.absolute_sequences = true});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(line_of(absolute, link_type::ethernet, sack, 78),
                  "IP 10.0.0.2.80 > 10.0.0.1.1234: Flags [.], ack 14, win 8192, options [nop,nop,sack 2 "
                  "{7000:8000}{9000:9500}], length 0");
    }
}

TEST(PacketLine, WhatNobodyKnowsIsToBeShownInHexadecimal) {
    const auto& unknown = *std::ranges::find(packet_samples, "unknown ethertype", &packet_sample::name);
    const auto frame = unknown.frame();
    const wire::dissection dissection = wire::dissect(link_type::ethernet, frame);
    packet_line lines({});
    line_writer line;
    EXPECT_TRUE(lines.write(line, {.frame = frame, .full_size = 22, .dissection = dissection}));
    EXPECT_EQ(lines.unknown().size(), 8U);
    EXPECT_EQ(lines.unknown().data(), frame.data() + 14);
}

TEST(PacketLine, OtherLinks) {
    const auto frame = std::ranges::find(packet_samples, "udp", &packet_sample::name)->frame();
    const std::vector<std::byte> datagram(frame.begin() + 14, frame.end());
    packet_line lines({});
    const std::string line = "IP 10.0.0.1.40000 > 10.0.0.2.7: UDP, length 5";
    EXPECT_EQ(line_of(lines, link_type::raw_ip, datagram, 33), line);
    EXPECT_EQ(line_of(lines, link_type::raw_ipv4, datagram, 33), line);
    EXPECT_EQ(line_of(lines, link_type::raw_ip, {}, 0), "[no packet]");

    std::vector<std::byte> cooked(20);
    store_be(cooked, 0, std::uint16_t{0x0800});
    store_be(cooked, 4, std::uint32_t{7});
    store_be(cooked, 10, std::uint8_t{4});
    cooked.insert(cooked.end(), datagram.begin(), datagram.end());
    EXPECT_EQ(line_of(lines, link_type::linux_cooked_v2, cooked, 53, "eth0"), "eth0  Out " + line);
    EXPECT_EQ(line_of(lines, link_type::linux_cooked_v2, cooked, 53), "if7   Out " + line);
}

TEST(PacketLine, FramesOfAnyLinkNeverOverrunTheLine) {
    std::mt19937 random{5};
    packet_line lines({.link_header = true});
    for (const auto link : {link_type::ethernet, link_type::raw_ip, link_type::linux_cooked, link_type::linux_cooked_v2,
                            link_type::null_loopback, static_cast<link_type>(4711)}) {
        for (int round = 0; round < 2000; ++round) {
            std::vector<std::byte> noise(random() % 200);
            for (auto& b : noise) b = std::byte(random());
            EXPECT_FALSE(line_of(lines, link, noise, static_cast<std::uint32_t>(random() % 300)).empty());
        }
    }
}

}  // namespace
}  // namespace sonde::report
