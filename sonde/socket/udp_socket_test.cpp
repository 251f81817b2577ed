// On the loopback of a namespace of its own (tests/in_namespace.sh), and behind a router of our own.
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <sonde/socket/router_rig_test.hpp>
#include <sonde/socket/socket_address.hpp>
#include <sonde/socket/udp_socket.hpp>

namespace sonde::socket {
namespace {

struct loopback_case {
    family f;
    ip_address self;
    std::uint8_t unreachable;
    std::uint8_t port_unreachable;
    const char* name;
};
const loopback_case v4{family::v4, ip_address::v4(0x7f000001), 3, 3, "v4"};
const loopback_case v6{family::v6, ip_address::parse("::1").value(), 1, 4, "v6"};

struct udp : testing::TestWithParam<loopback_case> {
    udp_socket s = udp_socket::open(GetParam().f, {}).value();
    receive_batch batch{64, 2048};
    std::array<std::byte, 16> payload{};

    outgoing to(std::uint16_t port) const {
        return {.datagram = payload,
                .destination = GetParam().self,
                .port = port,
                .source = {},
                .interface = 0,
                .hop_limit = std::uint8_t{1},
                .traffic_class = {}};
    }
};

TEST_P(udp, every_datagram_has_its_port_and_a_closed_one_is_told) {
    std::vector<outgoing> out;
    for (std::uint16_t i = 0; i < 40; ++i) out.push_back(to(static_cast<std::uint16_t>(40000 + i)));
    // On loopback each error is there before the next datagram leaves, and would fail it.
    std::size_t sent = 0;
    while (sent < out.size()) {
        const auto done = s.send(std::span{out}.subspan(sent));
        ASSERT_EQ(done.error_number, 0);
        sent += done.sent;
    }
    std::vector<bool> told(out.size());
    while (std::ranges::count(told, true) < 40) {
        ASSERT_TRUE(lab::wait_error(s.fd()));
        const std::size_t count = s.receive_errors(batch);
        for (std::size_t i = 0; i < count; ++i) {
            const auto e = s.error(batch, i);
            if (e.from != queued_error::origin::icmp) continue;
            EXPECT_EQ(e.type, GetParam().unreachable);
            EXPECT_EQ(e.code, GetParam().port_unreachable);
            EXPECT_EQ(e.destination, GetParam().self);
            ASSERT_GE(e.destination_port, 40000);
            ASSERT_LT(e.destination_port, 40040);
            told[e.destination_port - 40000U] = true;
        }
        s.take_error();
    }
}

TEST_P(udp, an_answer_says_which_port_it_came_from) {
    auto other = udp_socket::open(GetParam().f, {.source = GetParam().self}).value();
    payload[3] = std::byte{0x77};
    const outgoing out = to(other.port());
    ASSERT_EQ(s.send(std::span{&out, 1}).sent, 1U);
    ASSERT_TRUE(lab::wait_readable(other.fd()));
    ASSERT_EQ(other.receive(batch), 1U);
    const incoming in = other.datagram(batch, 0);
    EXPECT_EQ(in.from, GetParam().self);
    EXPECT_EQ(in.port, s.port());
    EXPECT_EQ(in.hop_limit, 1);
    EXPECT_TRUE(std::ranges::equal(in.bytes, payload));
}

TEST_P(udp, transmit_stamps_are_numbered) {
    ASSERT_TRUE(s.stamps_transmits());
    auto other = udp_socket::open(GetParam().f, {}).value();
    const std::array<outgoing, 3> three{to(other.port()), to(other.port()), to(other.port())};
    EXPECT_EQ(s.send(three).first_stamp, 0U);
    EXPECT_EQ(s.send(three).first_stamp, 3U);
    ASSERT_TRUE(lab::wait_error(s.fd()));
    ASSERT_EQ(s.receive_errors(batch), 12U);
    for (std::uint32_t i = 0; i < 12; ++i) EXPECT_EQ(s.error(batch, i).stamp_id, i / 2);
}

TEST_P(udp, a_source_that_is_not_ours_is_refused) {
    const ip_address foreign =
        GetParam().f == family::v4 ? ip_address::v4(0xc0000201) : ip_address::parse("2001:db8::77").value();
    const auto refused = udp_socket::open(GetParam().f, {.source = foreign});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code.value(), EADDRNOTAVAIL);
}

INSTANTIATE_TEST_SUITE_P(families, udp, testing::Values(v4, v6),
                         [](const auto& c) { return std::string(c.param.name); });

struct behind_a_router : testing::TestWithParam<lab::router_case> {
    lab::router wire{GetParam()};
    void SetUp() override { ASSERT_TRUE(wire.made()); }
};

TEST_P(behind_a_router, each_datagram_has_its_own_hop_limit_class_and_df) {
    auto s = udp_socket::open(GetParam().f, {}).value();
    const std::array<std::byte, 4> payload{};
    std::vector<outgoing> out;
    for (std::uint8_t i = 1; i <= 10; ++i) {
        out.push_back({.datagram = payload,
                       .destination = GetParam().target,
                       .port = 33434,
                       .source = GetParam().self,
                       .interface = 0,
                       .mtu = i > 5 ? path_mtu::probe : path_mtu::dont,
                       .hop_limit = i,
                       .traffic_class = static_cast<std::uint8_t>(4 * i)});
    }
    EXPECT_EQ(s.send(out).sent, 5U) << "DF is the socket's, so a call carries those that agree";
    EXPECT_EQ(s.send(std::span{out}.subspan(5)).sent, 5U);
    for (unsigned i = 1; i <= 10; ++i) {
        const auto sent = wire.take();
        ASSERT_GE(sent.size(), GetParam().header + 12);
        if (GetParam().f == family::v4) {
            EXPECT_EQ(sent[8], std::byte(i));
            EXPECT_EQ(sent[1], std::byte(4 * i));
            EXPECT_EQ((sent[6] & std::byte{0x40}) != std::byte{}, i > 5);
        } else {
            EXPECT_EQ(sent[7], std::byte(i));
            EXPECT_EQ((load_be<std::uint32_t>(sent, 0) >> 20) & 0xff, 4 * i);
        }
    }
}

TEST_P(behind_a_router, an_error_for_one_host_does_not_fail_the_next) {
    auto s = udp_socket::open(GetParam().f, {}).value();
    const std::array<std::byte, 4> payload{};
    outgoing out{.datagram = payload,
                 .destination = GetParam().target,
                 .port = 33434,
                 .source = {},
                 .interface = 0,
                 .hop_limit = {},
                 .traffic_class = {}};
    ASSERT_EQ(s.send(std::span{&out, 1}).sent, 1U);
    ASSERT_TRUE(wire.quote(wire.take(), {.type = GetParam().unreachable, .code = 1}));
    ASSERT_TRUE(lab::wait_error(s.fd()));
    out.destination = GetParam().router;
    const auto done = s.send(std::span{&out, 1});
    EXPECT_EQ(done.sent, 1U);
    EXPECT_EQ(done.error_number, 0);
    EXPECT_FALSE(wire.take().empty());
}

INSTANTIATE_TEST_SUITE_P(families, behind_a_router, testing::Values(lab::over_v4, lab::over_v6),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace sonde::socket
