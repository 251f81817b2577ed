#include <gtest/gtest.h>

#include <sonde/sim/random_stream.hpp>
#include <sonde/sim/reassembly.hpp>
#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;
using kind = reassembly::outcome::kind;

const envelope v4{.from = ip("10.0.0.1"), .to = ip("10.0.0.2"), .identification = 7};
const envelope v6{.from = ip("2001:db8::1"), .to = ip("2001:db8::2")};

std::vector<bytes> cut(const bytes& packet, std::size_t mtu) {
    const fragmenter f(packet, read_packet(packet).value().facts, mtu, 0x1234'5678);
    std::vector<bytes> out;
    for (std::size_t i = 0; i < f.count(); ++i) {
        out.emplace_back(mtu);
        out.back().resize(f.write(i, out.back()));
    }
    return out;
}

struct desk {
    packet_pool pool;
    reassembly table{pool};

    reassembly::outcome add(const bytes& fragment, time_point now = {}) {
        const packet_id id = pool.take(fragment.size());
        std::ranges::copy(fragment, pool[id].bytes().begin());
        pool[id].facts = read_packet(fragment).value().facts;
        auto out = table.add(id, now);
        if (out.what == kind::dropped) {
            for (const packet_id f : out.fragments) pool.give_back(f);
        }
        return out;
    }
};

TEST(fragmentation, is_undone_in_any_order) {
    random_stream random{1};
    for (const envelope& e : {v4, v6}) {
        for (const std::size_t size : {600U, 1400U, 5000U}) {
            const bytes whole = udp(e, 1, 2, size);
            auto fragments = cut(whole, 576);
            EXPECT_GT(fragments.size(), 1U);
            for (std::size_t i = fragments.size(); i > 1; --i) std::swap(fragments[i - 1], fragments[random.below(i)]);
            desk d;
            for (std::size_t i = 0; i < fragments.size(); ++i) {
                EXPECT_LE(fragments[i].size(), 576U);
                const auto out = d.add(fragments[i]);
                ASSERT_EQ(out.what, i + 1 == fragments.size() ? kind::whole : kind::waiting);
                if (out.what != kind::whole) continue;
                bytes together(70'000);
                together.resize(put_together(d.pool, out.fragments, together));
                EXPECT_EQ(together, whole);
            }
            EXPECT_EQ(d.table.next_deadline(), time_point::max());
        }
    }
}

TEST(fragmentation, of_fragments) {
    const bytes whole = udp(v4, 1, 2, 1400);
    desk d;
    reassembly::outcome last;
    for (const bytes& piece : cut(whole, 1000)) {
        for (const bytes& smaller : cut(piece, 300)) last = d.add(smaller);
    }
    ASSERT_EQ(last.what, kind::whole);
    bytes together(2000);
    together.resize(put_together(d.pool, last.fragments, together));
    EXPECT_EQ(together, whole);
}

TEST(fragmentation, options_that_are_copied) {
    // Record route (7) stays in the first, loose source route (131) goes into all.
    const bytes options{std::byte{7}, std::byte{3}, std::byte{4}, std::byte{1}, std::byte{131}, std::byte{7},
                        std::byte{8}, std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},   std::byte{0}};
    const bytes data(200);
    const wire::ipv4_message m{
        .protocol = 99, .source = v4.from, .destination = v4.to, .options = options, .payload = data};
    bytes packet(m.size());
    m.emit(packet, wire::checksum_fill::compute);
    const auto fragments = cut(packet, 128);
    ASSERT_GE(fragments.size(), 2U);
    EXPECT_EQ(wire::ipv4_view::parse(fragments[0], wire::checksum_check::verify)->options().size(), 12U);
    const auto second = wire::ipv4_view::parse(fragments[1], wire::checksum_check::verify);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->options().size(), 8U);
    EXPECT_EQ(second->options()[0], std::byte{131});
}

TEST(fragmentation, an_mtu_without_room) {
    EXPECT_TRUE(cut(udp(v4, 1, 2, 100), 27).empty());
    EXPECT_TRUE(cut(udp(v4, 1, 2, 100), 0).empty());
    EXPECT_EQ(cut(udp(v4, 1, 2, 100), 28).size(), 14U);
}

TEST(reassembly, what_overlaps_goes_with_all_the_rest) {
    const bytes whole = udp(v4, 1, 2, 1400);
    const auto coarse = cut(whole, 1000);
    const auto fine = cut(whole, 300);
    desk d;
    EXPECT_EQ(d.add(coarse[0]).what, kind::waiting);
    EXPECT_EQ(d.add(coarse[0]).fragments.size(), 1U) << "the same twice is dropped by itself";
    EXPECT_EQ(d.add(fine[1]).fragments.size(), 2U);
    EXPECT_EQ(d.pool.live(), 0U);
}

TEST(reassembly, waits_so_long) {
    const auto four = cut(udp(v4, 1, 2, 1400), 576);
    const auto six = cut(udp(v6, 1, 2, 1400), 1280);
    desk d;
    static_cast<void>(d.add(four[0], time_point{1s}));
    static_cast<void>(d.add(six[0], time_point{2s}));
    EXPECT_EQ(d.table.next_deadline(), time_point{31s});
    EXPECT_TRUE(d.table.expire(time_point{31s - 1ns}).empty());
    EXPECT_EQ(d.table.expire(time_point{31s}).size(), 1U);
    EXPECT_EQ(d.table.next_deadline(), time_point{62s});
    EXPECT_EQ(d.table.expire(time_point{62s}).size(), 1U);
    EXPECT_TRUE(d.table.expire(time_point{1h}).empty());
}

TEST(reassembly, is_bounded) {
    desk d;
    for (std::size_t i = 0; i < reassembly::packets_max + 10; ++i) {
        envelope e = v4;
        e.identification = static_cast<std::uint16_t>(i);
        const auto out = d.add(cut(udp(e, 1, 2, 100), 100)[0]);
        EXPECT_EQ(out.what, i < reassembly::packets_max ? kind::waiting : kind::dropped);
    }
    EXPECT_EQ(d.pool.live(), reassembly::packets_max);
    desk many;
    const auto fragments = cut(udp(v4, 1, 2, 8 * 200), 28);
    for (std::size_t i = 1; i <= reassembly::fragments_max; ++i) EXPECT_EQ(many.add(fragments[i]).what, kind::waiting);
    EXPECT_EQ(many.add(fragments[reassembly::fragments_max + 1]).what, kind::dropped);
}

TEST(reassembly, nodes_and_identifications_are_apart) {
    const auto fragments = cut(udp(v4, 1, 2, 1400), 1000);
    desk d;
    static_cast<void>(d.add(fragments[0]));
    bytes other = fragments[1];
    other[5] ^= std::byte{1};
    store_be(bytes_span{other}, 10, std::uint16_t{0});
    store_be(bytes_span{other}, 10, wire::internet_checksum(bytes_view{other}.first(20)));
    EXPECT_EQ(d.add(other).what, kind::waiting);
    EXPECT_EQ(d.add(fragments[1]).what, kind::whole);
}

TEST(reassembly, of_lengths_that_lie) {
    desk d;
    bytes beyond = cut(udp(v4, 1, 2, 1400), 1000)[1];
    store_be(bytes_span{beyond}, 6, std::uint16_t{0x1fff});
    store_be(bytes_span{beyond}, 10, std::uint16_t{0});
    store_be(bytes_span{beyond}, 10, wire::internet_checksum(bytes_view{beyond}.first(20)));
    EXPECT_EQ(d.add(beyond).what, kind::dropped) << "past 65,535";
    bytes odd = wrapped(v4, 17, bytes(9));
    store_be(bytes_span{odd}, 6, std::uint16_t{0x2000});
    store_be(bytes_span{odd}, 10, std::uint16_t{0});
    store_be(bytes_span{odd}, 10, wire::internet_checksum(bytes_view{odd}.first(20)));
    EXPECT_EQ(d.add(odd).what, kind::dropped) << "no multiple of 8";
}

}  // namespace
}  // namespace sonde::sim
