// On the loopback of a namespace of its own (tests/in_namespace.sh), and behind a router of our own.
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <sonde/socket/bound_port.hpp>
#include <sonde/socket/connecting_socket.hpp>
#include <sonde/socket/router_rig_test.hpp>

namespace sonde::socket {
namespace {

using state = connecting_socket::state;

connecting_socket::report wait_for_end(connecting_socket& s) {
    for (int tries = 0; tries < 50; ++tries) {
        if (auto seen = s.look(); seen.what != state::under_way) return seen;
        pollfd ready{s.fd(), POLLOUT, 0};
        ::poll(&ready, 1, 100);
    }
    return {};
}

struct connecting : testing::TestWithParam<family> {
    ip_address self = GetParam() == family::v4 ? ip_address::v4(0x7f000001) : ip_address::parse("::1").value();
    descriptor listening{::socket(GetParam() == family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::uint16_t port = bind_any_port(listening.get(), GetParam(), self).value();
};

TEST_P(connecting, an_open_port_connects_and_is_reset_at_once) {
    ASSERT_EQ(::listen(listening.get(), 5), 0);
    {
        auto s = connecting_socket::begin({.destination = self, .port = port, .hop_limit = std::uint8_t{1}}).value();
        EXPECT_EQ(wait_for_end(s).what, state::connected);
    }
    const descriptor accepted(::accept(listening.get(), nullptr, nullptr));
    ASSERT_TRUE(accepted.valid());
    char byte = 0;
    EXPECT_EQ(::recv(accepted.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_P(connecting, a_closed_port_refuses) {
    listening.reset();
    auto s = connecting_socket::begin({.destination = self, .port = port}).value();
    EXPECT_EQ(wait_for_end(s).what, state::refused);
}

TEST_P(connecting, what_cannot_begin_says_why) {
    const ip_address foreign =
        GetParam() == family::v4 ? ip_address::v4(0xc0000201) : ip_address::parse("2001:db8::77").value();
    const auto elsewhere = connecting_socket::begin({.destination = foreign, .port = port});
    ASSERT_FALSE(elsewhere);
    EXPECT_EQ(elsewhere.error().code.value(), ENETUNREACH) << elsewhere.error().what;
    const auto from_nowhere = connecting_socket::begin({.destination = self, .port = port, .source = foreign});
    ASSERT_FALSE(from_nowhere);
    EXPECT_EQ(from_nowhere.error().code.value(), EADDRNOTAVAIL);
    const auto no_device = connecting_socket::begin({.destination = self, .port = port, .interface = 7777});
    ASSERT_FALSE(no_device);
    EXPECT_EQ(no_device.error().code.value(), ENODEV);
}

INSTANTIATE_TEST_SUITE_P(families, connecting, testing::Values(family::v4, family::v6),
                         [](const auto& c) { return std::string(c.param == family::v4 ? "v4" : "v6"); });

struct through_a_router : testing::TestWithParam<lab::router_case> {
    lab::router wire{GetParam()};
    void SetUp() override { ASSERT_TRUE(wire.made()); }
};

TEST_P(through_a_router, an_icmp_error_says_who_and_what_and_with_which_extension) {
    auto s = connecting_socket::begin({.destination = GetParam().target,
                                       .port = 8080,
                                       .source = GetParam().self,
                                       .interface = 0,
                                       .hop_limit = std::uint8_t{4},
                                       .traffic_class = std::uint8_t{0x40}})
                 .value();
    EXPECT_EQ(s.look().what, state::under_way);
    const auto syn = wire.take();
    ASSERT_GE(syn.size(), GetParam().header + 20);
    EXPECT_EQ(load_be<std::uint16_t>(syn, GetParam().header + 2), 8080);
    EXPECT_EQ(syn[GetParam().header + 13], std::byte{0x02}) << "SYN alone";
    EXPECT_EQ(syn[GetParam().f == family::v4 ? 8 : 7], std::byte{4});
    const auto extension = lab::mpls_extension();
    ASSERT_TRUE(wire.quote(syn, {.type = GetParam().time_exceeded, .extension = extension}));
    const auto end = wait_for_end(s);
    ASSERT_EQ(end.what, state::icmp_error);
    EXPECT_EQ(end.error.type, GetParam().time_exceeded);
    EXPECT_EQ(end.error.offender, GetParam().router);
    EXPECT_EQ(end.error.hop_limit, 61);
    EXPECT_EQ(end.error.destination, GetParam().target);
    EXPECT_EQ(end.error.destination_port, 8080);
    EXPECT_EQ(load_be<std::uint16_t>(end.error.quoted, 2), 8080) << "the quotation begins with the TCP header";
    EXPECT_TRUE(std::ranges::equal(end.error.extension, extension));
}

TEST_P(through_a_router, a_reset_from_afar_refuses) {
    auto s = connecting_socket::begin({.destination = GetParam().target, .port = 8080}).value();
    const auto syn = wire.take();
    ASSERT_GE(syn.size(), GetParam().header + 20);
    const bytes_view segment = bytes_view{syn}.subspan(GetParam().header);
    std::vector<std::byte> reset(20);
    store_be<std::uint16_t>(reset, 0, 8080);
    store_be<std::uint16_t>(reset, 2, load_be<std::uint16_t>(segment, 0));
    store_be<std::uint32_t>(reset, 8, load_be<std::uint32_t>(segment, 4) + 1);
    store_be<std::uint16_t>(reset, 12, 0x5014);
    ASSERT_TRUE(wire.send(IPPROTO_TCP, reset, GetParam().target, 60));
    EXPECT_EQ(wait_for_end(s).what, state::refused);
}

INSTANTIATE_TEST_SUITE_P(families, through_a_router, testing::Values(lab::over_v4, lab::over_v6),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace sonde::socket
