#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/probe/indexed_heap.hpp>

namespace sonde::probe {
namespace {

struct item {
    time_point key;
    std::uint32_t position = 0;
};
struct by_key {
    static time_point key(const std::vector<item>& v, std::uint32_t i) { return v[i].key; }
    static std::uint32_t& position(std::vector<item>& v, std::uint32_t i) { return v[i].position; }
};

TEST(indexed_heap, agrees_with_sorting_whatever_leaves_or_changes) {
    std::mt19937 random(7);
    std::vector<item> items(300);
    indexed_heap<std::vector<item>, by_key> heap;
    std::vector<std::uint32_t> inside;
    const auto draw = [&] { return time_point{duration{static_cast<std::int64_t>(random() % 1000)}}; };
    for (std::uint32_t i = 0; i < items.size(); ++i) {
        items[i].key = draw();
        heap.push(items, i);
        inside.push_back(i);
    }
    while (!inside.empty()) {
        const auto smallest = std::ranges::min(inside, {}, [&](std::uint32_t i) { return items[i].key; });
        ASSERT_EQ(items[heap.top()].key, items[smallest].key);
        ASSERT_EQ(heap.size(), inside.size());
        const std::size_t pick = random() % inside.size();
        const std::uint32_t element = inside[pick];
        if (random() % 2 == 0) {
            items[element].key = draw();
            heap.update(items, element);
        } else {
            heap.remove(items, element);
            EXPECT_EQ(items[element].position, heap.nowhere);
            inside.erase(inside.begin() + static_cast<std::ptrdiff_t>(pick));
        }
    }
    EXPECT_TRUE(heap.empty());
}

}  // namespace
}  // namespace sonde::probe
