// On the loopback of a namespace of its own (tests/in_namespace.sh), and behind a router of our own.
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <sonde/socket/bound_port.hpp>
#include <sonde/socket/router_rig_test.hpp>
#include <sonde/socket/segment_socket.hpp>

namespace sonde::socket {
namespace {

struct segments : testing::TestWithParam<lab::router_case> {
    lab::router wire{GetParam()};
    segment_socket s = segment_socket::open({.family = GetParam().f}).value();
    std::array<std::byte, 2048> buffer{};

    void SetUp() override { ASSERT_TRUE(wire.made()); }

    std::vector<std::byte> segment(std::uint16_t to, std::uint8_t flags) const {
        std::vector<std::byte> bytes(20);
        store_be<std::uint16_t>(bytes, 0, 80);
        store_be<std::uint16_t>(bytes, 2, to);
        store_be<std::uint16_t>(bytes, 12, static_cast<std::uint16_t>(0x5000U | flags));
        return bytes;
    }
    std::uint16_t port_after(std::uint32_t steps) const {
        return static_cast<std::uint16_t>(1024 + (s.port() - 1024U + steps) % (65536 - 1024));
    }
    bool answer(std::uint16_t to, std::uint8_t flags) {
        return wire.send(IPPROTO_TCP, segment(to, flags), GetParam().target, 60);
    }
    bytes_view received_segment() {
        if (!lab::wait_readable(s.raw().fd())) return {};
        const auto in = s.raw().receive(buffer);
        if (!in) return {};
        return in->bytes.subspan(s.raw().delivers_ip_header() ? 20 : 0);
    }
};

TEST_P(segments, hears_synacks_and_resets_alone_and_not_to_other_ports) {
    ASSERT_TRUE(answer(static_cast<std::uint16_t>(s.port() - 1), 0x12));
    ASSERT_TRUE(answer(port_after(segment_socket::ports), 0x12));
    ASSERT_TRUE(answer(80, 0x02));
    ASSERT_TRUE(answer(s.port(), 0x02));
    ASSERT_TRUE(answer(s.port(), 0x10));
    ASSERT_TRUE(answer(s.port(), 0x18));
    ASSERT_TRUE(answer(s.port(), 0x12));
    ASSERT_TRUE(answer(s.port(), 0x14));
    ASSERT_TRUE(answer(s.port(), 0x04));
    for (const unsigned flags : {0x12U, 0x14U, 0x04U}) {
        const auto in = received_segment();
        ASSERT_GE(in.size(), 20U);
        EXPECT_EQ(in[13], std::byte(flags));
        EXPECT_EQ(load_be<std::uint16_t>(in, 2), s.port());
    }
    EXPECT_FALSE(s.raw().receive(buffer));
}

TEST_P(segments, hears_what_comes_to_the_ports_that_follow) {
    for (const std::uint32_t steps : {1U, 7U, segment_socket::ports / 2, segment_socket::ports - 1}) {
        ASSERT_TRUE(answer(port_after(steps), 0x12));
        const auto in = received_segment();
        ASSERT_GE(in.size(), 20U) << steps;
        EXPECT_EQ(load_be<std::uint16_t>(in, 2), port_after(steps));
    }
}

TEST_P(segments, leave_with_the_hop_limit_of_each) {
    const auto syn = segment(443, 0x02);
    const bytes_view view{syn};
    for (std::uint8_t ttl = 1; ttl < 6; ++ttl) {
        ASSERT_TRUE(s.raw().send(std::span{&view, 1}, GetParam().target, {.hop_limit = ttl}));
        const auto sent = wire.take();
        ASSERT_GE(sent.size(), GetParam().header + 20);
        EXPECT_EQ(sent[GetParam().f == family::v4 ? 8 : 7], std::byte{ttl});
    }
}

TEST_P(segments, nobody_else_gets_the_port) {
    const descriptor rival(::socket(GetParam().f == family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 wanted{};
    socklen_t size = sizeof wanted;
    wanted.sin6_family = AF_INET6;
    wanted.sin6_port = htons(s.port());
    if (GetParam().f == family::v4) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = wanted.sin6_port;
        std::memcpy(&wanted, &in, sizeof in);
        size = sizeof in;
    }
    EXPECT_NE(::bind(rival.get(), reinterpret_cast<const sockaddr*>(&wanted), size), 0);
}

INSTANTIATE_TEST_SUITE_P(families, segments, testing::Values(lab::over_v4, lab::over_v6),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace sonde::socket
