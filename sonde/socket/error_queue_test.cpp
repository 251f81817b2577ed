// What the kernel makes of ICMP errors for each kind of probing socket; the errors come from a router of our own.
#include <gtest/gtest.h>

#include <sonde/socket/icmp_socket.hpp>
#include <sonde/socket/router_rig_test.hpp>
#include <sonde/socket/udp_socket.hpp>

namespace sonde::socket {
namespace {

struct error_queue : testing::TestWithParam<lab::router_case> {
    lab::router wire{GetParam()};
    receive_batch batch{16, 2048};
    std::vector<std::byte> payload = std::vector<std::byte>(32, std::byte{0x5a});

    void SetUp() override { ASSERT_TRUE(wire.made()); }

    std::vector<std::byte> probe(datagram_socket& s, std::uint8_t hop_limit) {
        const outgoing out{.datagram = payload,
                           .destination = GetParam().target,
                           .port = 33434,
                           .source = {},
                           .interface = 0,
                           .hop_limit = hop_limit,
                           .traffic_class = std::uint8_t{0x20}};
        EXPECT_EQ(s.send(std::span{&out, 1}).sent, 1U);
        return wire.take();
    }
    std::optional<queued_error> next_icmp_error(datagram_socket& s) {
        for (int tries = 0; tries < 50; ++tries) {
            if (!lab::wait_error(s.fd())) return std::nullopt;
            const std::size_t count = s.receive_errors(batch);
            for (std::size_t i = 0; i < count; ++i) {
                const auto entry = s.error(batch, i);
                if (entry.from == queued_error::origin::icmp) return entry;
            }
        }
        return std::nullopt;
    }
    lab::router::error expiry(std::vector<std::byte> extension = {}) const {
        return {.type = GetParam().time_exceeded, .code = 0, .info = 0, .extension = std::move(extension)};
    }
};

TEST_P(error_queue, tells_all_about_an_error_for_a_udp_probe) {
    auto s = udp_socket::open(GetParam().f, {}).value();
    const auto sent = probe(s, 3);
    ASSERT_GT(sent.size(), GetParam().header + 8);
    EXPECT_NE(load_be<std::uint16_t>(sent, GetParam().header + 6), 0) << "the UDP checksum is real";
    EXPECT_EQ(load_be<std::uint16_t>(sent, GetParam().header), s.port());
    ASSERT_TRUE(wire.quote(sent, expiry()));
    const auto e = next_icmp_error(s);
    ASSERT_TRUE(e);
    EXPECT_EQ(e->type, GetParam().time_exceeded);
    EXPECT_EQ(e->offender, GetParam().router);
    EXPECT_EQ(e->destination, GetParam().target);
    EXPECT_EQ(e->destination_port, 33434);
    EXPECT_EQ(e->hop_limit, 61);
    EXPECT_TRUE(std::ranges::equal(e->quoted, payload));
    EXPECT_TRUE(e->extension.empty());
}

TEST_P(error_queue, divides_quotation_and_extension) {
    auto s = udp_socket::open(GetParam().f, {}).value();
    const auto extension = lab::mpls_extension();
    ASSERT_TRUE(wire.quote(probe(s, 3), expiry(extension)));
    const auto e = next_icmp_error(s);
    ASSERT_TRUE(e);
    EXPECT_TRUE(std::ranges::equal(e->extension, extension));
    EXPECT_EQ(e->quoted.size(), 128 - GetParam().header - 8) << "with the zeros that pad it";
    EXPECT_TRUE(std::ranges::equal(e->quoted.first(payload.size()), payload));
}

TEST_P(error_queue, leaves_to_the_reader_what_an_old_router_put_behind_the_quotation) {
    auto s = udp_socket::open(GetParam().f, {}).value();
    auto old = expiry(lab::mpls_extension());
    old.says_length = false;
    ASSERT_TRUE(wire.quote(probe(s, 3), old));
    const auto e = next_icmp_error(s);
    ASSERT_TRUE(e);
    EXPECT_TRUE(e->extension.empty());
    EXPECT_TRUE(std::ranges::equal(e->quoted.last(old.extension.size()), old.extension));
}

TEST_P(error_queue, quotes_of_an_echo_request_begin_with_the_icmp_header) {
    auto s = icmp_socket::open(GetParam().f, {}).value();
    payload[0] = GetParam().f == family::v4 ? std::byte{8} : std::byte{128};
    payload[1] = payload[2] = payload[3] = std::byte{0};
    const auto extension = lab::mpls_extension();
    ASSERT_TRUE(wire.quote(probe(s, 2), expiry(extension)));
    const auto e = next_icmp_error(s);
    ASSERT_TRUE(e);
    EXPECT_EQ(e->offender, GetParam().router);
    EXPECT_EQ(e->quoted[0], payload[0]);
    EXPECT_EQ(load_be<std::uint16_t>(e->quoted, 4), s.identifier());
    EXPECT_TRUE(std::ranges::equal(e->extension, extension));
    EXPECT_EQ(e->hop_limit, 61);
}

TEST_P(error_queue, a_lying_length_field_makes_no_extension) {
    auto s = udp_socket::open(GetParam().f, {}).value();
    const auto sent = probe(s, 3);
    for (const unsigned words : {1U, 200U, 255U}) {
        auto e = expiry();
        e.info = GetParam().f == family::v4 ? words << 16 : words << 24;
        ASSERT_TRUE(wire.quote(sent, e));
        const auto entry = next_icmp_error(s);
        ASSERT_TRUE(entry) << words;
        EXPECT_TRUE(entry->extension.empty()) << words;
    }
}

INSTANTIATE_TEST_SUITE_P(families, error_queue, testing::Values(lab::over_v4, lab::over_v6),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace sonde::socket
