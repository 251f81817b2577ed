#include <utility>
#include <vector>

#include <cli/address_notebook.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

const ip_address known = ip_address::parse("192.0.2.1").value();

TEST(address_notebook, a_name_is_looked_up_once_and_told_when_it_is_there) {
    std::vector<std::function<void(std::string)>> asked;
    int told = 0;
    const address_atlas nothing;
    address_notebook book([&](const ip_address&, std::function<void(std::string)> done) { asked.push_back(done); },
                          nothing, [&] { ++told; });
    EXPECT_TRUE(book.settled(known)) << "nobody asked";
    EXPECT_EQ(book.find(known), nullptr);
    book.want(known);
    book.want(known);
    book.want({});
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_FALSE(book.settled(known));
    asked[0]("router.example");
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(book.settled(known));
    ASSERT_NE(book.notes()(known), nullptr);
    EXPECT_EQ(book.notes()(known)->name, "router.example");
}

TEST(address_notebook, without_a_lookup_everything_is_settled) {
    const address_atlas nothing;
    address_notebook book({}, nothing, [] {});
    book.want(known);
    EXPECT_TRUE(book.settled(known));
    EXPECT_EQ(book.find(known)->name, "");
}

}  // namespace
}  // namespace sonde::cli
