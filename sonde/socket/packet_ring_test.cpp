// Over a pair of interfaces in a namespace of its own (tests/in_namespace.sh).
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include <sonde/socket/lab_test.hpp>
#include <sonde/socket/packet_ring.hpp>

namespace sonde::socket {
namespace {

const bpf_filter ours = bpf_filter::compile("ether proto 0x88b5", link_type::ethernet).value();

struct rings : testing::TestWithParam<ring_wake> {
    lab::veth_pair pair;
    void SetUp() override { ASSERT_TRUE(pair.made()); }

    [[nodiscard]] packet_ring open(packet_ring_options options) const {
        options.socket.interface = options.socket.interface != 0 ? options.socket.interface : pair.b.index;
        options.wake = GetParam();
        options.block_timeout = std::chrono::milliseconds{5};
        auto ring = packet_ring::open(options).value();
        EXPECT_TRUE(ring.socket().start(ours).has_value());
        return ring;
    }
    [[nodiscard]] packet_ring sender(std::uint32_t interface = 0) const {
        return packet_ring::open(
                   {.socket = {.interface = interface != 0 ? interface : pair.a.index, .send_only = true}})
            .value();
    }
    /// Waits for the next frames; none after five seconds.
    static std::span<ring_frame> next(packet_ring& ring, std::span<ring_frame> room) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
        do {
            if (const std::size_t count = ring.receive(room); count > 0) return room.first(count);
            lab::wait_readable(ring.fd(), 100);
        } while (std::chrono::steady_clock::now() < deadline);
        return {};
    }
};

INSTANTIATE_TEST_SUITE_P(packet_ring, rings, testing::Values(ring_wake::per_frame, ring_wake::per_block),
                         [](const auto& one) { return one.param == ring_wake::per_frame ? "per_frame" : "per_block"; });

TEST_P(rings, a_filter_of_nothing_ends_the_capture_and_leaves_what_came) {
    auto ring = open({});
    auto from = sender();
    const auto send = [&](std::uint32_t number) {
        const auto frame = lab::numbered_frame(pair.b, number);
        ASSERT_EQ(from.send(std::array<bytes_view, 1>{frame}).sent, 1U);
    };
    for (std::uint32_t i = 0; i < 3; ++i) send(i);
    ASSERT_TRUE(ring.socket().start(bpf_filter::nothing()).has_value());
    for (std::uint32_t i = 3; i < 6; ++i) send(i);
    EXPECT_EQ(ring.read_statistics().passed, 3U);
    std::array<ring_frame, 8> room;
    const auto got = next(ring, room);
    ASSERT_EQ(got.size(), 3U);
    for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(lab::number_of(got[i].bytes), i);
    ring.release();
    EXPECT_FALSE(lab::wait_readable(ring.fd(), 50));
}

TEST_P(rings, one_frame_and_what_the_kernel_knows_of_it) {
    auto ring = open({});
    auto from = sender();
    const auto before = std::chrono::system_clock::now();
    const auto frame = lab::numbered_frame(pair.b, 7, 321);
    ASSERT_EQ(from.send(std::array<bytes_view, 1>{frame}).sent, 1U);
    std::array<ring_frame, 4> room;
    const auto got = next(ring, room);
    ASSERT_EQ(got.size(), 1U);
    const ring_frame& in = got[0];
    EXPECT_TRUE(std::ranges::equal(in.bytes, frame));
    EXPECT_EQ(in.meta.full_size, 321U);
    EXPECT_EQ(in.meta.interface, pair.b.index);
    EXPECT_EQ(in.meta.type, packet_type::host);
    EXPECT_EQ(in.meta.protocol, lab::ethertype);
    EXPECT_EQ(in.meta.hardware_type, 1);
    EXPECT_EQ(in.meta.address_size, 6U);
    EXPECT_EQ(in.meta.address[5], std::byte{2});
    EXPECT_FALSE(in.meta.tag.has_value());
    ASSERT_TRUE(in.meta.at.has_value());
    EXPECT_GE(*in.meta.at, before - std::chrono::seconds{1});
    EXPECT_LE(*in.meta.at, std::chrono::system_clock::now() + std::chrono::seconds{1});
    EXPECT_TRUE(std::ranges::equal(in.with_tag(), frame)) << "no tag, nothing to put back";
    ring.release();
    EXPECT_EQ(ring.receive(room), 0U);
}

TEST_P(rings, many_times_around_without_a_loss) {
    // Two blocks of V2 hold a few hundred slots, of V3 a few thousand frames.
    auto ring = open({.memory = 1, .snap_length = 2048});
    EXPECT_GT(ring.memory(), 0U);
    auto from = sender();
    constexpr std::uint32_t all = 20'000;
    std::vector<std::vector<std::byte>> frames(50);
    std::vector<bytes_view> views(frames.size());
    std::array<ring_frame, 7> room;
    std::uint32_t sent = 0;
    std::uint32_t received = 0;
    while (received < all) {
        for (std::size_t i = 0; i < frames.size() && sent < all; ++i, ++sent) {
            frames[i] = lab::numbered_frame(pair.b, sent, 60 + sent % 1400);
            views[i] = frames[i];
        }
        ASSERT_EQ(from.send(views).error_number, 0);
        while (received < sent) {
            const auto got = next(ring, room);
            ASSERT_FALSE(got.empty()) << received;
            for (const ring_frame& f : got) {
                ASSERT_EQ(lab::number_of(f.bytes), received);
                ASSERT_EQ(f.bytes.size(), 60 + received % 1400);
                ++received;
            }
            ring.release();
        }
    }
    EXPECT_EQ(ring.read_statistics().passed, all);
    EXPECT_EQ(ring.read_statistics().dropped, 0U);
}

TEST_P(rings, large_frames) {
    const auto lo = find_interface("lo").value();
    packet_ring_options options{.memory = 1 << 20, .snap_length = 65550};
    options.socket.interface = lo.index;
    auto ring = open(options);
    auto from = sender(lo.index);
    std::array<ring_frame, 8> room;
    for (std::uint32_t i = 0; i < 40; ++i) {
        const auto frame = lab::numbered_frame(lo, i, i % 2 == 0 ? 65550 : 9014);
        ASSERT_EQ(from.send(std::array<bytes_view, 1>{frame}).sent, 1U);
        // On loopback it leaves and comes in: twice.
        for (std::size_t copies = 0; copies < 2;) {
            const auto got = next(ring, room);
            ASSERT_FALSE(got.empty()) << i;
            for (const ring_frame& f : got) ASSERT_TRUE(std::ranges::equal(f.bytes, frame)) << i;
            copies += got.size();
            ring.release();
        }
    }
}

TEST_P(rings, the_snap_length_cuts) {
    auto ring = open({.snap_length = 96});
    auto from = sender();
    ASSERT_EQ(from.send(std::array<bytes_view, 1>{lab::numbered_frame(pair.b, 1, 1200)}).sent, 1U);
    std::array<ring_frame, 1> room;
    ASSERT_EQ(next(ring, room).size(), 1U);
    EXPECT_EQ(room[0].bytes.size(), 96U);
    EXPECT_EQ(room[0].meta.full_size, 1200U);
    // Also without a filter of one's own.
    ring.release();
    ASSERT_TRUE(ring.socket().start({}).has_value());
    ASSERT_EQ(from.send(std::array<bytes_view, 1>{lab::numbered_frame(pair.b, 2, 1200)}).sent, 1U);
    ASSERT_EQ(next(ring, room).size(), 1U);
    EXPECT_EQ(room[0].bytes.size(), 96U);
}

TEST_P(rings, a_tag_is_put_back_in_place) {
    auto ring = open({});
    auto from = sender();
    auto frame = lab::numbered_frame(pair.b, 5, 100);
    const std::array<std::byte, 4> tag{std::byte{0x81}, std::byte{0x00}, std::byte{0xef}, std::byte{0xff}};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    ASSERT_EQ(from.send(std::array<bytes_view, 3>{frame, frame, frame}).sent, 3U);
    std::array<ring_frame, 1> room;
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(next(ring, room).size(), 1U);
        EXPECT_EQ(room[0].meta.tag, (vlan_tag{0x8100, 0xefff}));
        EXPECT_EQ(room[0].bytes.size(), 100U);
        EXPECT_TRUE(std::ranges::equal(room[0].with_tag(), frame));
        ring.release();
    }
}

TEST_P(rings, a_cooked_frame_has_no_room_problem_either) {
    packet_ring_options options;
    options.socket.cooked = true;
    options.socket.interface = pair.b.index;
    options.wake = GetParam();
    options.block_timeout = std::chrono::milliseconds{5};
    auto ring = packet_ring::open(options).value();
    ASSERT_TRUE(ring.socket().start({}).has_value());
    auto from = sender();
    const auto frame = lab::numbered_frame(pair.b, 5, 100);
    ASSERT_EQ(from.send(std::array<bytes_view, 1>{frame}).sent, 1U);
    std::array<ring_frame, 4> room;
    ASSERT_GE(next(ring, room).size(), 1U);
    EXPECT_TRUE(std::ranges::equal(room[0].bytes, bytes_view{frame}.subspan(14)));
}

TEST_P(rings, a_full_ring_drops_and_counts_and_goes_on) {
    auto ring = open({.memory = 1, .snap_length = 65535});
    auto from = sender();
    std::uint32_t number = 0;
    const auto flood = [&] {
        for (std::uint32_t i = 0; i < 3000; ++i, ++number) {
            const auto frame = lab::numbered_frame(pair.b, number, 1500);
            ASSERT_EQ(from.send(std::array<bytes_view, 1>{frame}).sent, 1U);
        }
    };
    flood();
    const auto stats = ring.read_statistics();
    EXPECT_EQ(stats.passed, 3000U);
    EXPECT_GT(stats.dropped, 0U);
    std::uint64_t kept = 0;
    std::array<ring_frame, 64> room;
    while (kept + stats.dropped < 3000) {
        const auto got = next(ring, room);
        ASSERT_FALSE(got.empty()) << kept;
        kept += got.size();
        ring.release();
    }
    EXPECT_EQ(kept + stats.dropped, 3000U);
    const auto frame = lab::numbered_frame(pair.b, 424242);
    ASSERT_EQ(from.send(std::array<bytes_view, 1>{frame}).sent, 1U);
    ASSERT_EQ(next(ring, room).size(), 1U);
    EXPECT_EQ(lab::number_of(room[0].bytes), 424242U);
}

TEST_P(rings, what_is_not_given_back_is_not_overwritten) {
    auto ring = open({.memory = 1, .snap_length = 2048});
    auto from = sender();
    std::vector<ring_frame> room(100'000);
    std::size_t held = 0;
    std::uint32_t number = 0;
    // Until the ring is full with frames that were handed out and not given back.
    while (ring.read_statistics().dropped == 0) {
        for (int i = 0; i < 20; ++i) {
            ASSERT_EQ(from.send(std::array<bytes_view, 1>{lab::numbered_frame(pair.b, number++, 1400)}).sent, 1U);
        }
        held += ring.receive(std::span{room}.subspan(held));
    }
    for (std::size_t i = 0; i < held; ++i) ASSERT_EQ(lab::number_of(room[i].bytes), i);
    EXPECT_GT(held, 0U);
}

TEST_P(rings, moves_with_its_memory) {
    auto first = open({});
    auto from = sender();
    ASSERT_EQ(from.send(std::array<bytes_view, 1>{lab::numbered_frame(pair.b, 1)}).sent, 1U);
    packet_ring second = std::move(first);
    std::array<ring_frame, 1> room;
    ASSERT_EQ(next(second, room).size(), 1U);
    auto third = open({});
    third = std::move(second);
    EXPECT_EQ(lab::number_of(room[0].bytes), 1U);
    third.release();
}

/// Bytes of address space in use.
std::size_t address_space() {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
    unsigned long pages = 0;
    if (!file || std::fscanf(file.get(), "%lu", &pages) != 1) return 0;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_P(rings, shrinks_to_what_this_process_may_have) {
    const int code = lab::in_child([&] {
        const std::size_t limit = address_space() + (24U << 20);
        const rlimit narrow{limit, limit};
        if (::setrlimit(RLIMIT_AS, &narrow) != 0) return 10;
        packet_ring_options options{.wake = GetParam(), .memory = 64 << 20, .snap_length = 2048};
        options.socket.interface = pair.b.index;
        const auto ring = packet_ring::open(options);
        if (!ring) return 11;
        if (ring->memory() == 0 || ring->memory() > (24U << 20)) return 12;
        return 0;
    });
    EXPECT_EQ(code, 0);
}

TEST(packet_ring, a_socket_for_sending_has_none) {
    const auto lo = find_interface("lo").value();
    auto ring = packet_ring::open({.socket = {.interface = lo.index, .send_only = true}}).value();
    std::array<ring_frame, 1> room;
    EXPECT_EQ(ring.memory(), 0U);
    EXPECT_EQ(ring.receive(room), 0U);
    ring.release();
}

TEST(packet_ring, a_frame_too_short_for_a_tag_stays_as_it_is) {
    std::array<std::byte, 20> memory{};
    ring_frame frame{.bytes = bytes_span{memory}.subspan(4, 11), .meta = {}};
    frame.meta.tag = vlan_tag{};
    EXPECT_EQ(frame.with_tag().data(), frame.bytes.data());
    EXPECT_EQ(frame.with_tag().size(), 11U);
}

}  // namespace
}  // namespace sonde::socket
