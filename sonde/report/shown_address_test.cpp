#include <gtest/gtest.h>

#include <sonde/report/shown_address.hpp>

namespace sonde::report {
namespace {

address_notes always(const address_note& note) {
    return [&note](const ip_address&) { return &note; };
}

TEST(shown_address, shows_as_much_as_is_known) {
    const ip_address address = ip_address::v4(0xc0000201);
    EXPECT_EQ(shown_address(address, {}), "192.0.2.1");
    EXPECT_EQ(shown_address(address, always({})), "192.0.2.1");
    EXPECT_EQ(shown_address(address, always({.name = "r1.example"})), "r1.example (192.0.2.1)");
    EXPECT_EQ(shown_address(address, always({.autonomous_system = 64500})), "192.0.2.1 [AS64500]");
    EXPECT_EQ(shown_address(address, always({.country = "DE"})), "192.0.2.1 [DE]");
    EXPECT_EQ(shown_address(address, always({.name = "r1", .autonomous_system = 64500, .country = "DE"})),
              "r1 (192.0.2.1) [AS64500 DE]");
}

TEST(shown_address, escapes_what_others_wrote_and_has_a_sign_for_silence) {
    EXPECT_EQ(shown_address(ip_address{}, {}), "*");
    EXPECT_EQ(shown_address(ip_address::v4(0xc0000201), always({.name = "a\x1b[2J", .country = "\n"})),
              "a\\x1b[2J (192.0.2.1) [\\x0a]");
}

}  // namespace
}  // namespace sonde::report
