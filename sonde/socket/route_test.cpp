#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/socket/route.hpp>

namespace sonde::socket {
namespace {

const ip_address loopback = ip_address::v4(0x7f000001);

TEST(route, loopback_is_reached_from_itself) {
    const auto source = local_address_for(loopback, 0, {});
    ASSERT_TRUE(source.has_value());
    EXPECT_EQ(*source, loopback);
    EXPECT_EQ(*local_address_for(ip_address::v4(0x7f000009), interface_index("lo"), ip_address::v4(0x7f000005)),
              ip_address::v4(0x7f000005));
}

TEST(route, says_why_not) {
    // This test runs in a namespace that has loopback alone.
    EXPECT_EQ(local_address_for(ip_address::v4(0xc0000201), 0, {}).error().code.value(), ENETUNREACH);
    EXPECT_EQ(local_address_for(loopback, 0, ip_address::v4(0xc0000201)).error().code.value(), EADDRNOTAVAIL);
}

TEST(route, interfaces_by_name) {
    EXPECT_NE(interface_index("lo"), 0U);
    EXPECT_EQ(interface_index("no such one"), 0U);
    EXPECT_EQ(interface_index(""), 0U);
}

}  // namespace
}  // namespace sonde::socket
