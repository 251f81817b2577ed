#include <algorithm>
#include <random>

#include <cli/lab_plan.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <sonde/sim/scenario_file.hpp>

namespace sonde::cli {
namespace {

using socket::tun_kind;

std::string text_of(const std::vector<prefix>& all) {
    std::vector<std::string> words;
    for (const auto& p : all) words.push_back(fmt::format("{}/{}", p.network().to_string(), p.length()));
    return fmt::format("{}", fmt::join(words, " "));
}

std::string sum(const std::vector<const char*>& words, std::size_t limit) {
    std::vector<prefix> all;
    for (const char* w : words) all.push_back(prefix::parse(w).value());
    return text_of(summed_up(all, limit));
}

TEST(lab_plan, halves_become_whole_and_what_is_held_is_left_out) {
    EXPECT_EQ(sum({"10.0.0.1/32", "10.0.0.0/32", "10.0.0.2/31", "10.0.0.3/32", "fd00::1/128", "fd00::/128"}, 99),
              "10.0.0.0/30 fd00::/127");
    EXPECT_EQ(sum({"10.0.0.1/32", "10.0.0.2/32"}, 99), "10.0.0.1/32 10.0.0.2/32") << "no halves of one prefix";
    EXPECT_EQ(sum({"0.0.0.0/1", "128.0.0.0/1", "::/1"}, 99), "0.0.0.0/0 ::/1");
    EXPECT_EQ(sum({}, 99), "");
}

TEST(lab_plan, beyond_the_limit_the_closest_are_joined) {
    EXPECT_EQ(sum({"10.0.0.1/32", "10.0.0.2/32", "203.0.113.0/24", "198.51.100.0/24"}, 3),
              "10.0.0.0/30 198.51.100.0/24 203.0.113.0/24");
    EXPECT_EQ(sum({"10.0.0.1/32", "203.0.113.0/24"}, 1), "10.0.0.1/32 203.0.113.0/24") << "too far apart";
}

TEST(lab_plan, nothing_is_lost_in_summing_up) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        std::mt19937 random(seed);
        std::vector<prefix> all;
        for (int i = 0; i < 300; ++i) {
            const auto number = static_cast<std::uint32_t>(random());
            const bool v4 = random() % 2 == 0;
            const auto host = number % (1U << (seed % 24 + 1));
            all.push_back(prefix::parse(v4 ? fmt::format("{}/{}", ip_address::v4(0x0a000000 | host).to_string(),
                                                         24 + random() % 9)
                                           : fmt::format("2001:db8::{:x}:{:x}/{}", number >> 16 & 0xfffU,
                                                         number & 0xffffU, 112 + random() % 17))
                              .value());
        }
        for (const std::size_t limit : {1U, 5U, 64U, 1000U}) {
            const auto few = summed_up(all, limit);
            for (const auto& p : all) {
                EXPECT_TRUE(std::ranges::any_of(
                    few, [&](const prefix& f) { return f.length() <= p.length() && f.contains(p.network()); }))
                    << "SEED " << seed << ' ' << text_of({p});
            }
            EXPECT_LE(few.size(), std::max<std::size_t>(limit, 2))
                << "SEED " << seed << ", one of each family at least";
        }
    }
}

sim::scenario scenario(const std::string& more) {
    const auto read = sim::read_scenario(R"(
[[node]]
name = "me"
kind = "outside"
addresses = ["192.0.2.1", "2001:db8::1"]
[[node]]
name = "r1"
addresses = ["10.0.0.1", "2001:db8:1::1"]
[[node]]
name = "web"
kind = "host"
addresses = ["203.0.113.80"]
)" + more,
                                         "plan.toml");
    EXPECT_TRUE(read) << read.error().what;
    return read.value().scenario;
}

TEST(lab_plan, addresses_and_routes_of_a_scenario) {
    const auto plan = plan_lab(scenario(R"(
[[link]]
path = ["me", "r1", "web"]
mtu = 1400
[[population]]
name = "many"
behind = "r1"
addresses = ["198.51.100.0/22"]
[[route]]
at = "r1"
to = ["198.18.0.0/15", "default"]
via = "web"
)"))
                          .value();
    ASSERT_EQ(plan.addresses.size(), 2U);
    EXPECT_EQ(plan.addresses[0].to_string(), "192.0.2.1/32");
    EXPECT_EQ(text_of(plan.prefixes), "10.0.0.1/32 198.18.0.0/15 198.51.100.0/22 203.0.113.80/32 2001:db8:1::1/128");
    EXPECT_EQ(plan.mtu, 1400U);
    EXPECT_EQ(plan.routes(tun_kind::tun).size(), 5U);
    EXPECT_FALSE(plan.routes(tun_kind::tun).front().gateway);

    const auto tap = plan.routes(tun_kind::tap);
    EXPECT_EQ(tap.front().to_string(), "10.0.0.1/32") << "the way to the gateway comes first";
    EXPECT_EQ(tap[1].to_string(), "2001:db8:1::1/128");
    EXPECT_EQ(tap[2].to_string(), "198.18.0.0/15 via 10.0.0.1");
    EXPECT_EQ(tap.size(), 5U);
    EXPECT_EQ(fitting_device(plan, tun_kind::tun, "lab0", "alice"),
              "sonde tap create lab0 --user alice --tun --mtu 1400 --address 192.0.2.1/32 --address 2001:db8::1/128 "
              "--route 10.0.0.1/32 --route 198.18.0.0/15 --route 198.51.100.0/22 --route 203.0.113.80/32 --route "
              "2001:db8:1::1/128");
}

TEST(lab_plan, an_address_with_a_prefix_brings_its_route) {
    const auto plan = plan_lab(scenario(R"(
[[link]]
between = ["me", "r1"]
addresses = { me = "192.0.2.9/24", r1 = "192.0.2.10/24" }
[[link]]
between = ["r1", "web"]
)"))
                          .value();
    EXPECT_EQ(text_of(plan.prefixes), "10.0.0.1/32 203.0.113.80/32 2001:db8:1::1/128");
    EXPECT_EQ(plan.gateways.front().to_string(), "192.0.2.10");
    EXPECT_EQ(plan.routes(tun_kind::tap)[0].to_string(), "2001:db8:1::1/128") << "the v4 gateway is on the link";
}

TEST(lab_plan, without_a_place_for_this_machine) {
    sim::scenario s;
    EXPECT_FALSE(plan_lab(s));
    s.nodes.push_back({.name = "me", .kind = sim::node_kind::outside});
    EXPECT_EQ(plan_lab(s).error().what, "node 'me' is outside and has no address that this machine could take");
}

}  // namespace
}  // namespace sonde::cli
