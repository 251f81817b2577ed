#include <cerrno>
#include <chrono>
#include <set>

#include <gtest/gtest.h>

#include <sonde/socket/mechanism.hpp>

namespace {

using namespace sonde::socket;
using sonde::family;

mechanism found(std::string_view name, verdict v) {
    mechanism m;
    m.name = name;
    m.found = v;
    return m;
}

TEST(Mechanism, PingPrefersDatagramSockets) {
    const auto paths =
        find_ping_paths({found("icmp-datagram-v4", verdict::works), found("icmp-raw-v4", verdict::works),
                         found("icmp-datagram-v6", verdict::fails), found("icmp-raw-v6", verdict::works)});
    EXPECT_EQ(paths.v4, "icmp-datagram-v4");
    EXPECT_EQ(paths.v6, "icmp-raw-v6");
    EXPECT_TRUE(paths.any());
}

TEST(Mechanism, PingNeedsAtLeastOneFamily) {
    EXPECT_FALSE(find_ping_paths({}).any());
    EXPECT_FALSE(find_ping_paths({found("icmp-datagram-v4", verdict::fails), found("icmp-raw-v4", verdict::fails),
                                  found("packet", verdict::works)})
                     .any());
    const auto limited = find_ping_paths({found("icmp-raw-v6", verdict::limited)});
    EXPECT_FALSE(limited.v4);
    EXPECT_EQ(limited.v6, "icmp-raw-v6");
}

TEST(Mechanism, VerdictWords) {
    EXPECT_EQ(to_string(verdict::works), "works");
    EXPECT_EQ(to_string(verdict::limited), "limited");
    EXPECT_EQ(to_string(verdict::fails), "not");
}

TEST(Mechanism, EchoDecidesTheVerdict) {
    loopback_echo echo;
    echo.answered = true;
    EXPECT_EQ(examine_icmp(family::v4, icmp_socket_kind::datagram, echo).found, verdict::works);
    echo = {};
    EXPECT_NE(examine_icmp(family::v4, icmp_socket_kind::raw, echo).found, verdict::works);
    echo.open_error = EAFNOSUPPORT;
    const auto missing = examine_icmp(family::v6, icmp_socket_kind::raw, echo);
    EXPECT_EQ(missing.found, verdict::fails);
    EXPECT_NE(missing.why.find("no IPv6"), std::string::npos) << missing.why;
    echo.open_error = EMFILE;
    EXPECT_NE(examine_icmp(family::v6, icmp_socket_kind::raw, echo).why.find("cannot open"), std::string::npos);
    echo.open_error = EACCES;
    const auto refused = examine_icmp(family::v4, icmp_socket_kind::datagram, echo);
    EXPECT_EQ(refused.found, verdict::fails);
    EXPECT_FALSE(refused.grant.empty());
}

TEST(Mechanism, TimestampsSayWhichEnds) {
    loopback_echoes echoes;
    EXPECT_EQ(examine_timestamps(echoes).found, verdict::fails);
    echoes.raw_v4.answered = true;
    echoes.raw_v4.rx_stamp = true;
    EXPECT_EQ(examine_timestamps(echoes).found, verdict::limited);
    echoes.raw_v4.tx_stamp = true;
    EXPECT_EQ(examine_timestamps(echoes).found, verdict::works);
    EXPECT_EQ(echoes.first_answered(), &echoes.raw_v4);
}

TEST(Mechanism, TracingByUdpNeedsNoPrivilege) {
    for (const auto version : {family::v4, family::v6}) {
        const auto m = examine_udp_errors(version);
        EXPECT_EQ(m.found, verdict::works) << m.why;
    }
    const auto tcp = examine_tcp_raw();
    EXPECT_EQ(tcp.found, verdict::works) << "in this namespace the capability is there: " << tcp.why;
}

// Whatever this machine allows: every examination ends in time, and says why.
TEST(Mechanism, EveryExaminationSaysWhy) {
    const auto begin = std::chrono::steady_clock::now();
    const auto all = examine_mechanisms();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
    EXPECT_EQ(all.size(), 15U);
    std::set<std::string_view> names;
    for (const auto& m : all) {
        names.insert(m.name);
        EXPECT_FALSE(m.title.empty()) << m.name;
        EXPECT_FALSE(m.why.empty()) << m.name;
        EXPECT_FALSE(m.cost.empty()) << m.name;
        EXPECT_FALSE(m.needed_by.empty()) << m.name;
        EXPECT_EQ(m.why.find('\n'), std::string::npos) << m.name;
        EXPECT_TRUE(m.found != verdict::works || m.grant.empty()) << m.name;
        for (const auto& command : m.grant) EXPECT_EQ(command.find('\n'), std::string::npos) << command;
    }
    EXPECT_EQ(names.size(), all.size());
}

}  // namespace
