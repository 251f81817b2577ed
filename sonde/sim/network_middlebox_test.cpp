// NATs and firewalls.
#include <gtest/gtest.h>

#include <sonde/sim/packet_facts.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

/// us (192.168.0.1) - nat (203.0.113.1 outside) - r - target
builder behind_nat() {
    builder b;
    b.add("us", node_kind::outside);
    b.add("nat", node_kind::nat).nat = {
        .inside = {net("192.168.0.0/24"), net("fd00::/64")}, .v4 = ip("203.0.113.1"), .v6 = ip("2001:db8:113::1")};
    b.add("r", node_kind::router);
    b.add("target", node_kind::host).host.udp.at[7] = port_state::echo;
    b.join("us", "nat", {"192.168.0.1/24", "192.168.0.254/24", "fd00::1/64", "fd00::254/64"});
    b.join("nat", "r", {"203.0.113.1/30", "203.0.113.2/30", "2001:db8:113::1/64", "2001:db8:113::2/64"});
    b.join("r", "target", {"10.0.3.1/24", "10.0.3.2/24", "2001:db8:3::1/64", "2001:db8:3::2/64"});
    b.of("target").host.tcp.otherwise = port_state::open;
    return b;
}

const envelope v4{.from = ip("192.168.0.1"), .to = ip("10.0.3.2")};
const envelope v6{.from = ip("fd00::1"), .to = ip("2001:db8:3::2")};

TEST(network_nat, translates_there_and_back) {
    running lab(behind_nat());
    for (const envelope& e : {v4, v6}) {
        EXPECT_EQ(lab.answer(echo_request(e, 5)).destination(), e.from);
        const arrival echo = lab.answer(udp(e, 4000, 7));
        EXPECT_EQ(echo.source(), e.to);
        EXPECT_EQ(echo.udp().destination_port(), 4000);
        const arrival syn_ack =
            lab.answer(tcp(e, {.source_port = 4000, .destination_port = 80, .flags = wire::tcp_flag::syn}));
        EXPECT_EQ(syn_ack.tcp().destination_port(), 4000);
    }
}

TEST(network_nat, errors_from_beyond_quote_what_was_sent) {
    running lab(behind_nat());
    for (envelope e : {v4, v6}) {
        e.ttl = 2;
        const bytes probe = udp(e, 4000, 33434);
        const arrival error = lab.answer(probe);
        EXPECT_EQ(error.source(), e.to.is_v4() ? ip("203.0.113.2") : ip("2001:db8:113::2"));
        EXPECT_EQ(error.destination(), e.from);
        const std::size_t header = error.v4() ? 20 : 40;
        EXPECT_TRUE(std::ranges::equal(error.quote().subspan(header), bytes_view{probe}.subspan(header)));
        EXPECT_TRUE(std::ranges::equal(error.quote().subspan(header - 8), bytes_view{probe}.subspan(header - 8)));
        EXPECT_TRUE(!error.v4() || wire::ipv4_view::parse(error.quote(), wire::checksum_check::verify));
    }
    builder b = behind_nat();
    b.of("nat").nat.translates_quotes = false;
    running lazy(b);
    const arrival error = lazy.answer(udp({.from = v4.from, .to = v4.to, .ttl = 2}, 4000, 33434));
    EXPECT_EQ(error.destination(), v4.from);
    EXPECT_EQ(wire::ipv4_view::parse_lax(error.quote())->source(), ip("203.0.113.1")) << "as it went over the wire";
}

TEST(network_nat, is_a_hop_and_answers_for_itself) {
    running lab(behind_nat());
    EXPECT_EQ(lab.answer(udp({.from = v4.from, .to = v4.to, .ttl = 1}, 1, 2)).source(), ip("192.168.0.254"));
    EXPECT_EQ(lab.answer(echo_request({.from = v4.from, .to = ip("192.168.0.254")})).source(), ip("192.168.0.254"));
    EXPECT_EQ(lab.answer(echo_request({.from = v4.from, .to = ip("203.0.113.1")})).source(), ip("203.0.113.1"));
}

TEST(network_nat, a_full_table) {
    builder b = behind_nat();
    b.of("nat").nat.mappings = 3;
    running lab(b);
    for (std::uint16_t port = 1; port <= 5; ++port) lab.send(udp(v4, port, 7));
    EXPECT_EQ(lab.run().size(), 3U);
    EXPECT_EQ(lab.ended(fate::nat_full), 2U);
    EXPECT_EQ(lab.ask(udp(v4, 1, 7)).size(), 1U) << "who has a mapping keeps it";
}

TEST(network_nat, a_mapping_ends_when_nobody_uses_it) {
    builder b = behind_nat();
    b.of("nat").nat.mappings = 1;
    b.of("nat").nat.idle = 30s;
    running lab(b);
    EXPECT_EQ(lab.ask(udp(v4, 1, 7)).size(), 1U);
    lab.wait_until(20s);
    EXPECT_EQ(lab.ask(udp(v4, 1, 7)).size(), 1U);
    lab.wait_until(49s);
    EXPECT_TRUE(lab.ask(udp(v4, 2, 7)).empty()) << "it was used at 20 s";
    lab.wait_until(51s);
    EXPECT_EQ(lab.ask(udp(v4, 2, 7)).size(), 1U);
    EXPECT_EQ(lab.ended(fate::nat_full), 1U);

    running usual(behind_nat());
    usual.send(echo_request(v4));
    usual.send(udp(v4, 1, 7));
    EXPECT_EQ(usual.run().size(), 2U);
    usual.wait_until(61s);
    const envelope back{.from = v4.to, .to = ip("203.0.113.1")};
    EXPECT_EQ(usual.ask(udp(back, 7, 1), 3).size(), 1U) << "five minutes";
    usual.wait_until(301s);
    EXPECT_TRUE(usual.ask(udp(back, 7, 1), 3).empty());
}

/// What ends at the NAT on its way in has the inner address already, and its sender must not see that.
TEST(network_nat, its_own_errors_quote_the_address_outside) {
    builder b = behind_nat();
    b.add("them", node_kind::outside);
    b.join("r", "them", {"10.0.4.1/24", "10.0.4.2/24", "2001:db8:4::1/64", "2001:db8:4::2/64"});
    for (const bool honest : {true, false}) {
        b.of("nat").nat.translates_quotes = honest;
        running lab(b);
        for (const envelope& e : {v4, v6}) {
            lab.send(udp(e, 4000, 7));
            lab.run();
            const bool is_v4 = e.to.is_v4();
            const ip_address outside = ip(is_v4 ? "203.0.113.1" : "2001:db8:113::1");
            const envelope in{.from = ip(is_v4 ? "10.0.4.2" : "2001:db8:4::2"), .to = outside, .ttl = 2};
            const arrival error = lab.answer(udp(in, 9, 4000), b.n("them"));
            EXPECT_EQ(error.type_and_code(), is_v4 ? (std::pair{11, 0}) : (std::pair{3, 0}));
            EXPECT_EQ(destination_of(error.quote(), e.to.family()), honest ? outside : e.from);
        }
    }
}

TEST(network_nat, a_neighbour_inside_is_met_at_the_address_outside) {
    builder b = behind_nat();
    b.s.links[0].ends[0].addresses.push_back(at("192.168.0.2/24"));
    running lab(b);
    lab.ask(udp({.from = ip("192.168.0.2"), .to = v4.to}, 5000, 7));
    const arrival there = lab.answer(udp({.from = v4.from, .to = ip("203.0.113.1")}, 4000, 5000));
    EXPECT_EQ(there.source(), ip("203.0.113.1"));
    EXPECT_EQ(there.udp().source_port(), 4000);
    EXPECT_EQ(there.destination(), ip("192.168.0.2"));
    const arrival back = lab.answer(udp({.from = ip("192.168.0.2"), .to = ip("203.0.113.1")}, 5000, 4000));
    EXPECT_EQ(back.source(), ip("203.0.113.1"));
    EXPECT_EQ(back.udp().source_port(), 5000);
    EXPECT_EQ(back.destination(), v4.from);
}

TEST(network_nat, two_hosts_with_one_port) {
    builder b = behind_nat();
    b.s.links[0].ends[0].addresses.push_back(at("192.168.0.2/24"));
    running lab(b);
    EXPECT_EQ(lab.answer(udp(v4, 4000, 7)).destination(), v4.from);
    const arrival other = lab.answer(udp({.from = ip("192.168.0.2"), .to = v4.to}, 4000, 7));
    EXPECT_EQ(other.destination(), ip("192.168.0.2"));
    EXPECT_EQ(other.udp().destination_port(), 4000);
}

TEST(network_nat, puts_fragments_together_first) {
    builder b = behind_nat();
    b.between("us", "nat").behaviour.mtu = 576;
    running lab(b);
    std::size_t data = 0;
    for (const arrival& a : lab.ask(udp(v4, 4000, 7, 1400))) data += a.ipv4().payload().size();
    EXPECT_EQ(data, 1408U);
    EXPECT_GT(lab.net.node(1).reassembled, 0U);
}

TEST(network_nat, a_packet_too_large_for_the_far_side_is_reported_to_who_sent_it) {
    builder b = behind_nat();
    b.between("nat", "r").behaviour.mtu = 1280;
    running lab(b);
    envelope e = v4;
    e.dont_fragment = true;
    const arrival error = lab.answer(echo_request(e, 1, 1400));
    EXPECT_EQ(error.destination(), v4.from);
    EXPECT_EQ(error.type_and_code(), (std::pair{3, 4}));
    EXPECT_EQ(wire::ipv4_view::parse_lax(error.quote())->source(), v4.from);
}

TEST(network_firewall, drops_and_rejects_what_it_forwards) {
    builder b = chain(2);
    b.of("r2").kind = node_kind::firewall;
    b.of("r2").rules = {{.protocol = 17, .port = 53, .then = firewall_rule::verdict::pass},
                        {.protocol = 17, .then = firewall_rule::verdict::drop},
                        {.destination = net("10.0.3.0/24"), .then = firewall_rule::verdict::reject},
                        {.protocol = 58, .then = firewall_rule::verdict::reject}};
    running lab(b);
    const envelope e{.from = ip("10.0.1.1"), .to = ip("10.0.3.2")};
    EXPECT_EQ(lab.answer(udp(e, 1, 53)).type_and_code(), (std::pair{3, 3}));
    EXPECT_TRUE(lab.ask(udp(e, 1, 54)).empty());
    const arrival rejected = lab.answer(echo_request(e));
    EXPECT_EQ(rejected.type_and_code(), (std::pair{3, 13}));
    EXPECT_EQ(rejected.source(), ip("10.0.2.2"));
    EXPECT_EQ(lab.answer(echo_request({.from = ip("2001:db8:1::1"), .to = ip("2001:db8:3::2")})).type_and_code(),
              (std::pair{1, 1}));
    envelope last = e;
    last.ttl = 2;
    EXPECT_EQ(lab.answer(udp(last, 1, 54)).type_and_code(), (std::pair{11, 0})) << "the TTL comes before the rules";
    EXPECT_EQ(lab.ended(fate::filtered), 1U);
    EXPECT_EQ(lab.ended(fate::rejected), 2U);
}

}  // namespace
}  // namespace sonde::sim
