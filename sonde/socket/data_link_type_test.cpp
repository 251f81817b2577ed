#include <pcap/pcap.h>

#include <gtest/gtest.h>

#include <sonde/socket/data_link_type.hpp>

namespace sonde::socket {
namespace {

TEST(data_link_type, there_and_back) {
    for (const auto link : {link_type::null_loopback, link_type::ethernet, link_type::raw_ip, link_type::linux_cooked,
                            link_type::raw_ipv4, link_type::raw_ipv6, link_type::linux_cooked_v2}) {
        EXPECT_EQ(link_of_data_link_type(data_link_type(link)), link);
    }
    EXPECT_EQ(data_link_type(link_type::raw_ip), DLT_RAW);
    EXPECT_EQ(data_link_type(link_type::linux_cooked_v2), DLT_LINUX_SLL2);
    EXPECT_EQ(link_of_data_link_type(DLT_IEEE802_11_RADIO), static_cast<link_type>(127)) << "unnamed here, kept";
}

}  // namespace
}  // namespace sonde::socket
