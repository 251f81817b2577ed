#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/probe/probe_composer.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/tcp_options.hpp>

namespace sonde::probe {
namespace {

const token_key key({5, 6});

probe_image image(lane_kind kind, family f, unsigned size, std::uint64_t serial) {
    return {.kind = kind,
            .family = f,
            .lane = 3,
            .identifier = 0x9876,
            .port = 33434,
            .size = packet_size(kind, f, static_cast<std::uint16_t>(size)),
            .serial = serial};
}

TEST(probe_composer, udp_payloads_have_the_sum_that_tells_their_number) {
    for (const family f : {family::v4, family::v6}) {
        for (const unsigned size : {0U, 1U, 30U, 31U, 45U, 46U, 47U, 61U, 200U, 1500U}) {
            std::set<std::uint16_t> sums;
            for (const std::uint64_t serial : {1U, 2U, 77U, 65533U, 0x12'0000U}) {
                std::vector<std::byte> buffer(65535);
                const auto payload = compose_probe(key, image(lane_kind::udp, f, size, serial), false, buffer);
                ASSERT_GE(payload.size(), 2U);
                const auto sum = wire::ones_complement_sum(payload);
                EXPECT_EQ(sum, udp_sum(static_cast<std::uint16_t>(serial)));
                EXPECT_EQ(number_of_udp_sum(sum), static_cast<std::uint16_t>(serial));
                sums.insert(sum);
            }
            EXPECT_EQ(sums.size(), 5U);
        }
    }
    EXPECT_FALSE(number_of_udp_sum(0));
    EXPECT_FALSE(number_of_udp_sum(0xffff));
}

TEST(probe_composer, payloads_carry_the_token_where_there_is_room) {
    std::vector<std::byte> buffer(1500);
    const auto full = compose_probe(key, image(lane_kind::udp, family::v4, 60, 9), false, buffer);
    EXPECT_EQ(full.size(), 32U);
    EXPECT_TRUE(key.verify(full, token_key::full_size, {9, 3}));
    EXPECT_FALSE(key.verify(full, token_key::full_size, {9, 4}));
    const auto code = compose_probe(key, image(lane_kind::udp, family::v4, 40, 9), false, buffer);
    EXPECT_TRUE(key.verify(code, token_key::code_size, {9, 3}));
}

TEST(probe_composer, icmp_checksums_belong_to_the_flow_alone) {
    for (const family f : {family::v4, family::v6}) {
        std::set<std::uint16_t> checksums;
        for (const unsigned size : {0U, 1U, 77U, 1280U}) {
            for (std::uint64_t serial = 1; serial < 50; ++serial) {
                std::vector<std::byte> buffer(1500);
                const auto message = compose_probe(key, image(lane_kind::icmp, f, size, serial), true, buffer);
                checksums.insert(load_be<std::uint16_t>(message, 2));
                EXPECT_TRUE(wire::icmp_view::parse(message, wire::checksum_check::verify));
                EXPECT_EQ(load_be<std::uint16_t>(message, 6), serial);
            }
        }
        EXPECT_EQ(checksums.size(), 1U);
        EXPECT_EQ(*checksums.begin(), static_cast<std::uint16_t>(~icmp_sum(0)));
    }
    std::set<std::uint16_t> flows;
    for (std::uint32_t flow = 0; flow < 65534; ++flow) flows.insert(icmp_sum(static_cast<std::uint16_t>(flow)));
    EXPECT_EQ(flows.size(), 65534U);
}

TEST(probe_composer, a_syn_looks_like_anybodys) {
    std::vector<std::byte> buffer(1500);
    auto what = image(lane_kind::tcp_raw, family::v6, 0, 0x5'0007);
    what.port = 443;
    what.flow = 2;
    const auto segment = compose_probe(key, what, false, buffer);
    EXPECT_EQ(segment.size() + 40, what.size);
    const auto tcp = wire::tcp_view::parse(segment, wire::checksum_check::trust).value();
    EXPECT_EQ(tcp.flags(), wire::tcp_flag::syn);
    EXPECT_EQ(tcp.source_port(), 0x9878);
    EXPECT_EQ(tcp.destination_port(), 443);
    EXPECT_EQ(tcp.sequence_number(), tcp_sequence(key, 0x5'0007, 3));
    EXPECT_EQ(tcp.sequence_number() & 0xffffU, 7U);
    EXPECT_NE(tcp_sequence(key, 0x5'0007, 3), tcp_sequence(key, 0x6'0007, 3));
    const auto options = wire::tcp_options::from(tcp.options()).value();
    EXPECT_EQ(options.maximum_segment_size, std::uint16_t{1440});
    EXPECT_TRUE(options.sack_permitted);
}

TEST(probe_composer, source_ports_of_tcp_flows_are_never_privileged) {
    std::set<std::uint16_t> ports;
    for (std::uint32_t flow = 0; flow < 64512; ++flow) {
        ports.insert(tcp_source_port(60000, static_cast<std::uint16_t>(flow)));
    }
    EXPECT_EQ(ports.size(), 64512U);
    EXPECT_EQ(*ports.begin(), 1024);
    EXPECT_EQ(tcp_source_port(60000, 0), 60000);
}

}  // namespace
}  // namespace sonde::probe
