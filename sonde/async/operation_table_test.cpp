#include <gtest/gtest.h>

#include <sonde/async/operation_table.hpp>

namespace sonde::async {
namespace {

TEST(operation_table, a_number_is_not_used_again_though_its_place_is) {
    operation_table table;
    const auto first = table.add();
    const auto second = table.add();
    ASSERT_NE(first, second);
    table.find(first)->lingers = true;
    table.remove(first);
    EXPECT_EQ(table.find(first), nullptr);
    ASSERT_NE(table.find(second), nullptr);
    const auto third = table.add();
    EXPECT_NE(third, first);
    EXPECT_EQ(static_cast<std::uint32_t>(third), static_cast<std::uint32_t>(first));
    EXPECT_FALSE(table.find(third)->lingers);
    EXPECT_EQ(table.find(first), nullptr);
    EXPECT_EQ(table.find(0xffffffff), nullptr);
}

}  // namespace
}  // namespace sonde::async
