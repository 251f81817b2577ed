#include <algorithm>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <sonde/probe/trace_record.hpp>
#include <sonde/probe/trace_rig_test.hpp>

namespace sonde::probe::testing {
namespace {

using answer = std::optional<hop_answer>;

std::string said(const trace_record& record) {
    std::string text;
    for (const verdict& v : verdicts_of(record)) {
        text += std::to_string(v.ttl) + " " + std::string(to_string(v.kind));
        if (v.value != 0) text += " " + std::to_string(v.value);
        text += "\n";
    }
    return text;
}

std::string said(const told_trace& told) {
    return said(told.record());
}

TEST(trace_verdicts, say_nothing_of_a_clean_path) {
    EXPECT_EQ(said(told_trace{}), "");
    EXPECT_EQ(said(told_trace{.rounds = 1}), "");
    EXPECT_EQ(said(told_trace{.rounds = 0}), "");
}

TEST(trace_verdicts, tell_a_rate_limit_from_loss) {
    told_trace told{.spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t query) {
        if (ttl == 4 && query != 0) a.reset();
    }};
    EXPECT_EQ(said(told), "4 rate_limited\n");
    const auto verdicts = verdicts_of(told.record());
    EXPECT_EQ(verdicts[0].answered, 10U);
    EXPECT_EQ(verdicts[0].asked, 30U);
    EXPECT_EQ(verdicts[0].address, hop_address(4));

    told.options.goal = trace_goal::paths;
    EXPECT_EQ(said(told), "");  // one router of several is silent, or was asked again
    told.options.goal = trace_goal::path;
    told.rounds = 1;  // one of three: may be anything
    EXPECT_EQ(said(told), "4 few_answers 12\n");
    told.rounds = 10;
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t round, std::uint8_t) {
        if (ttl == 4 && (round == 3 || round == 4)) a.reset();
    };
    EXPECT_EQ(said(told), "4 rate_limited\n");  // six of thirty, where the four behind it lose none of 120
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
        if (ttl == 4) a.reset();
    };
    EXPECT_EQ(said(told), "4 silent_hop\n");
}

TEST(trace_verdicts, say_of_stars_only_what_the_hops_behind_show) {
    told_trace told{.rounds = 1, .spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t query) {
                        if (ttl == 3 || ttl > 6 || (ttl == 4 && query == 1)) a.reset();
                    }};
    told.end = trace_end::silent;
    EXPECT_EQ(said(told), "3 silent_hop\n4 few_answers 6\n6 last_hop\n");
    const auto verdicts = verdicts_of(told.record());
    EXPECT_EQ(verdicts[0].address, ip_address{});
    EXPECT_EQ(verdicts[0].asked, 3U);
    EXPECT_EQ(verdicts[1].answered, 2U);
    // The hops behind lose too: it may be loss.
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t query) {
        if ((ttl == 3 && query == 1) || (ttl == 5 && query == 2)) a.reset();
    };
    told.end = trace_end::reached;
    EXPECT_EQ(said(told), "5 few_answers 9\n");
}

TEST(trace_verdicts, find_where_loss_begins) {
    std::mt19937 random(7);
    told_trace told{.rounds = 40, .spoil = [&](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
                        if (ttl >= 5 && random() % 5 == 0) a.reset();
                    }};
    EXPECT_EQ(said(told), "5 loss\n");
    told.spoil = [&](answer& a, unsigned, std::uint32_t, std::uint8_t) {
        if (random() % 5 == 0) a.reset();
    };
    EXPECT_EQ(said(told), "1 loss\n");
    // With a rate limiter among them.
    told.spoil = [&](answer& a, unsigned ttl, std::uint32_t, std::uint8_t query) {
        if ((ttl >= 5 && random() % 5 == 0) || (ttl == 3 && query > 0)) a.reset();
    };
    EXPECT_EQ(said(told), "3 rate_limited\n5 loss\n");
}

TEST(trace_verdicts, do_not_call_loss_what_the_end_may_just_not_answer) {
    std::mt19937 random(7);
    told_trace told{.rounds = 40, .spoil = [&](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
                        if (ttl == 8 && random() % 3 == 0) a.reset();
                    }};
    EXPECT_EQ(said(told), "");  // a host limits its port unreachables
    told.options.method = trace_method::icmp;
    EXPECT_EQ(said(told), "8 loss\n");  // but not its echo replies
    // Every hop, the destination too, answers once a second: Linux routers on a quiet path.
    told.options.method = trace_method::udp;
    told.spoil = [](answer& a, unsigned, std::uint32_t round, std::uint8_t query) {
        if (query > 0 && round > 1) a.reset();
    };
    std::string all_limit;
    for (int ttl = 1; ttl <= 8; ++ttl) all_limit += std::to_string(ttl) + " rate_limited\n";
    EXPECT_EQ(said(told), all_limit);
    told.rounds = 4;  // too few to tell
    EXPECT_EQ(said(told), "");
}

TEST(trace_verdicts, tell_a_destination_that_limits_its_answers) {
    told_trace told{.rounds = 12, .spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t query) {
                        if (ttl == 8 && query > 0) a.reset();
                    }};
    EXPECT_EQ(said(told), "8 rate_limited\n");
}

TEST(trace_verdicts, tell_a_change_from_a_balancer) {
    told_trace told{.spoil = [](answer& a, unsigned ttl, std::uint32_t round, std::uint8_t) {
        if (ttl == 3 && round >= 6) a->from = hop_address(3, 1);
    }};
    EXPECT_EQ(said(told), "3 path_changed 6\n");
    EXPECT_EQ(verdicts_of(told.record())[0].address, hop_address(3, 1));
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t round, std::uint8_t query) {
        if (ttl == 3 && (round + query) % 2 == 0) a->from = hop_address(3, 1);
    };
    EXPECT_EQ(said(told), "3 per_packet\n");
    told.queries = 1;
    EXPECT_EQ(said(told), "3 per_packet\n");
    told.queries = 3;
    told.rounds = 1;
    EXPECT_EQ(said(told), "3 per_packet\n");
    told.rounds = 10;
    told.options.method = trace_method::tcp;  // a connecting socket for each probe: not one flow
    EXPECT_EQ(said(told), "");
    told.options.method = trace_method::udp;
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t round, std::uint8_t) {
        if (ttl == 3 && round == 5) a->from = hop_address(3, 1);
    };
    EXPECT_EQ(said(told), "");  // once there and back: neither
    told.rounds = 3;
    told.queries = 1;
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t round, std::uint8_t) {
        if (ttl == 3 && round >= 1) a->from = hop_address(3, 1);
    };
    EXPECT_EQ(said(told), "");  // too few
}

TEST(trace_verdicts, judge_the_way_back) {
    const auto back = [](int longer, unsigned from, unsigned to) {
        return told_trace{.spoil = [=](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
            if (ttl >= from && ttl <= to) a->hop_limit = static_cast<std::uint8_t>(*a->hop_limit - longer);
        }};
    };
    EXPECT_EQ(said(back(7, 5, 8)), "5 asymmetric 7\n");
    EXPECT_EQ(said(back(3, 2, 8)), "");
    EXPECT_EQ(said(back(7, 5, 5)), "");   // only one says so
    EXPECT_EQ(said(back(40, 5, 8)), "");  // 64 or 32 at first: cannot be told
    told_trace other{.spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
        a->hop_limit = static_cast<std::uint8_t>((ttl % 2 == 0 ? 255 : 128) - ttl + 1);
    }};
    EXPECT_EQ(said(other), "");
    told_trace shorter{.hops = 14, .spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
                           if (ttl >= 10) a->hop_limit = static_cast<std::uint8_t>(255 - ttl + 1 + 6);
                       }};
    EXPECT_EQ(said(shorter), "10 asymmetric -6\n");
}

TEST(trace_verdicts, see_loops_and_ends) {
    told_trace told{
        .hops = 12, .end = trace_end::silent, .spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
            if (ttl >= 4) *a = usual_answer(4 + ttl % 2, false, std::chrono::milliseconds{ttl});
            a->hop_limit.reset();
        }};
    EXPECT_EQ(said(told), "4 loop 6\n12 last_hop\n");
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
        if (ttl == 5) a->from = hop_address(4);  // twice in a row is no loop
        if (ttl > 8) a.reset();
    };
    EXPECT_EQ(said(told), "8 last_hop\n");
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
        if (ttl == 8) a->from = ip_address::v4(0xcb007101U);  // beside the destination
        if (ttl > 8) a.reset();
    };
    EXPECT_EQ(said(told), "8 last_hop\n8 silent_target\n");
    told.end = trace_end::cancelled;
    EXPECT_EQ(said(told), "");
    told.end = trace_end::unreachable;
    told.spoil = [](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
        if (ttl < 5) return;
        *a = usual_answer(5, false, std::chrono::milliseconds{5});
        a->kind = answer_from::unreachable;
        a->type = 3;
        a->code = 13;
    };
    EXPECT_EQ(said(told), "5 last_hop\n5 admin_prohibited\n");
}

TEST(trace_verdicts, read_what_is_quoted) {
    const auto spoiled = [](unsigned from, auto change) {
        return said(told_trace{.spoil = [=](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
            if (ttl >= from) change(*a, ttl);
        }});
    };
    EXPECT_EQ(spoiled(4, [](hop_answer& a, unsigned) { a.nat = true; }), "4 nat\n");
    EXPECT_EQ(spoiled(4, [](hop_answer& a, unsigned ttl) { a.nat = ttl == 4; }), "");  // only a bad quote
    EXPECT_EQ(spoiled(6, [](hop_answer& a, unsigned) { a.quoted_class = std::uint8_t{0x48}; }), "6 tos_rewritten 72\n");
    EXPECT_EQ(spoiled(6, [](hop_answer& a, unsigned) { a.quoted_class = std::uint8_t{3}; }), "");  // congestion
    EXPECT_EQ(spoiled(5,
                      [](hop_answer& a, unsigned ttl) {
                          if (ttl == 5) a.quoted_ttl = std::uint8_t{3};
                      }),
              "5 hidden_tunnel 3\n");
    EXPECT_EQ(spoiled(2, [](hop_answer& a, unsigned ttl) { a.quoted_ttl = static_cast<std::uint8_t>(ttl); }), "");
    EXPECT_EQ(spoiled(1, [](hop_answer& a, unsigned ttl) { a.inferred = ttl == 2; }), "2 short_quotes\n");
}

TEST(trace_verdicts, repeat_what_the_search_for_the_mtu_found) {
    trace_record record({.destination = far_away, .goal = trace_goal::mtu});
    record.add({.kind = trace_event_kind::mtu, .mtu = {.ttl = 0, .mtu = 1500}});
    record.add({.kind = trace_event_kind::mtu, .mtu = {.ttl = 3, .from = hop_address(3), .mtu = 1400}});
    EXPECT_EQ(said(record), "3 mtu_shrinks 1400\n");
}

TEST(trace_verdicts, take_balancers_from_the_paths) {
    auto graph = std::make_shared<path_graph>();
    graph->hops.resize(2);
    graph->hops[1].vertices = {{.address = hop_address(2)}, {.address = hop_address(2, 1), .per_packet = true}};
    trace_record record({.destination = far_away, .goal = trace_goal::paths});
    record.add({.kind = trace_event_kind::paths, .paths = graph});
    EXPECT_EQ(said(record), "2 per_packet\n");
}

// Random paths: lengths, initial hop limits, a few hops more or less on the way back, silent hops, routers that quote
// nothing; and in the second half of them, loss alike everywhere, of which only that may be said.
TEST(trace_verdicts, are_not_invented) {
    int losses = 0;
    for (unsigned seed = 1; seed <= 600; ++seed) {
        std::mt19937 random(seed);
        const bool lossy = seed > 300;
        std::vector<int> initial;
        std::set<unsigned> silent;
        const auto hops = static_cast<unsigned>(2 + random() % 20);
        for (unsigned ttl = 0; ttl <= hops; ++ttl) {
            initial.push_back(std::array{64, 128, 255}[random() % 3] - static_cast<int>(random() % 5));
            if (random() % 8 == 0 && ttl < hops) silent.insert(ttl);
        }
        const double loss = lossy ? 0.01 * static_cast<double>(random() % 10) : 0;
        told_trace told{.hops = hops, .rounds = 1 + static_cast<std::uint32_t>(random() % 30)};
        told.queries = static_cast<std::uint8_t>(1 + random() % 4);
        told.spoil = [&](answer& a, unsigned ttl, std::uint32_t, std::uint8_t) {
            a->hop_limit = static_cast<std::uint8_t>(initial[ttl] - std::max(static_cast<int>(ttl) - 3, 0));
            if (ttl % 5 == 4) a->quoted_ttl.reset();
            if (silent.contains(ttl) || std::uniform_real_distribution<>(0, 1)(random) < loss) a.reset();
        };
        std::string text;
        for (const verdict& v : verdicts_of(told.record())) {
            if (v.kind == verdict_kind::silent_hop || v.kind == verdict_kind::few_answers) continue;
            text += std::to_string(v.ttl) + " " + std::string(to_string(v.kind)) + "\n";
        }
        if (lossy && text.ends_with(" loss\n") && std::count(text.begin(), text.end(), '\n') == 1) {
            ++losses;
            text.clear();
        }
        // All its answers may be lost of a short path's end.
        if (lossy && text.find("last_hop") != std::string::npos) text.clear();
        EXPECT_EQ(text, "") << "seed " << seed;
    }
    EXPECT_GT(losses, 50);
}

}  // namespace
}  // namespace sonde::probe::testing
