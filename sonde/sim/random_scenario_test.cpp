#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/random_scenario.hpp>
#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/scenario_check.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

constexpr std::uint64_t seeds = 1000;

TEST(RandomScenario, AllAreInOrderAndNoTwoAlike) {
    std::set<std::string> shapes;
    std::size_t largest = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto made = make_random_scenario(seed);
        const auto found = check_scenario(made.scenario);
        ASSERT_FALSE(found.error) << "seed " << seed << ": " << found.error->what;
        EXPECT_TRUE(found.warnings.empty()) << "seed " << seed << ": " << found.warnings.front().what;
        ASSERT_GE(made.scenario.nodes.size(), 4U);
        ASSERT_LE(made.scenario.nodes.size(), 40U);
        largest = std::max(largest, made.scenario.nodes.size());
        shapes.insert(made.shape);
    }
    EXPECT_GT(shapes.size(), seeds / 2);
    EXPECT_GE(largest, 35U);
}

TEST(RandomScenario, TheSameForTheSameSeed) {
    const auto a = make_random_scenario(7);
    const auto b = make_random_scenario(7);
    EXPECT_EQ(a.shape, b.shape);
    EXPECT_EQ(a.targets, b.targets);
    ASSERT_EQ(a.scenario.links.size(), b.scenario.links.size());
    for (std::size_t i = 0; i < a.scenario.links.size(); ++i) {
        EXPECT_EQ(a.scenario.links[i].name, b.scenario.links[i].name);
        EXPECT_EQ(a.scenario.links[i].behaviour.delay, b.scenario.links[i].behaviour.delay);
    }
}

TEST(RandomScenario, LimitsHold) {
    random_scenario_limits none{
        .nodes = 4, .silent_hops = false, .diamonds = false, .slow_hops = false, .labels = false};
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        EXPECT_LE(make_random_scenario(seed, none).scenario.nodes.size(), 4U);
        none.nodes = 40;
        const auto made = make_random_scenario(seed, none);
        for (const auto& n : made.scenario.nodes) {
            EXPECT_TRUE(!n.errors.silent && n.errors.mpls.empty() && n.errors.delay == duration{});
        }
        for (const auto& target : made.targets) {
            for (const auto& hop : true_paths(made.scenario, 0, target))
                EXPECT_EQ(hop.responders.size(), 1U) << "seed " << seed;
        }
        none.nodes = 4;
    }
}

/// Whether one of those who may answer with that TTL is such: they are of that hop, or their way ended earlier (equal
/// ways may differ in length), where every greater TTL ends too.
template <class Such>
bool any_answerer(const std::vector<true_hop>& truth, std::uint8_t ttl, Such such) {
    for (std::size_t hop = 0; hop < ttl; ++hop) {
        for (std::uint32_t i = 0; i < truth[hop].responders.size(); ++i) {
            if (!such(truth[hop].responders[i])) continue;
            const bool leads_on = hop + 1 < truth.size() &&
                                  std::ranges::any_of(truth[hop + 1].edges, [&](const auto& e) { return e.from == i; });
            if (hop + 1 == ttl || !leads_on) return true;
        }
    }
    return false;
}

bool may_answer(const std::vector<true_hop>& truth, std::uint8_t ttl, const ip_address& who) {
    return any_answerer(truth, ttl, [&](const auto& r) { return !r.silent && r.address == who; });
}

/// Every TTL of every target in turn, by echo request or UDP, as a flow of its own.
void who_answers_is_in_the_truth(std::uint64_t seed) {
    const auto made = make_random_scenario(seed);
    const auto& s = made.scenario;
    rig::running net(s);
    random_stream random(seed, 99);
    for (const auto& target : made.targets) {
        const auto truth = true_paths(s, 0, target);
        const auto& own = s.nodes[0].addresses[target.is_v4() ? 0 : 1].address;
        for (std::uint8_t ttl = 1; ttl <= truth.size(); ++ttl) {
            const auto number = static_cast<std::uint16_t>(random.number());
            const rig::envelope to{.from = own, .to = target, .ttl = ttl};
            const bool by_udp = random.happens(0.5);
            const auto found = net.ask(by_udp ? rig::udp(to, number, 33434) : rig::echo_request(to, 1, 16, number));
            if (found.empty()) {
                const bool may_be =
                    any_answerer(truth, ttl, [&](const auto& r) { return r.silent || (r.is_target && by_udp); });
                EXPECT_TRUE(may_be) << "seed " << seed << " " << made.shape << ": nobody answers for "
                                    << target.to_string() << " with a TTL of " << int{ttl};
                continue;
            }
            ASSERT_EQ(found.size(), 1U) << "seed " << seed;
            EXPECT_TRUE(may_answer(truth, ttl, found.front().source()))
                << "seed " << seed << " " << made.shape << ": " << found.front().source().to_string() << " answers for "
                << target.to_string() << " with a TTL of " << int{ttl};
        }
    }
}

TEST(RandomScenario, WhoAnswersIsInTheTruth) {
    for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed)
        who_answers_is_in_the_truth(seed);
}

/// With enough flows every responder of the truth is found, and no other.
TEST(RandomScenario, AllOfTheTruthAnswers) {
    for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
        const auto made = make_random_scenario(seed);
        rig::running net(made.scenario);
        const auto truth = true_paths(made.scenario, 0, made.targets[0]);
        const auto& own = made.scenario.nodes[0].addresses[0].address;
        for (std::uint8_t ttl = 1; ttl <= truth.size(); ++ttl) {
            std::set<ip_address> wanted;
            for (const auto& r : truth[ttl - 1].responders) {
                if (!r.silent) wanted.insert(r.address);
            }
            const auto more = [&](const ip_address& who) {
                return !wanted.contains(who) && may_answer(truth, ttl, who);
            };
            std::set<ip_address> found;
            for (std::uint16_t flow = 0; flow < 4000 && found != wanted; ++flow) {
                const auto packet = rig::echo_request({.from = own, .to = made.targets[0], .ttl = ttl}, 1, 16, flow);
                for (const auto& a : net.ask(packet)) {
                    if (!more(a.source())) found.insert(a.source());
                }
            }
            EXPECT_EQ(found, wanted) << "seed " << seed << " " << made.shape << " at " << int{ttl};
        }
    }
}

}  // namespace
}  // namespace sonde::sim
