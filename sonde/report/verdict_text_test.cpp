#include <set>

#include <gtest/gtest.h>

#include <sonde/report/verdict_text.hpp>

namespace sonde::report {
namespace {

using probe::verdict_kind;

const ip_address router = ip_address::v4(0x0a000301);

TEST(verdict_text, says_what_it_means) {
    EXPECT_EQ(
        verdict_text({.kind = verdict_kind::rate_limited, .ttl = 4, .address = router, .answered = 8, .asked = 20}),
        "hop 4 (10.0.3.1) limits its own answers: 60 % of 20 are missing because it makes only so many a second, "
        "which is not packet loss");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::loss, .ttl = 4, .address = router, .answered = 15, .asked = 20}),
              "packets are lost at hop 4 (10.0.3.1) and at every hop behind it: 25 % of 20 at the last");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::asymmetric, .ttl = 4, .address = router, .value = -6}),
              "the way back from hop 4 (10.0.3.1) is about 6 hops shorter than the way there, judged by the hop limit "
              "of the answers: a delay or loss seen here may be on the way back");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::path_changed, .ttl = 4, .address = router, .value = 6}),
              "the path changed during the trace: hop 4 (10.0.3.1) answers since round 7, another router did before");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::mtu_shrinks, .ttl = 4, .address = router, .value = 1400}),
              "behind hop 4 (10.0.3.1) only packets of up to 1400 bytes pass");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::mtu_shrinks, .ttl = 4, .value = 1400}),
              "packets of more than 1400 bytes vanish behind hop 4, and nobody says so (a path MTU black hole)");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::tos_rewritten, .ttl = 4, .address = router, .value = 8}),
              "the traffic class is changed before hop 4 (10.0.3.1): it arrives there as 0x08");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::hidden_tunnel, .ttl = 4, .address = router, .value = 2}),
              "a tunnel that does not show its hops ends before hop 4 (10.0.3.1): 1 hop or more are not seen");
}

TEST(verdict_text, never_rounds_to_none_or_all) {
    const auto loss = [](std::uint64_t answered) {
        return verdict_text({.kind = verdict_kind::loss, .ttl = 1, .answered = answered, .asked = 1000});
    };
    EXPECT_NE(loss(999).find("less than 1 % of"), std::string::npos);
    EXPECT_NE(loss(1).find("more than 99 % of"), std::string::npos);
    EXPECT_NE(loss(0).find("100 % of"), std::string::npos);
    EXPECT_NE(verdict_text({.kind = verdict_kind::loss}).find("0 % of 0"), std::string::npos);
}

TEST(verdict_text, has_one_line_for_each_kind_and_escapes_names) {
    const address_note note{.name = "evil\x1b[2J"};
    std::set<std::string> texts;
    for (int k = 0; k <= static_cast<int>(verdict_kind::few_answers); ++k) {
        const probe::verdict v{.kind = static_cast<verdict_kind>(k), .ttl = 9, .address = router, .value = 3};
        const std::string text = verdict_text(v, [&](const ip_address&) { return &note; });
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
        EXPECT_EQ(text.find('\n'), std::string::npos);
        EXPECT_NE(text.find("hop 9"), std::string::npos) << text;
        EXPECT_NE(text.find("evil\\x1b[2J (10.0.3.1)"), std::string::npos) << text;
        texts.insert(text);
    }
    EXPECT_EQ(texts.size(), 15U);
}

TEST(verdict_text, names_a_hop_without_brackets_in_brackets) {
    address_note note{.name = "dc-edge"};
    const address_notes notes = [&](const ip_address&) { return &note; };
    const auto of = [&](verdict_kind kind) {
        return verdict_text({.kind = kind, .ttl = 6, .address = router, .value = 6, .answered = 2, .asked = 3}, notes);
    };
    EXPECT_EQ(of(verdict_kind::few_answers),
              "hop 6, dc-edge (10.0.3.1), did not answer 1 of 3 probes, but all 6 to the hops behind it were answered: "
              "no sign of packet loss, routers limit such answers");
    EXPECT_EQ(of(verdict_kind::nat),
              "addresses or ports are translated (NAT) before hop 6, dc-edge (10.0.3.1): it quotes another packet than "
              "was sent");
    EXPECT_EQ(of(verdict_kind::loss),
              "packets are lost at hop 6, dc-edge (10.0.3.1), and at every hop behind it: 33 % of 3 at the last");
    note = {.autonomous_system = 64500};
    EXPECT_EQ(
        of(verdict_kind::last_hop),
        "hop 6, 10.0.3.1 [AS64500], is the last that answered: what is wrong, or filtered, is there or behind it");
}

TEST(verdict_lines, tell_of_all_silent_hops_at_once) {
    std::vector<probe::verdict> verdicts{{.kind = verdict_kind::silent_hop, .ttl = 7, .asked = 3}};
    EXPECT_EQ(verdict_lines(verdicts),
              std::vector<std::string>{"hop 7 does not answer, but passes packets on: hops behind it answer, so its "
                                       "silence is no fault"});
    verdicts.push_back({.kind = verdict_kind::nat, .ttl = 8, .address = router});
    verdicts.push_back({.kind = verdict_kind::silent_hop, .ttl = 9});
    verdicts.push_back({.kind = verdict_kind::silent_hop, .ttl = 12});
    const auto lines = verdict_lines(verdicts);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0],
              "hops 7, 9 and 12 do not answer, but pass packets on: hops behind them answer, so their silence is no "
              "fault");
    EXPECT_TRUE(lines[1].starts_with("addresses")) << lines[1];
    EXPECT_TRUE(verdict_lines({}).empty());
}

}  // namespace
}  // namespace sonde::report
