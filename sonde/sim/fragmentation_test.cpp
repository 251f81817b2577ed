#include <gtest/gtest.h>

#include <sonde/sim/fragmentation.hpp>
#include <sonde/sim/sim_rig_test.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(fragmentation, the_fields_of_a_fragment) {
    bytes packet = udp({.from = ip("10.0.0.1"), .to = ip("10.0.0.2"), .identification = 0xbeef}, 1, 2);
    store_be(bytes_span{packet}, 6, std::uint16_t{0x2005});
    const fragment_fields v4 = read_fragment(packet, {.family = family::v4, .upper = 20, .fragment = true});
    EXPECT_EQ(v4.identification, 0xbeefU);
    EXPECT_EQ(v4.offset, 40U);
    EXPECT_TRUE(v4.more);
    EXPECT_EQ(v4.data, 20U);

    // Destination options, then the fragment header, then the data.
    bytes body = wire::rig::hex("2c00 0104 00000000 1100 0029 cafe0001 0000000000000000");
    const bytes v6_packet = wrapped({.from = ip("2001:db8::1"), .to = ip("2001:db8::2")}, 60, body);
    const fragment_fields v6 = read_fragment(v6_packet, read_packet(v6_packet).value().facts);
    EXPECT_EQ(v6.identification, 0xcafe'0001U);
    EXPECT_EQ(v6.offset, 40U);
    EXPECT_TRUE(v6.more);
    EXPECT_EQ(v6.header, 48U);
    EXPECT_EQ(v6.data, 56U);
    EXPECT_EQ(v6.announced_at, 40U);
}

}  // namespace
}  // namespace sonde::sim
