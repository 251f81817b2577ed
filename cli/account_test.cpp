#include <cli/account.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

TEST(account, by_name_and_by_number) {
    const auto root = find_user("root");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->uid, 0U);
    EXPECT_EQ(find_user("0")->name, "root");
    EXPECT_EQ(user_name(0), "root");
    EXPECT_EQ(find_group("root").value(), 0U);
    EXPECT_EQ(group_name(0), "root");
    // A number that nobody has may be one of another machine, or of a container.
    const auto stranger = find_user("3999999999");
    ASSERT_TRUE(stranger);
    EXPECT_EQ(stranger->uid, 3999999999U);
    EXPECT_EQ(stranger->name, "3999999999");
    EXPECT_EQ(user_name(3999999999U), "3999999999");
    EXPECT_EQ(find_group("3999999999").value(), 3999999999U);
}

TEST(account, what_is_none) {
    for (const char* word : {"", "no such user", "-1", "4294967295", "4294967296", "1x", "\x1b[31m"}) {
        ASSERT_FALSE(find_user(word)) << word;
        ASSERT_FALSE(find_group(word)) << word;
        EXPECT_EQ(find_user(word).error().what.find('\x1b'), std::string::npos);
    }
    EXPECT_EQ(find_user("nobody-here").error().what, "there is no user 'nobody-here' on this machine");
}

}  // namespace
}  // namespace sonde::cli
