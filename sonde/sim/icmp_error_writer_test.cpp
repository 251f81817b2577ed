#include <gtest/gtest.h>

#include <sonde/sim/icmp_error_writer.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

const envelope v4{.from = ip("10.0.0.1"), .to = ip("10.0.0.2")};
const envelope v6{.from = ip("2001:db8::1"), .to = ip("2001:db8::2")};

arrival written(const bytes& packet, const icmp_error& error, const error_behaviour& behaviour) {
    const auto facts = read_packet(packet).value().facts;
    bytes out(icmp_error_max);
    out.resize(write_icmp_error(out, error, behaviour, packet, facts));
    return {.packet = out};
}

TEST(icmp_error_writer, fits_whatever_is_wanted) {
    const std::string name(200, 'x');
    error_behaviour behaviour{.interface_information = true};
    behaviour.mpls.assign(500, {.label = 1});
    for (const envelope& e : {v4, v6}) {
        const icmp_error error{.type = static_cast<std::uint8_t>(e.to.is_v4() ? 11 : 3),
                               .source = e.to,
                               .incoming = incoming_interface{.index = 1, .address = e.to, .name = name, .mtu = 1500}};
        for (const std::size_t size : {0U, 1U, 99U, 100U, 101U, 548U, 1400U}) {
            for (const bool legacy : {false, true}) {
                for (const std::optional<std::uint16_t> quote : {std::optional<std::uint16_t>{}, {0}, {8}, {65535}}) {
                    behaviour.legacy_extension = legacy;
                    behaviour.quote = quote;
                    const arrival a = written(udp(e, 1, 2, size), error, behaviour);
                    EXPECT_LE(a.packet.size(), a.v4() ? 576U : 1280U);
                    const auto parts = wire::split_icmp_error(a.family(), a.icmp().bytes());
                    EXPECT_GE(parts.quote.size(), 128U);
                    const auto view = wire::icmp_extension_view::parse(parts.extension, wire::checksum_check::verify);
                    ASSERT_TRUE(view);
                    bytes_view rest = view->objects();
                    while (!rest.empty()) ASSERT_TRUE(wire::next_icmp_object(rest).has_value());
                }
            }
        }
    }
}

TEST(icmp_error_writer, an_mtu_and_an_extension_share_the_header) {
    const arrival a = written(udp(v4, 1, 2), {.type = 3, .code = 4, .rest = 1280, .source = v4.to},
                              {.mpls = {{.label = 5, .bottom_of_stack = true, .ttl = 1}}});
    EXPECT_EQ(a.icmp().rest(), 0x0020'0500U);
    const arrival too_big = written(udp(v6, 1, 2), {.type = 2, .rest = 1280, .source = v6.to},
                                    {.mpls = {{.label = 5, .bottom_of_stack = true, .ttl = 1}}});
    EXPECT_EQ(too_big.icmp().rest(), 1280U) << "packet too big has no place for a length";
    EXPECT_TRUE(wire::split_icmp_error(family::v6, too_big.icmp().bytes()).extension.empty());
}

TEST(icmp_error_writer, whom_it_may_tell) {
    const auto may = [](const bytes& packet, reported what = reported::any) {
        return may_be_reported(packet, read_packet(packet).value().facts, what);
    };
    EXPECT_TRUE(may(udp(v4, 1, 2)));
    EXPECT_TRUE(may(echo_request(v6)));
    EXPECT_FALSE(may(udp({.from = v4.from, .to = ip("224.0.0.1")}, 1, 2)));
    EXPECT_FALSE(may(udp({.from = v4.from, .to = ip("255.255.255.255")}, 1, 2)));
    EXPECT_FALSE(may(udp({.from = ip("0.1.2.3"), .to = v4.to}, 1, 2)));
    const bytes multicast = udp({.from = v6.from, .to = ip("ff0e::1")}, 1, 2);
    EXPECT_FALSE(may(multicast));
    EXPECT_TRUE(may(multicast, reported::too_big));
    for (const int type : {3, 4, 5, 11, 12}) EXPECT_FALSE(may(wrapped(v4, 1, bytes{std::byte(type)})));
    for (const int type : {1, 2, 3, 4, 100, 127, 137}) EXPECT_FALSE(may(wrapped(v6, 58, bytes{std::byte(type)})));
    EXPECT_TRUE(may(wrapped(v6, 58, bytes{std::byte{135}})));
    // Next header, reserved, offset 80, identification.
    const auto fragment = [](std::uint8_t of) {
        bytes b(24);
        b[0] = std::byte{of};
        b[3] = std::byte{80};
        return wrapped(v6, 44, b);
    };
    EXPECT_TRUE(may(fragment(17)));
    EXPECT_FALSE(may(fragment(58))) << "of what may be an error";
    bytes later = wrapped(v4, 17, bytes(16));
    later[7] = std::byte{10};
    EXPECT_FALSE(may_be_reported(later, {.family = family::v4, .protocol = 17, .upper = 20, .later_fragment = true},
                                 reported::any));
}

TEST(icmp_error_writer, type_of_service_of_the_packet) {
    envelope e = v4;
    e.tos = 0x2b;
    EXPECT_EQ(written(udp(e, 1, 2), {.type = 3, .source = e.to}, {}).ipv4().tos(), 0xc8);
}

}  // namespace
}  // namespace sonde::sim
