#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/probe/probe_table.hpp>

namespace sonde::probe {
namespace {

using namespace std::chrono_literals;

const ip_address target = ip_address::v4(0xcb007150U);

std::vector<std::uint32_t> members(const probe_table& table, const flow_key& flow) {
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = table.first_of(flow); i != probe_table::nowhere; i = table[i].next_in_flow) {
        found.push_back(i);
    }
    std::ranges::sort(found);
    return found;
}

TEST(probe_table, a_place_is_known_until_its_probe_is_over) {
    probe_table table;
    const auto index = table.add({.serial = 1, .deadline = time_point{5s}});
    const probe_place place = table.place(index);
    EXPECT_EQ(table.find(place), index);
    EXPECT_EQ(table.find({index + 1, 0}), probe_table::nowhere);
    table.remove(index);
    EXPECT_EQ(table.find(place), probe_table::nowhere);
    EXPECT_EQ(table.add({.serial = 2}), index);
    EXPECT_EQ(table.find(place), probe_table::nowhere);
    EXPECT_EQ(table.size(), 1U);
}

TEST(probe_table, flows_and_deadlines_agree_with_a_plain_list) {
    std::mt19937 random(7);
    probe_table table;
    std::map<std::uint32_t, std::pair<flow_key, time_point>> model;
    for (int step = 0; step < 3000; ++step) {
        const auto dice = random() % 10;
        if (dice < 5 || model.empty()) {
            const flow_key flow{0, target, static_cast<std::uint16_t>(random() % 3)};
            const time_point deadline{1s * (random() % 1000)};
            const auto index = table.add({.flow = flow, .deadline = deadline});
            ASSERT_TRUE(model.try_emplace(index, flow, deadline).second);
        } else {
            auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
            if (dice < 7) {
                victim->second.second = time_point{std::chrono::seconds{random() % 1000}};
                table.set_deadline(victim->first, victim->second.second);
            } else {
                table.remove(victim->first);
                model.erase(victim);
            }
        }
        ASSERT_EQ(table.size(), model.size());
        if (model.empty()) continue;
        time_point earliest = time_point::max();
        for (const auto& [index, m] : model) earliest = std::min(earliest, m.second);
        ASSERT_EQ(table[table.earliest()].deadline, earliest);
        if (step % 50 != 0) continue;
        for (std::uint16_t port = 0; port < 3; ++port) {
            std::vector<std::uint32_t> expected;
            for (const auto& [index, m] : model) {
                if (m.first.port == port) expected.push_back(index);
            }
            ASSERT_EQ(members(table, {0, target, port}), expected);
        }
    }
}

TEST(probe_numbers, go_round_and_step_over_what_is_out) {
    probe_numbers numbers;
    EXPECT_EQ(numbers.find(1), nullptr);
    const auto first = numbers.next().value();
    numbers.start(first, 77, target, 9);
    for (std::uint32_t i = 1; i < probe_numbers::capacity; ++i) {
        const auto serial = numbers.next().value();
        ASSERT_LT(probe_numbers::number(serial), probe_numbers::capacity);
        numbers.start(serial, i, target, 9);
    }
    EXPECT_FALSE(numbers.next());
    const auto* holder = numbers.find(probe_numbers::number(first));
    ASSERT_NE(holder, nullptr);
    EXPECT_EQ(holder->flight, 77U);
    numbers.finish(first + 5, true);
    EXPECT_TRUE(numbers.find(probe_numbers::number(first + 5))->answered);
    const auto again = numbers.next().value();
    EXPECT_EQ(probe_numbers::number(again), probe_numbers::number(first + 5));
    EXPECT_NE(again, first + 5);
    numbers.finish(again, false);  // not out: nothing happens
    EXPECT_EQ(numbers.next(), again);
}

}  // namespace
}  // namespace sonde::probe
