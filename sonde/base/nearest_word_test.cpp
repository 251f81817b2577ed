#include <gtest/gtest.h>

#include <sonde/base/nearest_word.hpp>

namespace sonde {
namespace {

const std::vector<std::string> options{"--count", "--interval", "--timeout", "--deadline", "--size", "--json", "-c"};

TEST(NearestWord, EditDistance) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("ping", ""), 4U);
    EXPECT_EQ(edit_distance("", "ping"), 4U);
    EXPECT_EQ(edit_distance("ping", "ping"), 0U);
    EXPECT_EQ(edit_distance("pnig", "ping"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("doctro", "doctor"), 1U);
}

TEST(NearestWord, NearestIsNearEnough) {
    EXPECT_EQ(nearest("--cuont", options), "--count");
    EXPECT_EQ(nearest("--intervall", options), "--interval");
    EXPECT_EQ(nearest("--dead", options), "--deadline");
    EXPECT_EQ(nearest("--jsno", options), "--json");
    EXPECT_FALSE(nearest("--frobnicate", options));
    EXPECT_FALSE(nearest("-z", options));
    EXPECT_FALSE(nearest("", options));
    EXPECT_FALSE(nearest(std::string(100000, '-'), options));
}

}  // namespace
}  // namespace sonde
