// Counts what the machine allocates: nothing, once it has reached its high-water mark.
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include <sonde/probe/prober_rig_test.hpp>

namespace {
std::atomic<std::uint64_t> allocations{0};
}

void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace sonde::probe::testing {
namespace {

using namespace std::chrono_literals;

constexpr int at_once = 1000;

/// A round of pings: a third answered, a third timing out, a third refused by a router; and some cancelled.
void round_trip(rig& r, std::vector<std::byte>& scratch) {
    std::array<flight_ref, at_once> where;
    std::uint64_t id = 0;
    for (int i = 0; i < at_once; ++i) {
        r.prober.ping(r.now, {.destination = ip_address::v4(0xc0000201), .timeout = 10ms}, ++id);
    }
    for (int i = 0; i < at_once; ++i) {
        const auto t = r.prober.poll_transmit(r.now, r.buffer);
        if (!t) {
            r.prober.add_lane(r.prober.lane_wanted()->family, rig::identifier, wire::checksum_fill::leave);
            --i;
            continue;
        }
        where[static_cast<std::size_t>(i)] = t->where;
        scratch.assign(t->datagram.begin(), t->datagram.end());
        if (i % 3 == 0) {
            scratch[0] = std::byte{0};
            r.prober.handle_datagram(r.now,
                                     {.lane = 0,
                                      .from = ip_address::v4(0xc0000201),
                                      .received_at = {},
                                      .hop_limit = {},
                                      .full_size = 64,
                                      .checksum = wire::checksum_check::trust},
                                     scratch);
        } else if (i % 3 == 1) {
            r.prober.handle_error(r.now,
                                  {.lane = 0,
                                   .destination = ip_address::v4(0xc0000201),
                                   .offender = ip_address::v4(0xc00002fe),
                                   .type = 3,
                                   .code = 1,
                                   .info = 0,
                                   .received_at = {}},
                                  scratch);
        } else if (i % 10 == 5) {
            (void)r.prober.cancel(r.now, t->id, t->where);
        }
        while (r.prober.poll_event()) {
        }
    }
    r.now += 10ms;
    while (r.prober.next_timeout() <= r.now) {
        r.prober.handle_timeout(r.now);
        while (r.prober.poll_event()) {
        }
    }
}

TEST(echo_prober_memory, the_steady_state_allocates_nothing) {
    rig r;
    std::vector<std::byte> scratch;
    // Once through all sequence numbers, and the tables have their size.
    for (int i = 0; i < 70; ++i) {
        round_trip(r, scratch);
        r.now += 2s;
    }
    const std::uint64_t before = allocations;
    for (int i = 0; i < 70; ++i) {
        round_trip(r, scratch);
        r.now += 2s;
    }
    EXPECT_EQ(allocations - before, 0U);
    EXPECT_EQ(r.counts().sent, 140U * at_once);
    EXPECT_TRUE(r.counts().adds_up());
}

TEST(echo_prober_memory, the_counter_counts) {
    const std::uint64_t before = allocations;
    const auto block = std::make_unique<int>(1);
    EXPECT_EQ(allocations - before, 1U);
}

}  // namespace
}  // namespace sonde::probe::testing
