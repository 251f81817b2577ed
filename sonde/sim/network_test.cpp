#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

const envelope v4{.from = ip("10.0.1.1"), .to = ip("10.0.4.2")};
const envelope v6{.from = ip("2001:db8:1::1"), .to = ip("2001:db8:4::2")};

envelope with_ttl(envelope e, unsigned ttl) {
    e.ttl = static_cast<std::uint8_t>(ttl);
    return e;
}

TEST(network, carries_an_echo_there_and_back) {
    for (const envelope& e : {v4, v6}) {
        running lab(chain(3));
        const arrival reply = lab.answer(echo_request(e, 7));
        EXPECT_EQ(reply.at, 8ms) << "four links, twice";
        EXPECT_EQ(reply.source(), e.to);
        EXPECT_EQ(reply.destination(), e.from);
        EXPECT_EQ(reply.ttl(), 255 - 3);
        const auto echo = wire::icmp_echo_message::from(reply.family(), reply.icmp());
        ASSERT_TRUE(echo);
        EXPECT_TRUE(echo->reply);
        EXPECT_EQ(echo->sequence, 7);
        EXPECT_EQ(echo->payload.size(), 16U);
        EXPECT_EQ(lab.ended(fate::answered), 1U);
        EXPECT_EQ(lab.ended(fate::delivered), 1U);
        EXPECT_EQ(lab.net.counts().forwarded, 6U);
        EXPECT_EQ(lab.net.next_deadline(), time_point::max());
    }
}

TEST(network, a_router_reports_from_the_incoming_interface) {
    for (unsigned ttl = 1; ttl <= 3; ++ttl) {
        running lab(chain(3));
        const std::string number = std::to_string(ttl);
        const arrival v4_error = lab.answer(udp(with_ttl(v4, ttl), 40000, 33434));
        EXPECT_EQ(v4_error.source(), ip("10.0." + number + ".2"));
        EXPECT_EQ(v4_error.type_and_code(), (std::pair{11, 0}));
        EXPECT_EQ(v4_error.at, ttl * 2ms);
        const arrival v6_error = lab.answer(udp(with_ttl(v6, ttl), 40000, 33434));
        EXPECT_EQ(v6_error.source(), ip("2001:db8:" + number + "::2"));
        EXPECT_EQ(v6_error.type_and_code(), (std::pair{3, 0}));
        EXPECT_EQ(lab.ended(fate::expired), 2U);
    }
}

TEST(network, a_closed_port_is_unreachable) {
    running lab(chain(3));
    const bytes probe = udp(with_ttl(v4, 4), 40000, 33434);
    const arrival error = lab.answer(probe);
    EXPECT_EQ(error.source(), v4.to);
    EXPECT_EQ(error.type_and_code(), (std::pair{3, 3}));
    const auto quoted = wire::ipv4_view::parse(error.quote(), wire::checksum_check::verify);
    ASSERT_TRUE(quoted) << "the checksum was brought up to date at every hop";
    EXPECT_EQ(quoted->ttl(), 1);
    EXPECT_TRUE(std::ranges::equal(quoted->payload(), bytes_view{probe}.subspan(20)));
    EXPECT_EQ(lab.answer(udp(with_ttl(v6, 4), 40000, 33434)).type_and_code(), (std::pair{1, 4}));
}

TEST(network, counts_what_is_no_packet) {
    running lab(chain(1));
    lab.send({});
    lab.send(bytes(19, std::byte{0x45}));
    bytes wrong = echo_request(v4);
    wrong[10] ^= std::byte{1};
    lab.send(wrong);
    lab.send(echo_request(v4), 99);
    EXPECT_TRUE(lab.run().empty());
    EXPECT_EQ(lab.ended(fate::malformed), 4U);
    EXPECT_EQ(lab.net.counts().injected, 4U);
    EXPECT_EQ(lab.net.node(0).ended[static_cast<std::size_t>(fate::malformed)], 3U);
}

TEST(network, padding_stays_behind) {
    running lab(chain(1));
    bytes padded = echo_request({.from = v4.from, .to = ip("10.0.2.2")});
    const std::size_t size = padded.size();
    padded.resize(size + 18);
    EXPECT_EQ(lab.answer(padded).packet.size(), size);
}

TEST(network, nobody_knows_the_way) {
    running lab(chain(2));
    // The first who does not know is the machine itself.
    const arrival own = lab.answer(echo_request({.from = v4.from, .to = ip("198.51.100.1")}));
    EXPECT_EQ(own.source(), v4.from);
    EXPECT_EQ(own.type_and_code(), (std::pair{3, 0}));
    const arrival own6 = lab.answer(echo_request({.from = v6.from, .to = ip("2001:db8:ffff::1")}));
    EXPECT_EQ(own6.type_and_code(), (std::pair{1, 0}));
    // On the target's link there is no such host: its router says so.
    const arrival none = lab.answer(echo_request({.from = v4.from, .to = ip("10.0.3.77")}));
    EXPECT_EQ(none.source(), ip("10.0.2.2"));
    EXPECT_EQ(none.type_and_code(), (std::pair{3, 1}));
    EXPECT_EQ(lab.answer(echo_request({.from = v6.from, .to = ip("2001:db8:3::77")})).type_and_code(),
              (std::pair{1, 3}));
    EXPECT_EQ(lab.ended(fate::no_route), 2U);
    EXPECT_EQ(lab.ended(fate::no_such_host), 2U);
}

TEST(network, the_same_twice_is_the_same) {
    const auto run = [](std::uint64_t seed) {
        builder b =
            chain(4, {.delay = 1ms, .jitter = 3ms, .loss = 0.1, .duplicate = 0.2, .reorder = 0.2, .corrupt = 0.1});
        b.s.seed = seed;
        running lab(b);
        for (std::uint16_t i = 0; i < 200; ++i) lab.send(echo_request({.from = v4.from, .to = ip("10.0.5.2")}, i));
        std::vector<std::pair<duration, bytes>> all;
        for (auto& a : lab.run()) all.emplace_back(a.at, std::move(a.packet));
        return all;
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
    EXPECT_GT(run(1).size(), 50U);
}

TEST(network, what_is_too_much_is_counted) {
    builder b = chain(1);
    b.s.events_limit = 4;
    running lab(b);
    const bytes request = echo_request({.from = v4.from, .to = ip("10.0.2.2")});
    for (int i = 0; i < 10; ++i) lab.send(request);
    EXPECT_EQ(lab.ended(fate::overload), 6U);
    EXPECT_EQ(lab.run().size(), 4U);
    // What is delivered and not taken is bounded, too.
    for (int i = 0; i < 10; ++i) {
        lab.send(request);
        lab.wait_until(lab.now.time_since_epoch() + 1s);
    }
    EXPECT_EQ(lab.ended(fate::overload), 12U);
    EXPECT_EQ(lab.run().size(), 4U);
    EXPECT_TRUE(lab.net.counts().adds_up());
}

TEST(network, a_delivery_stays_until_the_next_call) {
    network net(chain(1).s);
    const bytes request = echo_request({.from = v4.from, .to = ip("10.0.2.2")});
    net.send(time_point{}, 0, request);
    net.send(time_point{}, 0, request);
    net.advance(time_point{1s});
    const auto first = net.poll_delivery();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->at, time_point{4ms});
    EXPECT_EQ(first->packet.size(), request.size());
    EXPECT_TRUE(net.poll_delivery());
    EXPECT_FALSE(net.poll_delivery());
}

TEST(network, a_router_answers_for_itself) {
    running lab(chain(3));
    EXPECT_EQ(lab.answer(echo_request({.from = v4.from, .to = ip("10.0.2.2"), .ttl = 2})).source(), ip("10.0.2.2"));
    EXPECT_EQ(lab.answer(echo_request({.from = v4.from, .to = ip("10.0.3.1"), .ttl = 2})).source(), ip("10.0.3.1"))
        << "an interface on its far side is as near";
    EXPECT_EQ(lab.answer(udp({.from = v6.from, .to = ip("2001:db8:2::2")}, 1, 2)).type_and_code(), (std::pair{1, 4}));
}

TEST(network, names_of_fates) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < fate_count; ++i) names.insert(to_string(static_cast<fate>(i)));
    EXPECT_EQ(names.size(), fate_count);
    EXPECT_EQ(to_string(fate::no_such_host), "no_such_host");
    EXPECT_EQ(to_string(fate::overload), "overload");
}

TEST(network, what_does_not_add_up_is_seen) {
    network_counts c{.injected = 3, .on_the_way = 1};
    c.ended[0] = 2;
    EXPECT_TRUE(c.adds_up());
    ++c.ended[1];
    EXPECT_FALSE(c.adds_up());
}

}  // namespace
}  // namespace sonde::sim
