#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include <sonde/craft/answers.hpp>
#include <sonde/craft/builder.hpp>

namespace sonde::craft {
namespace {

packet made(const std::string& text) {
    const auto words = description::parse(text);
    EXPECT_TRUE(words) << text << ": " << words.error().what;
    return build(*words).value();
}

link_type link_of(const std::string& text) {
    return text.starts_with("eth") ? link_type::ethernet : link_type::raw_ip;
}

answer_kind answered(const std::string& sent, const std::string& received, bool any_source = false) {
    const auto out = made(sent);
    const auto in = made(received);
    const auto asked = question::of(link_of(sent), out.bytes);
    if (!asked) return answer_kind::none;
    const auto taken_apart = wire::dissect(link_of(received), in.bytes, {.checksums = false});
    const auto kind = asked->answered_by(taken_apart, in.bytes, any_source);
    const auto keys = keys_of(taken_apart, in.bytes);
    if (kind != answer_kind::none) {
        const auto key = kind == answer_kind::error ? asked->error_key() : asked->reply_key(any_source);
        EXPECT_EQ(std::ranges::count(keys.all(), key), 1) << sent << " <- " << received;
    }
    return kind;
}

const std::string to = "ip(src=10.0.0.1, dst=10.0.0.2)/";
const std::string back = "ip(src=10.0.0.2, dst=10.0.0.1)/";
const std::string to6 = "ip6(src=fd00::1, dst=fd00::2)/";
const std::string back6 = "ip6(src=fd00::2, dst=fd00::1)/";

struct exchange {
    std::string sent;
    std::string received;
    answer_kind kind;
};

class Answers : public testing::TestWithParam<exchange> {};

TEST_P(Answers, AreTold) {
    EXPECT_EQ(answered(GetParam().sent, GetParam().received), GetParam().kind)
        << GetParam().sent << " <- " << GetParam().received;
}

constexpr auto reply = answer_kind::reply;
constexpr auto error = answer_kind::error;
constexpr auto none = answer_kind::none;

INSTANTIATE_TEST_SUITE_P(
    Icmp, Answers,
    testing::Values(exchange{to + "icmp(echo, id=7, seq=1)", back + "icmp(reply, id=7, seq=1)", reply},
                    exchange{to + "icmp(echo, id=7, seq=1)", back + "icmp(reply, id=7, seq=2)", none},
                    exchange{to + "icmp(echo, id=7, seq=1)", back + "icmp(reply, id=8, seq=1)", none},
                    exchange{to + "icmp(echo, id=7, seq=1)", to + "icmp(echo, id=7, seq=1)", none},
                    exchange{to + "icmp(echo)", "ip(src=10.0.0.3, dst=10.0.0.1)/icmp(reply)", none},
                    exchange{"ip(src=10.0.0.1, dst=224.0.0.1)/icmp(echo)", "ip(src=10.0.0.3, dst=10.0.0.1)/icmp(reply)",
                             reply},
                    exchange{to + "icmp(echo)", "ip(src=10.0.0.2, dst=10.0.0.9)/icmp(reply)", none},
                    exchange{"ip(src=0.0.0.0, dst=10.0.0.2)/icmp(echo)", back + "icmp(reply)", reply},
                    exchange{to + "icmp(timestamp, id=1)", back + "icmp(timestamp_reply, id=1)", reply},
                    exchange{to + "icmp(address_mask, id=1)", back + "icmp(address_mask_reply, id=1)", reply},
                    exchange{to + "icmp(timestamp)", back + "icmp(reply)", none},
                    exchange{to6 + "icmp6(echo, id=3)", back6 + "icmp6(reply, id=3)", reply},
                    exchange{to6 + "icmp6(echo, id=3)", back6 + "icmp6(reply, id=4)", none},
                    exchange{"ip6(src=fd00::1)/icmp6(ns, target=fd00::2)", back6 + "icmp6(na, target=fd00::2)", reply},
                    exchange{"ip6(src=fd00::1)/icmp6(ns, target=fd00::2)", back6 + "icmp6(na, target=fd00::3)", none},
                    exchange{"ip6(src=fe80::1)/icmp6(rs)", "ip6(src=fe80::9, dst=ff02::1)/icmp6(ra)", reply},
                    exchange{"ip6(src=fe80::1, dst=ff02::1)/icmp6(mld_query)",
                             "ip6(src=fe80::9, dst=ff02::16)/icmp6(mld2_report)", reply}));

INSTANTIATE_TEST_SUITE_P(
    Errors, Answers,
    testing::Values(
        exchange{to + "icmp(echo, id=7)",
                 "ip(src=9.9.9.9, dst=10.0.0.1)/icmp(time_exceeded)/" + to + "icmp(echo, id=7)", error},
        exchange{to + "icmp(echo, id=7)",
                 "ip(src=9.9.9.9, dst=10.0.0.1)/icmp(time_exceeded)/" + to + "icmp(echo, id=8)", none},
        exchange{to + "udp(sport=5, dport=6)", back + "icmp(unreachable, code=3)/" + to + "udp(sport=5, dport=6)",
                 error},
        exchange{to + "udp(sport=5, dport=6)", back + "icmp(unreachable, code=3)/" + to + "udp(sport=5, dport=7)",
                 none},
        exchange{to + "udp(sport=5, dport=6)",
                 back + "icmp(unreachable, code=3)/ip(src=10.0.0.1, dst=10.0.0.3)/udp(sport=5, dport=6)", none},
        exchange{to + "tcp(sport=5, seq=9)", back + "icmp(unreachable)/" + to + "tcp(sport=5, seq=9)", error},
        exchange{to + "tcp(sport=5, seq=9)", back + "icmp(unreachable)/" + to + "tcp(sport=5, seq=8)", none},
        exchange{to + "ospf", back + "icmp(unreachable, code=2)/" + to + "ospf", error},
        exchange{to + "ospf", back + "icmp(unreachable, code=2)/" + to + "igmp", none},
        exchange{to6 + "udp(dport=6)", back6 + "icmp6(unreachable, code=4)/" + to6 + "udp(dport=6)", error},
        exchange{to6 + "udp(dport=6)", back6 + "icmp6(unreachable, code=4)/" + to6 + "udp(dport=7)", none}));

INSTANTIATE_TEST_SUITE_P(
    Transport, Answers,
    testing::Values(
        exchange{to + "udp(sport=5, dport=6)", back + "udp(sport=6, dport=5)", reply},
        exchange{to + "udp(sport=5, dport=6)", back + "udp(sport=5, dport=6)", none},
        exchange{to + "tcp(sport=5, dport=6, flags=S, seq=9)", back + "tcp(sport=6, dport=5, flags=SA, ack=10)", reply},
        exchange{to + "tcp(sport=5, dport=6, flags=S, seq=9)", back + "tcp(sport=6, dport=5, flags=RA, ack=10)", reply},
        exchange{to + "tcp(sport=5, dport=6, flags=S, seq=9)", back + "tcp(sport=6, dport=5, flags=SA, ack=99)", none},
        exchange{to + "tcp(sport=5, dport=6, flags=A, ack=7)", back + "tcp(sport=6, dport=5, flags=R, seq=7)", reply},
        exchange{to + "tcp(sport=5, dport=6, flags=A, ack=7)", back + "tcp(sport=6, dport=5, flags=R, seq=8)", none},
        exchange{to + "tcp(sport=5, dport=6, flags=PA, seq=1)/\"abc\"", back + "tcp(sport=6, dport=5, flags=A, ack=4)",
                 reply},
        exchange{"ip(src=0.0.0.0, dst=255.255.255.255)/udp/dhcp(xid=9, message_type=discover)",
                 "ip(src=10.0.0.3, dst=255.255.255.255)/udp/dhcp(op=2, xid=9, message_type=offer)", reply},
        exchange{"ip(src=0.0.0.0, dst=255.255.255.255)/udp/dhcp(xid=9, message_type=discover)",
                 "ip(src=10.0.0.3, dst=255.255.255.255)/udp/dhcp(op=2, xid=8, message_type=offer)", none},
        exchange{"ip(src=10.0.0.1, dst=224.0.0.1)/igmp(query)", "ip(src=10.0.0.9, dst=224.0.0.22)/igmp(report3)",
                 reply},
        exchange{"ip(src=10.0.0.1, dst=224.0.0.5)/ospf(hello)", "ip(src=10.0.0.9, dst=224.0.0.5)/ospf(hello)", none}));

INSTANTIATE_TEST_SUITE_P(Arp, Answers,
                         testing::Values(exchange{"eth/arp(psrc=10.0.0.1, pdst=10.0.0.2)",
                                                  "eth/arp(reply, psrc=10.0.0.2, pdst=10.0.0.1)", reply},
                                         exchange{"eth/arp(psrc=10.0.0.1, pdst=10.0.0.2)",
                                                  "eth/arp(reply, psrc=10.0.0.3, pdst=10.0.0.1)", none},
                                         exchange{"eth/arp(psrc=10.0.0.1, pdst=10.0.0.2)",
                                                  "eth/arp(psrc=10.0.0.2, pdst=10.0.0.1)", none},
                                         exchange{"eth/arp(reply, psrc=10.0.0.1, pdst=10.0.0.2)",
                                                  "eth/arp(reply, psrc=10.0.0.2, pdst=10.0.0.1)", none}));

TEST(AnswersToABroadcast, ComeFromAnyone) {
    const std::string received = "ip(src=10.0.0.3, dst=10.0.0.1)/icmp(reply)";
    EXPECT_EQ(answered("ip(src=10.0.0.1, dst=10.0.0.255)/icmp(echo)", received), none);
    EXPECT_EQ(answered("ip(src=10.0.0.1, dst=10.0.0.255)/icmp(echo)", received, true), reply);
}

std::optional<question> asked_by(const std::string& sent) {
    return question::of(link_of(sent), made(sent).bytes);
}

TEST(QuestionKeys, TellPacketsApart) {
    const std::vector<std::string> different{to + "icmp(echo, id=7, seq=1)", to + "icmp(echo, id=7, seq=2)",
                                             to + "icmp(echo, id=8, seq=1)", to + "icmp(timestamp, id=7, seq=1)",
                                             to + "udp(sport=5, dport=6)",   to + "udp(sport=6, dport=5)",
                                             to + "tcp(sport=5, dport=6)",   "ip(dst=10.0.0.3)/udp(sport=5, dport=6)",
                                             to6 + "udp(sport=5, dport=6)",  to6 + "icmp6(echo, id=7, seq=1)",
                                             "eth/arp(pdst=10.0.0.2)",       "eth/arp(pdst=10.0.0.3)"};
    for (const auto& one : different) {
        for (const auto& other : different) {
            if (&one == &other) continue;
            EXPECT_NE(asked_by(one)->reply_key(), asked_by(other)->reply_key()) << one << other;
            if (one.starts_with("ip") && other.starts_with("ip")) {
                EXPECT_NE(asked_by(one)->error_key(), asked_by(other)->error_key()) << one << other;
            }
            EXPECT_NE(asked_by(one), asked_by(other)) << one << other;
        }
    }
}

TEST(QuestionKeys, AreTheSameForWhatNoAnswerTells) {
    EXPECT_EQ(asked_by(to + "icmp(echo, id=7)/'one'"), asked_by(to + "icmp(echo, id=7)/'other'"));
    EXPECT_EQ(asked_by(to + "udp(sport=5, dport=6)/'one'"), asked_by(to + "udp(sport=5, dport=6)/'other'"));
    EXPECT_NE(asked_by(to + "tcp(sport=5, dport=6)/'one'"), asked_by(to + "tcp(sport=5, dport=6)/'other'"))
        << "an acknowledgement tells their lengths";
}

TEST(AnswersToNothing, Bytes) {
    EXPECT_FALSE(question::of(link_type::ethernet, {}));
    const auto out = made(to + "tcp");
    const auto asked = question::of(link_type::raw_ip, out.bytes);
    ASSERT_TRUE(asked);
    for (std::size_t size = 0; size < out.bytes.size(); ++size) {
        const auto cut = bytes_view{out.bytes}.first(size);
        EXPECT_EQ(asked->answered_by(wire::dissect(link_type::raw_ip, cut), cut), none);
        EXPECT_LE(keys_of(wire::dissect(link_type::raw_ip, cut), cut).all().size(), 6U);
    }
}

}  // namespace
}  // namespace sonde::craft
