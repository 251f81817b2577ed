#include <cli/tap_record.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

TEST(tap_record, alias_and_back) {
    for (const tap_record& r :
         {tap_record{}, tap_record{.masquerade = true}, tap_record{.masquerade = true, .v4_forwarding = 0},
          tap_record{.masquerade = true, .v4_forwarding = 1, .v6_forwarding = 0},
          tap_record{.v6_forwarding = 4294967295U}}) {
        EXPECT_EQ(tap_record::from_alias(r.to_alias()), r) << r.to_alias();
        EXPECT_LT(r.to_alias().size(), 256U);
    }
    EXPECT_EQ(tap_record{}.to_alias(), "sonde tap");
    EXPECT_EQ((tap_record{.masquerade = true, .v4_forwarding = 0}.to_alias()),
              "sonde tap: masquerade, ipv4 forwarding was 0");
}

TEST(tap_record, what_is_not_ours) {
    for (const char* alias : {"", "mine", "sonde", "sonde tapas", "sonde tap:", "sonde tap: ", "sonde tap: nonsense",
                              "sonde tap: masquerade,", "sonde tap: ipv4 forwarding was ",
                              "sonde tap: ipv4 forwarding was 1x", "sonde tap: ipv4 forwarding was -1"}) {
        EXPECT_FALSE(tap_record::from_alias(alias)) << alias;
    }
}

// Whatever the order in which devices come and go, at the end it is as it was.
TEST(tap_record, forwarding_is_as_before_when_the_last_device_is_gone) {
    for (const std::uint32_t at_first : {0U, 1U}) {
        for (int order = 0; order < 6; ++order) {
            std::uint32_t now = at_first;
            std::vector<tap_record> there;
            for (int i = 0; i < 3; ++i) {
                tap_record made{.masquerade = true};
                made.v4_forwarding = forwarding_before(family::v4, there, now);
                there.push_back(made);
                now = 1;
            }
            for (const int pick : {order % 3, order / 3, 0}) {
                const tap_record going = there[static_cast<std::size_t>(pick)];
                there.erase(there.begin() + pick);
                if (const auto after = forwarding_after(family::v4, going, there, now)) now = *after;
                EXPECT_EQ(now, there.empty() ? at_first : 1U);
                EXPECT_FALSE(forwarding_after(family::v6, going, there, 1)) << "never asked for";
            }
        }
    }
}

TEST(tap_record, who_turned_it_off_meanwhile_is_obeyed) {
    EXPECT_FALSE(forwarding_after(family::v4, {.v4_forwarding = 0}, {}, 0));
    EXPECT_FALSE(forwarding_after(family::v4, {.v4_forwarding = 1}, {}, 0));
}

}  // namespace
}  // namespace sonde::cli
