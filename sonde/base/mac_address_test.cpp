#include <gtest/gtest.h>

#include <sonde/base/mac_address.hpp>

namespace sonde {
namespace {

TEST(mac_address, text_and_back) {
    EXPECT_EQ(mac_address::parse("02:00:5e:10:00:01")->to_string(), "02:00:5e:10:00:01");
    EXPECT_EQ(mac_address::parse("02-00-5E-10-00-01")->to_string(), "02:00:5e:10:00:01");
    EXPECT_EQ(mac_address::parse("2:0:5e:10:0:1")->to_string(), "02:00:5e:10:00:01");
    EXPECT_EQ(mac_address::parse("ff:ff:ff:ff:ff:ff").value(), mac_address::broadcast());
    EXPECT_EQ(mac_address{}.to_string(), "00:00:00:00:00:00");
}

TEST(mac_address, what_is_none) {
    using namespace std::string_literals;
    for (const std::string& text :
         {""s, "02"s, "02:00:5e:10:00"s, "02:00:5e:10:00:01:02"s, "02:00:5e:10:00:"s, ":00:5e:10:00:01"s,
          "02:00:5e:10:00:g1"s, "02:00:5e:10:00:001"s, "02:00-5e:10:00:01"s, "02:00:5e:10:00:+1"s, "02:00:5e:10:00:-1"s,
          "02005e100001"s, "0x2:0:0:0:0:0"s, " 2:0:0:0:0:0"s, "2:0:0:0:0:0 "s, "2:0:0:0:0:\0"s, "2:0:0:0:0:0:"s}) {
        const auto address = mac_address::parse(text);
        ASSERT_FALSE(address) << text;
        EXPECT_NE(address.error().what.find("is not a MAC address: "), std::string::npos);
    }
    EXPECT_LT(mac_address::parse(std::string(10'000, ':')).error().what.size(), 100U) << "the quote of it is bounded";
}

TEST(mac_address, bytes_and_back) {
    const auto address = mac_address::parse("01:02:03:04:05:06").value();
    EXPECT_EQ(mac_address::from_bytes(address.bytes()), address);
    EXPECT_TRUE(mac_address::from_bytes(address.bytes().first(5)).is_zero());
    EXPECT_TRUE(mac_address::from_bytes({}).is_zero());
    EXPECT_FALSE(address.is_zero());
}

TEST(mac_address, the_group_bit_is_the_lowest_of_the_first_octet) {
    EXPECT_TRUE(mac_address::broadcast().is_group());
    EXPECT_TRUE(mac_address::parse("01:00:5e:00:00:05")->is_group());
    EXPECT_FALSE(mac_address::parse("02:00:5e:00:00:05")->is_group());
    EXPECT_FALSE(mac_address::parse("00:01:5e:00:00:05")->is_group());
}

}  // namespace
}  // namespace sonde
