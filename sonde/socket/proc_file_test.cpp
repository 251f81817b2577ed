#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/socket/proc_file.hpp>

namespace {

using namespace sonde::socket;

TEST(ProcFile, ReadsNumbers) {
    EXPECT_EQ(parse_numbers(" 1\t2\n 4294967295 \n"), (std::vector<std::uint32_t>{1, 2, 4294967295}));
    EXPECT_TRUE(parse_numbers("").empty());
    for (const char* bad : {"1 x", "-1", "4294967296", "1,2", "0x10"}) EXPECT_TRUE(parse_numbers(bad).empty()) << bad;
}

TEST(ProcFile, NamesTheFileThatIsNotThere) {
    const auto text = read_proc_file("/proc/self/no-such-file");
    ASSERT_FALSE(text);
    EXPECT_NE(text.error().what.find("/proc/self/no-such-file"), std::string::npos);
    EXPECT_FALSE(read_number("/proc/self/no-such-file"));
}

TEST(ProcFile, ReadsThisProcess) {
    const auto text = read_proc_file("/proc/self/status");
    if (!text) GTEST_SKIP() << "no /proc";
    EXPECT_NE(text->find("Name:"), std::string::npos);
}

TEST(ProcFile, WritesANumber) {
    // Of this network namespace, which the tests have for themselves.
    const char* path = "/proc/sys/net/ipv4/ip_default_ttl";
    const auto former = read_number(path);
    if (!former || write_number(path, 77) != 0) GTEST_SKIP() << "SKIP /proc/sys is not writable here";
    EXPECT_EQ(read_number(path), 77U);
    EXPECT_EQ(write_number(path, *former), 0);
    EXPECT_EQ(write_number("/proc/self/no-such-file", 1), ENOENT);
}

}  // namespace
