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
        "hop 4 (10.0.3.1) limits its own answers: 60 % of 20 are missing, but packets to the hops behind it pass: "
        "not packet loss");
    EXPECT_EQ(verdict_text({.kind = verdict_kind::loss, .ttl = 4, .address = router, .answered = 15, .asked = 20}),
              "packets are lost from hop 4 (10.0.3.1) on, and at every hop behind it: 25 % of 20 at the last");
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
    for (int k = 0; k <= static_cast<int>(verdict_kind::admin_prohibited); ++k) {
        const probe::verdict v{.kind = static_cast<verdict_kind>(k), .ttl = 9, .address = router, .value = 3};
        const std::string text = verdict_text(v, [&](const ip_address&) { return &note; });
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
        EXPECT_EQ(text.find('\n'), std::string::npos);
        EXPECT_NE(text.find("hop 9"), std::string::npos) << text;
        EXPECT_NE(text.find("evil\\x1b[2J (10.0.3.1)"), std::string::npos) << text;
        texts.insert(text);
    }
    EXPECT_EQ(texts.size(), 14U);
}

}  // namespace
}  // namespace sonde::report
