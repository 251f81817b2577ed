#include <cli/recv_explanation.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

std::string explained(std::uint8_t protocol, std::vector<family> families, socket::dialect d) {
    recv_settings s;
    s.protocol = protocol;
    s.families = std::move(families);
    return explain_raw_socket(s, socket::rules_of(d));
}

bool says(const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos;
}

TEST(recv_explanation, the_echo_request_is_linuxs) {
    EXPECT_TRUE(says(explained(1, {family::v4}, socket::dialect::linux_), "an echo request shows up"));
    EXPECT_FALSE(says(explained(1, {family::v4}, socket::dialect::macos), "an echo request shows up"));
    EXPECT_FALSE(says(explained(17, {family::v4}, socket::dialect::linux_), "an echo request"));
}

TEST(recv_explanation, bsd_passes_no_tcp_and_udp) {
    EXPECT_TRUE(says(explained(6, {family::v4}, socket::dialect::linux_), "copy of each TCP datagram"));
    EXPECT_TRUE(says(explained(6, {family::v4}, socket::dialect::freebsd), "nothing will come"));
    EXPECT_TRUE(says(explained(17, {family::v4}, socket::dialect::macos), "'sonde sniff udp'"));
    EXPECT_FALSE(says(explained(89, {family::v4}, socket::dialect::freebsd), "nothing will come"));
}

TEST(recv_explanation, headers_by_family) {
    EXPECT_TRUE(says(explained(1, {family::v4}, socket::dialect::linux_), "with its IP header,"));
    EXPECT_TRUE(says(explained(58, {family::v6}, socket::dialect::linux_), "without its IPv6 header"));
    EXPECT_TRUE(says(explained(17, {family::v4, family::v6}, socket::dialect::linux_), "which IPv6 withholds"));
    EXPECT_TRUE(says(explained(253, {family::v4}, socket::dialect::linux_), "protocol 253"));
}

recv_settings receiving(std::uint8_t protocol, std::vector<family> families, const std::vector<const char*>& groups) {
    recv_settings s;
    s.protocol = protocol;
    s.families = std::move(families);
    for (const char* group : groups) s.groups.push_back({ip_address::parse(group).value(), "va"});
    return s;
}

TEST(recv_explanation, what_must_be_joined) {
    const auto& rules = socket::rules_of(socket::dialect::linux_);
    const auto ospf = explain_raw_socket(receiving(89, {family::v4, family::v6}, {}), rules);
    for (const char* word : {"--join 224.0.0.5 (", "--join 224.0.0.6 (", "--join ff02::5 (", "--join ff02::6 ("}) {
        EXPECT_TRUE(says(ospf, word)) << word;
    }
    const auto joined = explain_raw_socket(receiving(89, {family::v4}, {"224.0.0.5"}), rules);
    EXPECT_TRUE(says(joined, "now also 224.0.0.5 on va.")) << joined;
    EXPECT_FALSE(says(joined, "--join 224.0.0.5"));
    EXPECT_TRUE(says(joined, "--join 224.0.0.6"));
    EXPECT_FALSE(says(joined, "ff02::5"));
    const auto igmp = explain_raw_socket(receiving(2, {family::v4}, {}), rules);
    EXPECT_TRUE(says(igmp, "--join 224.0.0.22 (") && says(igmp, "224.0.0.1, which every machine is in"));
    EXPECT_FALSE(says(explain_raw_socket(receiving(1, {family::v4}, {}), rules), "--join"));
}

}  // namespace
}  // namespace sonde::cli
