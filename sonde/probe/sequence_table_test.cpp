#include <gtest/gtest.h>

#include <sonde/probe/sequence_table.hpp>

namespace sonde::probe {
namespace {

using namespace std::chrono_literals;

constexpr time_point start_of_time{100s};

sequence_table::request request(std::uint64_t id, duration timeout = 1s) {
    return {.id = id, .series = false, .target = ip_address::v4(1), .deadline = start_of_time + timeout, .profile = 0};
}

TEST(sequence_table, counts_from_one_and_wraps_through_zero) {
    sequence_table table;
    EXPECT_EQ(table.find(1), nullptr);
    for (std::uint32_t i = 1; i <= 70'000; ++i) {
        const auto sequence = table.start(start_of_time, request(i));
        ASSERT_EQ(sequence, static_cast<std::uint16_t>(i));
        EXPECT_EQ(table.serial(*table.find(*sequence), *sequence), i);
        table.finish(*sequence, slot_state::replied, start_of_time);
    }
}

TEST(sequence_table, full_table_gives_nothing_until_one_ends) {
    sequence_table table;
    for (std::uint32_t i = 0; i < sequence_table::capacity; ++i) ASSERT_TRUE(table.start(start_of_time, request(i)));
    EXPECT_EQ(table.in_flight(), sequence_table::capacity);
    EXPECT_FALSE(table.start(start_of_time, request(1)));
    EXPECT_EQ(table.available_at(), time_point::max());
    table.finish(4711, slot_state::replied, start_of_time);
    EXPECT_EQ(table.start(start_of_time, request(9)), 4711);
    EXPECT_LE(table.bytes(), sequence_table::capacity * 64U);
}

TEST(sequence_table, quarantine_keeps_a_number_back_and_says_until_when) {
    sequence_table table;
    for (std::uint32_t i = 0; i < sequence_table::capacity; ++i) ASSERT_TRUE(table.start(start_of_time, request(i)));
    table.finish(5, slot_state::expired, start_of_time + 3s);
    EXPECT_FALSE(table.start(start_of_time + 2s, request(1)));
    const time_point again = table.available_at();
    EXPECT_GE(again, start_of_time + 3s);
    EXPECT_LE(again, start_of_time + 3200ms);
    EXPECT_FALSE(table.start(start_of_time + 2900ms, request(1)));
    EXPECT_EQ(table.start(again, request(1)), 5);
}

TEST(sequence_table, remembers_the_last_holder) {
    sequence_table table;
    const auto sequence = *table.start(start_of_time, request(42));
    table.finish(sequence, slot_state::expired, start_of_time + 1s);
    EXPECT_EQ(table.find(sequence)->id, 42U);
    EXPECT_EQ(table.find(sequence)->phase(), slot_state::expired);
    EXPECT_EQ(table.find(static_cast<std::uint16_t>(sequence + 1)), nullptr);
}

TEST(sequence_table, the_earliest_deadline_comes_first) {
    sequence_table table;
    (void)table.start(start_of_time, request(1, 3h));
    const auto soon = *table.start(start_of_time, request(2, 10ms));
    (void)table.start(start_of_time, request(3, 1s));
    EXPECT_EQ(table.earliest()->sequence, soon);
    table.set_deadline(table.flight_of(*table.find(1)), start_of_time + 1ms);
    EXPECT_EQ(table.earliest()->sequence, 1);
    table.finish(1, slot_state::replied, start_of_time);
    EXPECT_EQ(table.earliest()->sequence, soon);
}

}  // namespace
}  // namespace sonde::probe
