#include <gtest/gtest.h>

#include <sonde/probe/echo_profile.hpp>

namespace sonde::probe {
namespace {

TEST(profile_table, equal_profiles_share_a_number) {
    profile_table table;
    const auto a = table.acquire({.payload_size = 10});
    const auto b = table.acquire({.payload_size = 20});
    EXPECT_NE(a, b);
    EXPECT_EQ(table.acquire({.payload_size = 10}), a);
    EXPECT_EQ(table.acquire({.payload_size = 20}), b);
    EXPECT_EQ(table.largest_payload(), 20U);
}

TEST(profile_table, each_field_makes_a_difference) {
    profile_table table;
    const auto first = table.acquire({});
    EXPECT_NE(table.acquire({.mtu = path_mtu::require}), first);
    EXPECT_NE(table.acquire({.broadcast = true}), first);
    EXPECT_NE(table.acquire({.hop_limit = std::uint8_t{1}}), first);
    EXPECT_NE(table.acquire({.traffic_class = std::uint8_t{0}}), first);
    EXPECT_NE(table.acquire({.interface = 1}), first);
    EXPECT_NE(table.acquire({.source = ip_address::v4(1)}), first);
    EXPECT_NE(table.acquire({.pattern = {.bytes = {std::byte{1}}, .size = 1}}), first);
    EXPECT_NE(table.acquire({.linger = duration{1}}), first);
}

TEST(profile_table, images_carry_the_pattern) {
    profile_table table;
    EXPECT_EQ(table[*table.acquire({})].image[0x10], std::byte{0x10});
    const payload_pattern two{.bytes = {std::byte{0xab}, std::byte{0xcd}}, .size = 2};
    const auto& image = table[*table.acquire({.payload_size = 5, .pattern = two})].image;
    EXPECT_EQ(image, (std::vector<std::byte>{std::byte{0xab}, std::byte{0xcd}, std::byte{0xab}, std::byte{0xcd},
                                             std::byte{0xab}}));
    const auto& long_image = table[*table.acquire({.payload_size = 300})].image;
    EXPECT_EQ(long_image[299], std::byte{299 % 256});
}

TEST(profile_table, drops_what_nobody_uses_and_keeps_what_somebody_does) {
    profile_table table;
    const auto kept = *table.acquire({.payload_size = 1});
    for (int i = 0; i < 70'000; ++i) {
        const auto number = table.acquire({.interface = static_cast<std::uint32_t>(i + 1)});
        ASSERT_TRUE(number.has_value());
        table.release(*number);
    }
    EXPECT_EQ(table.acquire({.payload_size = 1}), kept);
    EXPECT_EQ(table[kept].profile.payload_size, 1);
}

TEST(profile_table, refuses_the_one_too_many) {
    profile_table table;
    std::optional<std::uint16_t> last;
    for (std::uint32_t i = 0; i < 65'536; ++i) {
        last = table.acquire({.payload_size = 0, .interface = i});
        ASSERT_TRUE(last.has_value());
    }
    EXPECT_FALSE(table.acquire({.payload_size = 1}).has_value());
    table.release(*last);
    EXPECT_FALSE(table.acquire({.payload_size = 2}).has_value()) << "unused ones are kept until there are many";
    EXPECT_TRUE(table.acquire({.payload_size = 0, .interface = 65'535}).has_value());
}

}  // namespace
}  // namespace sonde::probe
