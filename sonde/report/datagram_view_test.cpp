#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/report/datagram_view.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>

namespace sonde::report {
namespace {

std::vector<std::byte> echo(bool reply, bytes_view options = {}) {
    std::array<std::byte, 16> message{};
    const wire::icmp_echo_message said{.reply = reply, .identifier = 7, .sequence = 1, .payload = {}};
    const std::size_t size = said.emit(family::v4, message, wire::checksum_fill::compute);
    const wire::ipv4_message ip{.identification = 2541,
                                .ttl = 63,
                                .protocol = 1,
                                .source = ip_address::v4(0x0a000202),
                                .destination = ip_address::v4(0x0a00020f),
                                .options = options,
                                .payload = bytes_view{message}.first(size)};
    std::vector<std::byte> out(ip.size());
    ip.emit(out, wire::checksum_fill::compute);
    return out;
}

datagram_view read(const std::vector<std::byte>& bytes, std::uint8_t protocol = 1, family f = family::v4) {
    return datagram_view::read({.family = f, .protocol = protocol, .bytes = bytes, .full_size = bytes.size()});
}

TEST(datagram_view, reads_the_header_that_ipv4_delivers) {
    const auto bytes = echo(false);
    const auto view = read(bytes);
    EXPECT_FALSE(view.problem);
    EXPECT_EQ(view.source.to_string(), "10.0.2.2");
    EXPECT_EQ(view.destination->to_string(), "10.0.2.15");
    EXPECT_EQ(view.identification, 2541);
    EXPECT_EQ(view.hop_limit, 63);
    EXPECT_EQ(view.message.size(), 8U);
    EXPECT_EQ(view.type(), 8);
    EXPECT_TRUE(view.is_echo_request());
    EXPECT_FALSE(view.is_looped_request()) << "it did not come in by loopback";
}

TEST(datagram_view, options_are_part_of_the_header) {
    constexpr std::array nops{std::byte{1}, std::byte{1}, std::byte{1}, std::byte{0}};
    const auto bytes = echo(true, nops);
    EXPECT_EQ(read(bytes).type(), 0);
    EXPECT_FALSE(read(bytes).is_echo_request());
}

TEST(datagram_view, ipv6_comes_without_its_header) {
    const std::vector<std::byte> bytes{std::byte{128}, std::byte{0}, std::byte{0}, std::byte{0}};
    const auto self = ip_address::parse("::1").value();
    const auto view = datagram_view::read({.family = family::v6,
                                           .protocol = 58,
                                           .bytes = bytes,
                                           .full_size = 4,
                                           .from = self,
                                           .destination = self,
                                           .hop_limit = std::uint8_t{64},
                                           .loopback = true});
    EXPECT_EQ(view.message.size(), 4U);
    EXPECT_EQ(view.source, self);
    EXPECT_EQ(view.destination, self);
    EXPECT_EQ(view.hop_limit, 64);
    EXPECT_FALSE(view.identification);
    EXPECT_TRUE(view.is_looped_request());
}

TEST(datagram_view, survives_every_length) {
    const auto whole = echo(false);
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const std::vector<std::byte> bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const auto view = read(bytes);
        EXPECT_EQ(view.problem.has_value(), size < 20) << size;
        EXPECT_EQ(view.type().has_value(), size > 20) << size;
    }
}

TEST(datagram_view, protocols_without_types_have_none) {
    const auto bytes = echo(false);
    EXPECT_FALSE(read(bytes, 6).type());
    EXPECT_FALSE(read(bytes, 253).type());
    EXPECT_EQ(message_layout(253), nullptr);
    EXPECT_NE(message_type_field(89), nullptr);
    EXPECT_EQ(message_protocol_name(58), "ICMPv6");
    EXPECT_EQ(message_protocol_name(253), "");
}

TEST(datagram_accounting, adds_up) {
    datagram_accounting counts{.received = 10, .shown = 4, .filtered_type = 1, .filtered_source = 2};
    EXPECT_FALSE(counts.adds_up());
    counts.filtered_destination = 1;
    counts.filtered_interface = 1;
    counts.rejected_malformed = 1;
    EXPECT_EQ(counts.filtered(), 5U);
    EXPECT_TRUE(counts.adds_up());
}

}  // namespace
}  // namespace sonde::report
