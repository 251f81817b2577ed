#include <gtest/gtest.h>

#include <sonde/craft/description.hpp>

namespace sonde::craft {
namespace {

described_layer only(const char* text) {
    auto words = description::parse(text);
    EXPECT_TRUE(words) << text << ": " << words.error().what;
    return words ? words->layers.front() : described_layer{};
}

TEST(Description, ReadsTheIssuesExamples) {
    for (const char* text : {"ip(dst=127.0.0.1, ttl=64)/icmp(echo, id=7, seq=1)/\"hello\"",
                             "eth(dst=02:00:00:00:00:01)/arp(pdst=10.0.0.1)", "ip6(dst=::1)/udp(dport=53)/hex(00ff)",
                             "ip(dst=224.0.0.5, proto=89)/ospf(hello)", "tcp(dport=80, flags=S, mss=1460)",
                             "ip(src=127.0.0.1, dst=127.0.0.1, id=11, ttl=64)/icmp(echo)"}) {
        EXPECT_TRUE(description::parse(text)) << text;
    }
}

TEST(Description, EveryLayerAndFormHasItsName) {
    for (const auto& layout : wire::all_layouts()) {
        EXPECT_EQ(only(std::string(layout.name).c_str()).layout, &layout);
        for (const auto& variant : layout.variants) {
            const auto layer = only((std::string(layout.name) + "(" + std::string(variant.name) + ")").c_str());
            EXPECT_EQ(layer.variant, &variant);
            ASSERT_NE(layer.find(layout.selector), nullptr);
            EXPECT_EQ(layer.find(layout.selector)->value.number, variant.value);
        }
    }
}

TEST(Description, FormByNameByNumberOrTheUsual) {
    EXPECT_EQ(only("icmp").variant->name, "echo");
    EXPECT_EQ(only("icmp(type=0)").variant->name, "reply");
    EXPECT_EQ(only("icmp(type=redirect)").variant->name, "redirect");
    EXPECT_EQ(only("icmp(type=99)").variant, nullptr);
    const auto odd = only("icmp(echo, type=13, id=3)");
    EXPECT_EQ(odd.variant->name, "echo");
    EXPECT_EQ(odd.find("type")->value.number, 13U);
    EXPECT_EQ(only("icmp(type=13, echo)").variant->name, "echo");
}

TEST(Description, OtherNamesOfLayers) {
    EXPECT_EQ(only("Ether").layout->name, "eth");
    EXPECT_EQ(only("IPv6").layout->name, "ip6");
    EXPECT_EQ(only("Dot1Q(id=5)").layout->name, "vlan");
    EXPECT_EQ(only("tcp(timestamp=1:2)").options.front().option->name, "timestamps");
}

TEST(Description, OneBitFieldsByTheirName) {
    const auto layer = only("frag(m)");
    ASSERT_NE(layer.find("m"), nullptr);
    EXPECT_EQ(layer.find("m")->value.number, 1U);
}

TEST(Description, OptionsOfManyKinds) {
    const auto layer = only("tcp(mss=1460, nop, option99=hex(01), options=hex(0000))");
    ASSERT_EQ(layer.options.size(), 4U);
    EXPECT_EQ(layer.options[0].code, 2);
    EXPECT_EQ(layer.options[2].code, 99);
    EXPECT_TRUE(layer.options[3].raw);
}

TEST(Description, WhereItGoes) {
    EXPECT_EQ(description::parse("ip(dst=10.0.0.1)/icmp")->destination(), ip_address::v4(0x0a000001));
    EXPECT_EQ(description::parse("eth/arp(pdst=10.0.0.1)")->destination(), ip_address::v4(0x0a000001));
    EXPECT_EQ(description::parse("ip6(dst=::1)/ip(dst=10.0.0.1)")->destination()->to_string(), "::1");
    EXPECT_FALSE(description::parse("ip/icmp")->destination());
    EXPECT_FALSE(description::parse("udp")->destination());
}

struct wrong_words {
    const char* text;
    std::size_t column;
    const char* said;
};

class DescriptionErrors : public testing::TestWithParam<wrong_words> {};

TEST_P(DescriptionErrors, SayWhereAndWhatIsKnown) {
    const auto words = description::parse(GetParam().text);
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().column, GetParam().column) << words.error().what;
    EXPECT_NE(words.error().what.find(GetParam().said), std::string::npos) << words.error().what;
}

INSTANTIATE_TEST_SUITE_P(
    All, DescriptionErrors,
    testing::Values(
        wrong_words{"upd/ip", 1, "did you mean 'udp'"}, wrong_words{"ip/foo", 4, "the layers are null"},
        wrong_words{"ip(tttl=3)", 4, "did you mean 'ttl'? its fields are version"},
        wrong_words{"ip(ttl)", 7, "ttl needs a value"}, wrong_words{"ip(ttl=300)", 8, "8 bits"},
        wrong_words{"ip(ttl=1, ttl=2)", 11, "given twice"}, wrong_words{"icmp(ehco)", 6, "did you mean 'echo'"},
        wrong_words{"icmp(echo, reply)", 12, "is echo already"},
        wrong_words{"icmp(echo, gateway=1.2.3.4)", 12, "icmp(redirect) has"},
        wrong_words{"tcp(mss)", 5, "needs a value"}, wrong_words{"tcp(mmss=3)", 5, "did you mean 'mss'"},
        wrong_words{"tcp(option300=hex(00))", 5, "at most 255"}, wrong_words{"tcp(option9=3)", 13, "hex(...)"},
        wrong_words{"tcp(options=3)", 13, "the bytes of all"}, wrong_words{"udp(mss=3)", 5, "udp has no field 'mss'"},
        wrong_words{"ip(dst=1.2.3.4.5)", 8, "an IPv4 address"}));

}  // namespace
}  // namespace sonde::craft
