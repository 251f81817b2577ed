#include <gtest/gtest.h>

#include <sonde/sim/firewall.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

TEST(firewall, the_first_rule_that_matches) {
    const std::vector<firewall_rule> rules{{.protocol = 6, .port = 22},
                                           {.port = 53},
                                           {.source = net("10.0.0.0/24"), .destination = net("10.0.1.0/24")},
                                           {.protocol = 58}};
    const auto rule = [&](const bytes& packet) -> std::ptrdiff_t {
        const auto* found = deciding_rule(rules, packet, read_packet(packet).value().facts);
        return found == nullptr ? -1 : found - rules.data();
    };
    const envelope e{.from = ip("10.0.0.1"), .to = ip("10.0.2.1")};
    EXPECT_EQ(rule(tcp(e, {.destination_port = 22})), 0);
    EXPECT_EQ(rule(udp(e, 1, 22)), -1);
    EXPECT_EQ(rule(udp(e, 1, 53)), 1);
    EXPECT_EQ(rule(tcp(e, {.destination_port = 53})), 1);
    EXPECT_EQ(rule(udp(e, 53, 1)), -1) << "the source port is none of its business";
    EXPECT_EQ(rule(echo_request({.from = e.from, .to = ip("10.0.1.9")})), 2);
    EXPECT_EQ(rule(echo_request({.from = ip("2001:db8::1"), .to = ip("2001:db8::2")})), 3);
    bytes fragment = udp(e, 1, 53);
    auto facts = read_packet(fragment)->facts;
    facts.later_fragment = true;
    EXPECT_EQ(deciding_rule(rules, fragment, facts), nullptr) << "what looks like a port is data";
    EXPECT_EQ(deciding_rule({}, fragment, facts), nullptr);
}

TEST(firewall, codes) {
    EXPECT_EQ(reject_code({}, family::v4), 13);
    EXPECT_EQ(reject_code({}, family::v6), 1);
    EXPECT_EQ(reject_code({.reject_code = 3}, family::v6), 3);
}

}  // namespace
}  // namespace sonde::sim
