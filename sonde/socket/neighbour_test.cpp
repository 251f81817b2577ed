#include <gtest/gtest.h>

#include <sonde/socket/neighbour.hpp>
#include <sonde/socket/route.hpp>

namespace sonde::socket {
namespace {

ip_address address(const char* text) {
    return ip_address::parse(text).value();
}

TEST(Neighbour, LoopbackIsThisMachineByLo) {
    for (const char* text : {"127.0.0.1", "::1"}) {
        const auto hop = next_hop_towards(address(text), 0);
        ASSERT_TRUE(hop) << hop.error().what;
        EXPECT_TRUE(hop->local);
        EXPECT_EQ(hop->interface, interface_index("lo"));
        EXPECT_EQ(hop->address, address(text));
        EXPECT_EQ(hop->source, address(text));
    }
}

TEST(Neighbour, NoRouteSaysWhere) {
    const auto hop = next_hop_towards(address("203.0.113.1"), 0);
    ASSERT_FALSE(hop);
    EXPECT_NE(hop.error().what.find("203.0.113.1"), std::string::npos);
    EXPECT_TRUE(hop.error().code);
}

TEST(Neighbour, WhoWasNeverAskedForIsNotKnown) {
    EXPECT_FALSE(link_address_of(address("203.0.113.1"), interface_index("lo")));
    EXPECT_FALSE(link_address_of(address("2001:db8::1"), interface_index("lo")));
}

}  // namespace
}  // namespace sonde::socket
