#include <cerrno>

#include <cli/nft_session.hpp>
#include <gtest/gtest.h>

namespace sonde::cli {
namespace {

// What it does to a kernel is for tests/e2e/test_tap.py, in a namespace. Here: what is wrong is one line, and nothing
// is printed.
TEST(nft_session, nonsense_is_refused_in_one_line) {
    const auto refused = run_nft("make everything well");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what.find('\n'), std::string::npos);
    EXPECT_TRUE(refused.error().what.starts_with("nftables: ")) << refused.error().what;
    EXPECT_TRUE(refused.error().code);
}

}  // namespace
}  // namespace sonde::cli
