#include <array>

#include <gtest/gtest.h>

#include <sonde/sim/icmp_error_writer.hpp>
#include <sonde/sim/nat_translation.hpp>
#include <sonde/sim/sim_rig_test.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

struct ends {
    envelope e;
    ip_address other;
};
const std::array<ends, 2> families{{{{.from = ip("192.168.0.1"), .to = ip("10.0.0.2")}, ip("203.0.113.9")},
                                    {{.from = ip("fd00::1"), .to = ip("2001:db8::2")}, ip("2001:db8:9::9")}}};

TEST(nat_translation, checksums_stay_right) {
    for (const auto& [e, other] : families) {
        for (bytes packet : {udp(e, 1000, 2000), tcp(e, {.source_port = 1000}), echo_request(e, 1, 16, 1000)}) {
            const auto facts = read_packet(packet).value().facts;
            transport_end sender = end_of(packet, facts, address_field::source);
            EXPECT_EQ(sender.port, 1000);
            EXPECT_EQ(sender.address, e.from);
            sender.address = other;
            sender.port = 7777;
            set_end(packet, facts, address_field::source, sender);
            EXPECT_EQ(end_of(packet, facts, address_field::source), sender);
            const arrival a{.packet = packet};
            EXPECT_EQ(a.source(), other);
            if (facts.protocol == wire::ip_protocol::udp) {
                EXPECT_EQ(a.udp().source_port(), 7777);
            } else if (facts.protocol == wire::ip_protocol::tcp) {
                EXPECT_EQ(a.tcp().source_port(), 7777);
            } else {
                EXPECT_EQ(wire::icmp_echo_message::from(a.family(), a.icmp())->identifier, 7777);
            }
        }
    }
}

TEST(nat_translation, no_udp_checksum_stays_none) {
    bytes packet = udp(families[0].e, 1, 2);
    store_be(bytes_span{packet}, 26, std::uint16_t{0});
    const auto facts = read_packet(packet).value().facts;
    set_end(packet, facts, address_field::source, {17, 5, families[0].other});
    EXPECT_EQ(load_be<std::uint16_t>(packet, 26), 0);
}

TEST(nat_translation, a_quote_and_the_error_around_it) {
    for (const auto& [e, other] : families) {
        const bytes probe = udp({.from = other, .to = e.to}, 7777, 33434);
        for (const std::optional<std::uint16_t> quote : {std::optional<std::uint16_t>{}, {8}, {3}}) {
            bytes error(icmp_error_max);
            const auto type = static_cast<std::uint8_t>(e.to.is_v4() ? 11 : 3);
            error.resize(write_icmp_error(error, {.type = type, .source = e.to}, {.quote = quote}, probe,
                                          read_packet(probe).value().facts));
            const auto facts = read_packet(error).value().facts;
            EXPECT_TRUE(is_icmp_error_packet(error, facts));
            const auto quoted = quoted_in(error, facts);
            ASSERT_TRUE(quoted);
            set_quoted_end(error, facts, *quoted, address_field::source, {17, 1000, e.from});
            const arrival a{.packet = error};
            EXPECT_EQ(a.icmp().type(), type) << "under a right checksum";
            const bytes original = udp(e, 1000, 33434);
            const std::size_t header = e.to.is_v4() ? 20 : 40;
            const std::size_t compared = quote.value_or(24);
            EXPECT_EQ(source_of(a.quote(), facts.family), e.from);
            if (compared != 3) {
                EXPECT_TRUE(std::ranges::equal(a.quote().subspan(header, compared),
                                               bytes_view{original}.subspan(header, compared)));
            }
        }
    }
}

TEST(nat_translation, survives_quotes_of_all_kinds) {
    for (const auto& [e, other] : families) {
        const bytes probe = udp(e, 1, 2);
        bytes error(icmp_error_max);
        error.resize(write_icmp_error(error, {.type = static_cast<std::uint8_t>(e.to.is_v4() ? 11 : 3), .source = e.to},
                                      {}, probe, read_packet(probe).value().facts));
        wire::rig::survive(error, [&, &to = other](bytes_view cut) {
            bytes packet(cut.begin(), cut.end());
            const auto reading = read_packet(packet);
            if (!reading) return;
            packet.resize(reading->size);
            static_cast<void>(end_of(packet, reading->facts, address_field::destination));
            const auto quoted = quoted_in(packet, reading->facts);
            if (quoted) set_quoted_end(packet, reading->facts, *quoted, address_field::source, {17, 9, to});
            set_end(packet, reading->facts, address_field::source, {17, 9, to});
        });
    }
}

}  // namespace
}  // namespace sonde::sim
