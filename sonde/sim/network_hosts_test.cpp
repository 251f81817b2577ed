// What hosts answer.
#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;
namespace flag = wire::tcp_flag;

const envelope v4{.from = ip("10.0.1.1"), .to = ip("10.0.2.2")};
const envelope v6{.from = ip("2001:db8:1::1"), .to = ip("2001:db8:2::2")};

builder with(const host_behaviour& host) {
    builder b = chain(1);
    b.of("target").host = host;
    return b;
}

TEST(network_hosts, ports_of_udp) {
    running lab(with({.udp = {.at = {{7, port_state::echo}, {53, port_state::open}, {99, port_state::filtered}}}}));
    for (const envelope& e : {v4, v6}) {
        const arrival echo = lab.answer(udp(e, 4000, 7, 33));
        EXPECT_EQ(echo.udp().source_port(), 7);
        EXPECT_EQ(echo.udp().destination_port(), 4000);
        EXPECT_EQ(echo.udp().payload().size(), 33U);
        EXPECT_TRUE(lab.ask(udp(e, 4000, 53)).empty());
        EXPECT_TRUE(lab.ask(udp(e, 4000, 99)).empty());
        EXPECT_TRUE(lab.ask(udp(e, 0, 7)).empty());
    }
    EXPECT_EQ(lab.ended(fate::absorbed), 4U);
    EXPECT_EQ(lab.ended(fate::filtered), 2U);
}

TEST(network_hosts, wrong_checksums_are_dropped) {
    running lab(with({}));
    for (const envelope& e : {v4, v6}) {
        bytes packet = udp(e, 1, 2);
        packet.back() ^= std::byte{1};
        EXPECT_TRUE(lab.ask(packet).empty());
        packet = echo_request(e);
        packet.back() ^= std::byte{1};
        EXPECT_TRUE(lab.ask(packet).empty());
    }
    EXPECT_EQ(lab.ended(fate::malformed), 4U);
}

TEST(network_hosts, the_asker_of_an_echo_gets_his_class_back) {
    running lab(with({.delay = 20ms, .jitter = 5ms}));
    for (envelope e : {v4, v6}) {
        e.tos = 0x48;
        const arrival reply = lab.answer(echo_request(e));
        EXPECT_EQ(reply.v4() ? reply.ipv4().tos() : reply.ipv6().traffic_class(), 0x48);
    }
    EXPECT_GE(lab.now, time_point{48ms});
    running silent(with({.echo = false}));
    EXPECT_TRUE(silent.ask(echo_request(v4)).empty());
    EXPECT_EQ(silent.ended(fate::filtered), 1U);
}

TEST(network_hosts, everything_unreachable) {
    running lab(with({.unreachable_code = 10}));
    EXPECT_EQ(lab.answer(echo_request(v4)).type_and_code(), (std::pair{3, 10}));
    EXPECT_EQ(lab.answer(udp(v6, 1, 2)).type_and_code(), (std::pair{1, 10}));
}

TEST(network_hosts, protocols_that_nobody_speaks) {
    running lab(with({}));
    EXPECT_EQ(lab.answer(wrapped(v4, 132, bytes(12))).type_and_code(), (std::pair{3, 2}));
    const arrival problem = lab.answer(wrapped(v6, 132, bytes(12)));
    EXPECT_EQ(problem.type_and_code(), (std::pair{4, 1}));
    EXPECT_EQ(problem.icmp().rest(), 6U) << "the pointer";
    const bytes options{std::byte{132}, std::byte{0}, std::byte{1}, std::byte{4},
                        std::byte{0},   std::byte{0}, std::byte{0}, std::byte{0}};
    EXPECT_EQ(lab.answer(wrapped(v6, 60, options)).icmp().rest(), 40U);
}

TEST(network_hosts, a_closed_tcp_port_resets) {
    running lab(with({}));
    for (const envelope& e : {v4, v6}) {
        const arrival rst =
            lab.answer(tcp(e, {.source_port = 5000, .destination_port = 80, .sequence_number = 9, .flags = flag::syn}));
        EXPECT_EQ(rst.tcp().flags(), flag::rst | flag::ack);
        EXPECT_EQ(rst.tcp().acknowledgment_number(), 10U);
        EXPECT_EQ(rst.tcp().sequence_number(), 0U);
    }
    EXPECT_TRUE(lab.ask(tcp(v4, {.flags = flag::rst})).empty());
}

TEST(network_hosts, an_open_tcp_port_from_handshake_to_close) {
    running lab(with({.tcp = {.at = {{80, port_state::open}, {81, port_state::filtered}}}}));
    wire::tcp_message m{.source_port = 5000, .destination_port = 80, .sequence_number = 100, .flags = flag::syn};
    const arrival syn_ack = lab.answer(tcp(v4, m));
    EXPECT_EQ(syn_ack.tcp().flags(), flag::syn | flag::ack);
    EXPECT_EQ(syn_ack.tcp().acknowledgment_number(), 101U);
    const std::uint32_t isn = syn_ack.tcp().sequence_number();
    EXPECT_EQ(lab.answer(tcp(v4, m)).tcp().sequence_number(), isn) << "a SYN that came twice";

    m.sequence_number = 101;
    m.acknowledgment_number = isn + 1;
    m.flags = flag::ack;
    EXPECT_TRUE(lab.ask(tcp(v4, m)).empty());
    const bytes request(5, std::byte{'x'});
    m.payload = request;
    m.flags = flag::ack | flag::psh;
    const arrival closing = lab.answer(tcp(v4, m));
    EXPECT_EQ(closing.tcp().flags(), flag::ack | flag::fin);
    EXPECT_EQ(closing.tcp().sequence_number(), isn + 1);
    EXPECT_EQ(closing.tcp().acknowledgment_number(), 106U);

    m = {.source_port = 5000, .destination_port = 80, .sequence_number = 106, .flags = flag::ack | flag::fin};
    m.acknowledgment_number = isn + 2;
    const arrival last = lab.answer(tcp(v4, m));
    EXPECT_EQ(last.tcp().flags(), flag::ack);
    EXPECT_EQ(last.tcp().acknowledgment_number(), 107U);

    m.acknowledgment_number = isn + 77;
    EXPECT_EQ(lab.answer(tcp(v4, m)).tcp().flags(), flag::rst);
    EXPECT_TRUE(lab.ask(tcp(v4, {.destination_port = 81, .flags = flag::syn})).empty());
    EXPECT_EQ(lab.ended(fate::filtered), 1U);
}

TEST(network_hosts, two_echo_services_do_not_talk_for_ever) {
    builder b = chain(2, {.delay = 1ms});
    b.of("r1").host.udp.otherwise = port_state::echo;
    b.of("target").host.udp.otherwise = port_state::echo;
    running lab(b);
    EXPECT_TRUE(lab.ask(udp({.from = ip("10.0.3.2"), .to = ip("10.0.2.1")}, 7, 7)).empty());
    EXPECT_EQ(lab.net.counts().originated, 4U);
}

builder lan(unsigned hosts) {
    builder b;
    b.add("us", node_kind::outside);
    b.add("router", node_kind::router);
    b.join("us", "router", {"10.0.1.1/24", "10.0.1.2/24", "2001:db8:1::1/64", "2001:db8:1::2/64"});
    sim::link l{.name = "lan", .ends = {{.node = b.n("router"), .addresses = {at("10.0.9.254/24")}}}};
    l.behaviour.delay = 1ms;
    for (unsigned i = 1; i <= hosts; ++i) {
        b.add("h" + std::to_string(i), node_kind::host);
        const std::string address = "10.0.9." + std::to_string(i) + "/24";
        l.ends.push_back({.node = static_cast<node_index>(b.s.nodes.size() - 1), .addresses = {at(address)}});
    }
    b.s.links.push_back(l);
    return b;
}

TEST(network_hosts, a_directed_broadcast_is_answered_by_all_who_want) {
    builder b = lan(4);
    b.of("h2").host.broadcast_echo = false;
    running lab(b);
    const envelope e{.from = ip("10.0.1.1"), .to = ip("10.0.9.255")};
    std::vector<ip_address> from;
    for (const arrival& a : lab.ask(echo_request(e))) from.push_back(a.source());
    std::ranges::sort(from);
    EXPECT_EQ(from, (std::vector{ip("10.0.9.1"), ip("10.0.9.3"), ip("10.0.9.4")}));
    EXPECT_EQ(lab.net.counts().duplicated, 3U);
    EXPECT_TRUE(lab.ask(udp(e, 1, 2)).empty()) << "no errors about a broadcast";
    EXPECT_EQ(lab.answer(echo_request({.from = e.from, .to = ip("10.0.9.3"), .ttl = 2})).source(), ip("10.0.9.3"));
}

TEST(network_hosts, anycast_is_answered_by_the_nearest) {
    builder b = chain(2);
    b.add("near", node_kind::host, {"192.0.2.53/32"});
    b.add("far", node_kind::host, {"192.0.2.53/32"});
    b.join("r1", "near");
    b.join("r2", "far");
    running lab(b);
    const envelope e{.from = ip("10.0.1.1"), .to = ip("192.0.2.53"), .ttl = 2};
    EXPECT_EQ(lab.answer(echo_request(e)).source(), e.to);
    b.of("near").down = true;
    running other(b);
    EXPECT_EQ(other.answer(echo_request(e)).type_and_code(), (std::pair{11, 0})) << "the far one is a hop further";
}

TEST(network_hosts, a_population) {
    builder b = chain(1);
    b.s.populations.push_back({.name = "many",
                               .behind = b.n("r1"),
                               .addresses = net("198.51.100.0/24"),
                               .answering = 0.5,
                               .report_missing = true,
                               .host = {.delay = 1ms, .jitter = 20ms}});
    running lab(b);
    int replies = 0;
    std::set<duration> late;
    for (unsigned i = 0; i < 256; ++i) {
        const envelope e{.from = v4.from, .to = ip_address::v4(0xc633'6400U + i), .ttl = 2};
        lab.now += 1s;
        lab.net.advance(lab.now);
        const duration sent = lab.now.time_since_epoch();
        const arrival a = lab.answer(echo_request(e));
        if (a.icmp().type() == 0) {
            ++replies;
            EXPECT_EQ(a.source(), e.to);
            EXPECT_EQ(a.ttl(), 63) << "it is behind the router";
            late.insert(a.at - sent);
        } else {
            EXPECT_EQ(a.type_and_code(), (std::pair{3, 1}));
            EXPECT_EQ(a.source(), ip("10.0.1.2"));
        }
    }
    EXPECT_GT(replies, 90);
    EXPECT_LT(replies, 166);
    EXPECT_GT(late.size(), 80U);
    EXPECT_GE(*late.begin(), 3ms);
    EXPECT_LE(*late.rbegin(), 23ms);
    const envelope e{.from = v4.from, .to = ip("198.51.100.9"), .ttl = 1};
    EXPECT_EQ(lab.answer(udp(e, 1, 2)).type_and_code(), (std::pair{11, 0}));
    EXPECT_EQ(lab.ended(fate::no_such_host), static_cast<std::uint64_t>(256 - replies));
}

}  // namespace
}  // namespace sonde::sim
