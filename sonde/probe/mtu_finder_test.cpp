#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/probe/mtu_finder.hpp>
#include <sonde/probe/strategy_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

using namespace std::chrono_literals;

/// `links[0]` is this machine's, `links[i]` the one behind hop i; behind the last is the target.
struct narrow_network {
    std::vector<std::uint32_t> links;
    std::vector<bool> swallows = {};         ///< the router before that link drops without a word
    std::optional<std::uint32_t> says = {};  ///< what errors name instead of the MTU
    bool other_address = false;              ///< errors come from an address that is no hop's
    bool target_silent = false;
    double loss = 0;
    std::mt19937 random{1};

    std::optional<probe_result> carry(const probe_wish& wish, time_point) {
        const std::uint32_t size = wish.size == 0 ? 60 : wish.size;
        if (size > links[0]) return probe_result{.fate = probe_fate::send_failed, .error_number = EMSGSIZE};
        if (std::uniform_real_distribution<>(0, 1)(random) < loss) return std::nullopt;
        for (unsigned hop = 1; hop < links.size(); ++hop) {
            if (wish.ttl == hop) return answer_of(answer_from::hop, router(hop), 2ms * hop);
            if (size <= links[hop]) continue;
            if (hop < swallows.size() && swallows[hop]) return std::nullopt;
            EXPECT_TRUE(wish.dont_fragment);
            auto r = answer_of(answer_from::unreachable, other_address ? router(100 + hop) : router(hop), 2ms * hop);
            r.answer.type = 3;
            r.answer.code = 4;
            r.answer.info = says.value_or(links[hop]);
            return r;
        }
        if (target_silent) return std::nullopt;
        return answer_of(answer_from::destination, target, 2ms * static_cast<int>(links.size()));
    }
};

struct found {
    std::string steps = {};
    std::size_t search_probes = 0;
    duration took{};
    trace_end end = trace_end::silent;
    std::vector<trace_event> events = {};
};

found search(narrow_network net, std::uint16_t packet_size = 0, std::optional<duration> stop_at = {}) {
    const auto finder = make_mtu_finder(
        time_point{}, {.destination = target, .goal = trace_goal::mtu, .max_hops = 12, .packet_size = packet_size});
    strategy_rig rig(*finder, [&](const probe_wish& w, time_point now) { return net.carry(w, now); });
    if (stop_at) rig.stop_at = time_point{} + *stop_at;
    EXPECT_TRUE(rig.run());
    found f{.took = rig.now - time_point{}, .end = finder->end(), .events = rig.events};
    for (const trace_event& e : rig.events) {
        if (e.kind == trace_event_kind::mtu) {
            f.steps += std::to_string(e.mtu.ttl) + " " + (e.mtu.from == ip_address{} ? "-" : e.mtu.from.to_string()) +
                       " " + std::to_string(e.mtu.mtu) + "\n";
        }
    }
    for (const probe_wish& w : rig.wishes) f.search_probes += w.round > 0 ? 1 : 0;
    return f;
}

TEST(mtu_finder, needs_little_where_nothing_is_narrow) {
    const found f = search({.links = {1500, 1500, 1500, 1500}});
    EXPECT_EQ(f.steps, "0 - 1500\n");
    EXPECT_EQ(f.end, trace_end::reached);
    EXPECT_LT(f.took, 100ms);
    EXPECT_EQ(search({.links = {65'535, 65'535}}).steps, "0 - 65535\n");
    EXPECT_EQ(search({.links = {9000, 9000, 9000}}).steps, "0 - 9000\n");
}

TEST(mtu_finder, follows_what_routers_say) {
    EXPECT_EQ(search({.links = {1500, 1500, 1400, 1400, 1400}}).steps, "0 - 1500\n2 10.0.0.2 1400\n");
    EXPECT_EQ(search({.links = {9000, 9000, 4000, 1500, 1280}}).steps, "0 - 1500\n4 10.0.0.4 1280\n");
    EXPECT_EQ(search({.links = {9000, 9000, 4000, 1500, 1500}}).steps, "0 - 9000\n2 10.0.0.2 4000\n3 10.0.0.3 1500\n");
    EXPECT_EQ(search({.links = {1500, 1400, 1300, 576}}).steps,
              "0 - 1500\n1 10.0.0.1 1400\n2 10.0.0.2 1300\n3 10.0.0.3 576\n");
}

TEST(mtu_finder, starts_at_the_size_that_is_given) {
    EXPECT_EQ(search({.links = {9000, 9000, 9000}}, 4000).steps, "0 - 4000\n");
    EXPECT_EQ(search({.links = {9000, 9000, 3000}}, 4000).steps, "0 - 4000\n2 10.0.0.2 3000\n");
    EXPECT_EQ(search({.links = {1500, 1500, 1500}}, 4000).steps, "0 - 1500\n");
}

TEST(mtu_finder, finds_black_holes) {
    for (const std::uint32_t mtu : {1492U, 1480U, 1400U, 1399U, 1280U, 576U, 100U}) {
        const found f = search({.links = {1500, 1500, 1500, mtu, 1500}, .swallows = {false, false, false, true}});
        EXPECT_EQ(f.steps, "0 - 1500\n3 - " + std::to_string(mtu) + "\n");
        EXPECT_LT(f.search_probes, 90U);
        EXPECT_LT(f.took, 5s);
    }
    const found jumbo = search({.links = {9000, 1500, 1500}, .swallows = {false, true}});
    EXPECT_EQ(jumbo.steps, "0 - 9000\n1 - 1500\n");
}

TEST(mtu_finder, does_not_believe_absurd_sizes) {
    narrow_network net{.links = {1500, 1500, 1400, 1500}};
    for (const std::uint32_t says : {0U, 1U, 67U, 1500U, 1501U, 65'535U, 0xffff'ffffU}) {
        net.says = says;
        EXPECT_EQ(search(net).steps, "0 - 1500\n2 10.0.0.2 1400\n") << says;
    }
    // Below what passes already.
    narrow_network wide{.links = {9000, 9000, 4000, 4000}};
    wide.says = 1000;
    EXPECT_EQ(search(wide).steps, "0 - 9000\n2 10.0.0.2 4000\n");
}

TEST(mtu_finder, finds_the_hop_of_an_error_from_elsewhere) {
    EXPECT_EQ(search({.links = {1500, 1500, 1500, 1400, 1500}, .other_address = true}).steps,
              "0 - 1500\n3 10.0.0.103 1400\n");
}

TEST(mtu_finder, asks_as_far_as_anybody_answers) {
    const found f = search({.links = {1500, 1500, 1400, 1500}, .target_silent = true});
    EXPECT_EQ(f.steps, "0 - 1500\n2 10.0.0.2 1400\n");
    EXPECT_EQ(f.end, trace_end::silent);
    EXPECT_EQ(search({.links = {40}}).steps, "");  // nothing answers, nothing can be sent
}

TEST(mtu_finder, is_not_misled_by_loss) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        narrow_network net{.links = {1500, 1500, 1400, 1500}, .loss = 0.1, .random = std::mt19937{seed}};
        EXPECT_EQ(search(net).steps, "0 - 1500\n2 10.0.0.2 1400\n") << seed;
    }
}

TEST(mtu_finder, tells_the_hops_first_and_its_search_as_a_second_round) {
    const found f = search({.links = {1500, 1500, 1400}});
    std::string kinds;
    for (const trace_event& e : f.events) {
        if (e.kind == trace_event_kind::hop) kinds += 'h';
        if (e.kind == trace_event_kind::round) kinds += 'r';
        if (e.kind == trace_event_kind::mtu) kinds += 'm';
    }
    EXPECT_EQ(kinds, "hhhrmm");
}

TEST(mtu_finder, stops_when_told) {
    const narrow_network net{.links = {1500, 1500, 1500, 1399, 1500}, .swallows = {false, false, false, true}};
    for (const duration at : {1ms, 5ms, 20ms, 40ms, 100ms, 300ms}) {
        EXPECT_LE(search(net, 0, at).took, at + 1ms);
    }
}

}  // namespace
}  // namespace sonde::probe::testing
