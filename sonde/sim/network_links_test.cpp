// What links do to packets.
#include <set>

#include <gtest/gtest.h>

#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

const envelope v4{.from = ip("10.0.1.1"), .to = ip("10.0.3.2")};
const envelope v6{.from = ip("2001:db8:1::1"), .to = ip("2001:db8:3::2")};

builder with(const link_behaviour& middle) {
    builder b = chain(2);
    b.between("r1", "r2").behaviour = middle;
    return b;
}

/// Sequence numbers in the order in which they come.
std::vector<unsigned> sequences(const std::vector<arrival>& all) {
    std::vector<unsigned> out;
    for (const arrival& a : all) {
        out.push_back(wire::icmp_echo_message::from(a.family(), a.icmp(wire::checksum_check::trust))->sequence);
    }
    return out;
}

bool link_adds_up(const link_counts& c) {
    return c.packets + c.duplicated == c.carried + c.lost + c.queue_full + c.down + c.on_the_way;
}

TEST(network_links, loss_and_duplicates_in_their_share) {
    running lab(with({.delay = 1ms, .loss = 0.2, .duplicate = 0.1}));
    for (std::uint16_t i = 0; i < 1000; ++i) lab.send(echo_request(v4, i));
    const auto replies = lab.run().size();
    const link_counts& there = lab.net.link(1);
    const link_counts& back = lab.net.link(1, true);
    EXPECT_EQ(there.packets, 1000U);
    EXPECT_NEAR(static_cast<double>(there.lost), 200, 60);
    EXPECT_NEAR(static_cast<double>(there.duplicated), 80, 40);
    EXPECT_EQ(back.packets, there.carried);
    EXPECT_EQ(replies, back.carried);
    EXPECT_TRUE(link_adds_up(there) && link_adds_up(back));
    EXPECT_EQ(lab.ended(fate::lost), there.lost + back.lost);
    EXPECT_EQ(lab.net.counts().duplicated, there.duplicated + back.duplicated);
}

TEST(network_links, jitter_keeps_the_order_and_reordering_does_not) {
    const auto order = [](const link_behaviour& behaviour) {
        running lab(with(behaviour));
        for (std::uint16_t i = 0; i < 100; ++i) lab.send(echo_request(v4, i));
        return sequences(lab.run());
    };
    EXPECT_TRUE(std::ranges::is_sorted(order({.delay = 1ms, .jitter = 30ms})));
    const auto mixed_up = order({.delay = 1ms, .jitter = 30ms, .reorder = 0.3});
    EXPECT_FALSE(std::ranges::is_sorted(mixed_up));
    EXPECT_EQ(mixed_up.size(), 100U);
}

TEST(network_links, jitter_stays_in_its_bounds) {
    running lab(with({.delay = 10ms, .jitter = 5ms}));
    std::set<duration> seen;
    for (int i = 0; i < 50; ++i) {
        lab.wait_until(i * 1s);
        seen.insert(lab.answer(echo_request(v4)).at - i * 1s);
    }
    EXPECT_GE(*seen.begin(), 24ms);
    EXPECT_LE(*seen.rbegin(), 34ms);
    EXPECT_GT(seen.size(), 45U);
}

TEST(network_links, a_changed_bit_spoils_the_checksum) {
    running lab(with({.delay = 1ms, .corrupt = 1}));
    for (std::uint16_t i = 0; i < 20; ++i) lab.send(echo_request(v4, i));
    EXPECT_TRUE(lab.run().empty());
    EXPECT_EQ(lab.ended(fate::malformed), 20U);
    EXPECT_EQ(lab.net.link(1).corrupted, 20U);
}

TEST(network_links, a_bandwidth_with_a_queue) {
    // 1000 bytes take 8 ms; one is being sent, two wait.
    running lab(with({.delay = 1ms, .bandwidth = 1e6, .queue = 2}));
    for (std::uint16_t i = 0; i < 10; ++i) lab.send(echo_request(v4, i, 1000 - 28));
    const auto all = lab.run();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].at, 6ms + 16ms);
    EXPECT_EQ(all[1].at, all[0].at + 8ms);
    EXPECT_EQ(all[2].at, all[1].at + 8ms);
    EXPECT_EQ(lab.ended(fate::queue_full), 7U);
    EXPECT_EQ(lab.net.link(1).queue_full, 7U);
    EXPECT_EQ(lab.net.link(1).bytes, 10'000U);
}

TEST(network_links, one_direction_is_slower) {
    builder b = chain(2);
    b.between("r1", "r2").backwards = link_behaviour{.delay = 40ms};
    running lab(b);
    EXPECT_EQ(lab.answer(echo_request(v4)).at, 45ms);
}

TEST(network_links, a_small_mtu_is_reported) {
    running lab(with({.delay = 1ms, .mtu = 1280}));
    envelope e = v4;
    e.dont_fragment = true;
    const arrival needed = lab.answer(echo_request(e, 1, 1300));
    EXPECT_EQ(needed.type_and_code(), (std::pair{3, 4}));
    EXPECT_EQ(needed.icmp().rest(), 1280U);
    EXPECT_EQ(needed.source(), ip("10.0.1.2"));
    const arrival too_big = lab.answer(echo_request(v6, 1, 1300));
    EXPECT_EQ(too_big.type_and_code(), (std::pair{2, 0}));
    EXPECT_EQ(too_big.icmp().rest(), 1280U);
    EXPECT_EQ(lab.ended(fate::too_big), 2U);
    EXPECT_EQ(lab.answer(echo_request(e, 1, 1280 - 28)).icmp().type(), 0);
}

TEST(network_links, a_small_mtu_cuts_into_fragments) {
    running lab(with({.delay = 1ms, .mtu = 576}));
    const auto replies = lab.ask(echo_request(v4, 1, 1400));
    EXPECT_EQ(replies.size(), 3U) << "the host's reply is cut on its way back, and nobody puts it together";
    EXPECT_EQ(lab.net.counts().fragmented, 4U);
    EXPECT_EQ(lab.net.counts().reassembled, 2U) << "the request was, at the host";
    EXPECT_EQ(lab.net.node(3).reassembled, 2U);
    EXPECT_EQ(lab.net.node(1).fragmented, 2U);
    std::size_t data = 0;
    for (const arrival& a : replies) data += a.ipv4().payload().size();
    EXPECT_EQ(data, 1408U);
}

TEST(network_links, a_host_of_ipv6_learns_the_paths_mtu) {
    running lab(with({.delay = 1ms, .mtu = 1280}));
    // In fragments to the host, as a kernel sends them that knows the MTU.
    const bytes whole = echo_request(v6, 1, 1400);
    const auto send = [&] {
        for (const std::size_t from : {std::size_t{0}, std::size_t{1000}}) {
            const auto view = wire::ipv6_view::parse(whole).value();
            const bytes_view data = view.payload().subspan(from, from == 0 ? 1000 : 408);
            bytes payload(8 + data.size());
            wire::ipv6_fragment_message{.next_header = 58,
                                        .fragment_offset = static_cast<std::uint16_t>(from / 8),
                                        .more_fragments = from == 0,
                                        .identification = 7}
                .emit(payload);
            std::ranges::copy(data, payload.begin() + 8);
            lab.send(wrapped(v6, 44, payload));
        }
        return lab.run();
    };
    EXPECT_TRUE(send().empty()) << "the first reply is too big on its way back";
    EXPECT_EQ(lab.ended(fate::too_big), 1U);
    const auto second = send();
    ASSERT_EQ(second.size(), 2U);
    EXPECT_TRUE(second[0].ipv6().upper_layer()->is_fragment);
    EXPECT_LE(second[0].packet.size(), 1280U);
}

TEST(network_links, fragments_that_never_become_whole) {
    running lab(with({.delay = 1ms, .mtu = 576}));
    bytes first = udp(v4, 1, 2, 64);
    first[6] = std::byte{0x20};  // more fragments
    first[10] = first[11] = std::byte{0};
    store_be(bytes_span{first}, 10, wire::internet_checksum(bytes_view{first}.first(20)));
    lab.send(first);
    EXPECT_EQ(lab.net.counts().on_the_way, 1U);
    const arrival error = lab.run().at(0);
    EXPECT_EQ(error.type_and_code(), (std::pair{11, 1}));
    EXPECT_EQ(error.source(), v4.to);
    EXPECT_EQ(error.at, 30s + 6ms);
    EXPECT_EQ(lab.ended(fate::reassembly), 1U);
}

TEST(network_links, a_link_that_is_down) {
    builder b = chain(2);
    link_behaviour down = b.between("r1", "r2").behaviour;
    down.down = true;
    b.s.changes = {{.at = 1s, .what = change::link_change{.link = b.l("r1", "r2"), .behaviour = down}},
                   {.at = 2s, .what = change::link_change{.link = b.l("r1", "r2"), .behaviour = {.delay = 1ms}}}};
    running lab(b);
    EXPECT_EQ(lab.answer(echo_request(v4)).icmp().type(), 0);
    lab.wait_until(1s - 1500us);
    lab.send(echo_request(v4));  // it is on the link when that breaks
    EXPECT_TRUE(lab.run(1500ms).empty());
    EXPECT_EQ(lab.ended(fate::link_down), 1U);
    EXPECT_EQ(lab.net.link(1).down, 1U);
    EXPECT_TRUE(link_adds_up(lab.net.link(1)));
    lab.wait_until(1500ms);
    EXPECT_EQ(lab.answer(echo_request(v4)).type_and_code(), (std::pair{3, 0})) << "the machine itself has no way";
    lab.wait_until(2s);
    EXPECT_EQ(lab.answer(echo_request(v4)).icmp().type(), 0);
}

}  // namespace
}  // namespace sonde::sim
