#include <array>
#include <vector>

#include <cli/recv_settings.hpp>
#include <gtest/gtest.h>

#include <sonde/wire/ipv4.hpp>

namespace sonde::cli {
namespace {

TEST(recv_settings, protocols_by_name_and_number) {
    EXPECT_EQ(read_protocol("icmp").value(), 1);
    EXPECT_EQ(read_protocol("ICMP6").value(), 58);
    EXPECT_EQ(read_protocol("ipv6-icmp").value(), 58);
    EXPECT_EQ(read_protocol("ospf").value(), 89);
    EXPECT_EQ(read_protocol("253").value(), 253);
    EXPECT_EQ(read_protocol("0x11").value(), 17);
    EXPECT_NE(read_protocol("255").error().what.find("IPPROTO_RAW"), std::string::npos);
    EXPECT_FALSE(read_protocol("0"));
    EXPECT_FALSE(read_protocol("256"));
    EXPECT_FALSE(read_protocol(""));
    EXPECT_NE(read_protocol("udb").error().what.find("'udp'"), std::string::npos);
}

TEST(recv_settings, families) {
    EXPECT_EQ(families_of(1, {}).value(), std::vector{family::v4});
    EXPECT_EQ(families_of(58, {}).value(), std::vector{family::v6});
    EXPECT_EQ(families_of(2, {}).value(), std::vector{family::v4});
    EXPECT_EQ(families_of(2, family::v6).value(), std::vector{family::v6});
    EXPECT_EQ(families_of(17, {}).value(), (std::vector{family::v4, family::v6}));
    EXPECT_EQ(families_of(17, family::v6).value(), std::vector{family::v6});
    EXPECT_FALSE(families_of(1, family::v6));
    EXPECT_FALSE(families_of(58, family::v4));
}

TEST(recv_settings, message_types) {
    EXPECT_EQ(read_message_type(1, "8").value(), 8);
    EXPECT_EQ(read_message_type(1, "echo").value(), 8);
    EXPECT_EQ(read_message_type(1, "Echo_Reply").value(), 0);
    EXPECT_EQ(read_message_type(1, "destination-unreachable").value(), 3);
    EXPECT_EQ(read_message_type(58, "echo request").value(), 128);
    EXPECT_EQ(read_message_type(2, "0x22").value(), 0x22);
    EXPECT_EQ(read_message_type(89, "hello").value(), 1);
    EXPECT_FALSE(read_message_type(1, "256"));
    EXPECT_FALSE(read_message_type(1, ""));
    EXPECT_FALSE(read_message_type(17, "1"));
    EXPECT_FALSE(read_message_type(253, "1"));
}

TEST(recv_settings, groups) {
    const auto why = [](const char* group, const std::vector<family>& families, std::uint32_t interface = 0) {
        const auto checked = check_group(ip_address::parse(group).value(), families, interface);
        return checked ? std::string{} : checked.error().what;
    };
    EXPECT_EQ(why("224.0.0.5", {family::v4}), "");
    EXPECT_EQ(why("ff02::5", {family::v4, family::v6}, 7), "");
    EXPECT_EQ(why("192.0.2.1", {family::v4}), "192.0.2.1 is no multicast group");
    EXPECT_EQ(why("::", {family::v6}), ":: is no multicast group");
    EXPECT_EQ(why("ff02::5", {family::v4}), "ff02::5 is a group of IPv6, which is not received here");
    EXPECT_NE(why("ff02::5%1", {family::v6}, 2), "");
    EXPECT_EQ(why("ff02::5%1", {family::v6}, 1), "");
}

TEST(recv_settings, judges_in_the_order_of_the_reasons) {
    constexpr std::array message{std::byte{8}, std::byte{0}};
    const wire::ipv4_message ip{.protocol = 1,
                                .source = ip_address::v4(0x0a000001),
                                .destination = ip_address::v4(0x0a000002),
                                .payload = message};
    std::vector<std::byte> bytes(ip.size());
    ip.emit(bytes, wire::checksum_fill::compute);
    const auto view = report::datagram_view::read({.protocol = 1, .bytes = bytes, .full_size = bytes.size()});
    const auto prefix_of = [](const char* text) { return std::vector{prefix::parse(text).value()}; };

    EXPECT_EQ(judge({}, view, 1), recv_verdict::show);
    EXPECT_EQ(judge({.interface_index = 2}, view, 1), recv_verdict::other_interface);
    EXPECT_EQ(judge({.interface_index = 2}, view, 2), recv_verdict::show);
    EXPECT_EQ(judge({.types = {0, 8}}, view, 1), recv_verdict::show);
    EXPECT_EQ(judge({.types = {0}}, view, 1), recv_verdict::other_type);
    EXPECT_EQ(judge({.from = prefix_of("10.0.0.0/24")}, view, 1), recv_verdict::show);
    EXPECT_EQ(judge({.from = prefix_of("10.0.1.0/24")}, view, 1), recv_verdict::other_source);
    EXPECT_EQ(judge({.to = prefix_of("10.0.0.2/32")}, view, 1), recv_verdict::show);
    EXPECT_EQ(judge({.to = prefix_of("10.0.0.1/32")}, view, 1), recv_verdict::other_destination);

    const auto empty = report::datagram_view::read({.protocol = 1});
    EXPECT_EQ(judge({}, empty, 1), recv_verdict::show) << "without a filter it is shown as what it is";
    EXPECT_EQ(judge({.types = {8}}, empty, 1), recv_verdict::malformed);
    EXPECT_EQ(judge({.to = prefix_of("10.0.0.2/32")}, empty, 1), recv_verdict::malformed);
}

}  // namespace
}  // namespace sonde::cli
