#include <gtest/gtest.h>

#include <sonde/report/packet_view.hpp>

namespace sonde::report {
namespace {

TEST(PacketView, DirectionsByTheCookedHeadersPacketType) {
    const std::string_view names[] = {"in", "broadcast", "multicast", "other", "out", "", ""};
    for (std::uint8_t type = 0; type < std::size(names); ++type) {
        EXPECT_EQ(to_string(direction_of_packet_type(type)), names[type]);
    }
    EXPECT_EQ(direction_of_packet_type(255), packet_direction::unknown);
}

}  // namespace
}  // namespace sonde::report
