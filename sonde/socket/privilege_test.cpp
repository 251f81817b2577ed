#include <cerrno>
#include <cstdlib>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/privilege.hpp>

namespace {

using namespace sonde::socket;

/// What the function says in a child, whose privileges are its own: 0 is success.
template <class Function>
int in_child(Function function) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(function());
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

TEST(Privilege, DropsEverythingForGood) {
    EXPECT_EQ(in_child([] {
                  if (!drop_all_capabilities()) return 1;
                  const auto left = process_capabilities();
                  if (!left || !left->empty()) return 2;
                  if (::prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1) return 3;
                  const scoped_capability none(capability::net_raw);
                  if (none.raised()) return 4;
                  const descriptor packets(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
                  if (packets || errno != EPERM) return 5;
                  return drop_all_capabilities() ? 0 : 6;
              }),
              0);
}

TEST(Privilege, KeepsOneAndNoOther) {
    const auto before = process_capabilities();
    ASSERT_TRUE(before);
    const bool permitted = before->is_permitted(capability::net_admin);
    EXPECT_EQ(in_child([&] {
                  if (!keep_only_capability(capability::net_admin)) return 1;
                  const auto left = process_capabilities();
                  if (!left) return 2;
                  const std::uint64_t expected = permitted ? std::uint64_t{1} << 12U : 0;
                  if (left->effective != expected || left->permitted != expected) return 3;
                  if (left->inheritable != 0 || left->ambient != 0) return 4;
                  return ::prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1 ? 0 : 5;
              }),
              0);
}

TEST(Privilege, OneThatIsNotPermittedIsNotKept) {
    EXPECT_EQ(in_child([] {
                  if (!keep_only_capability(capability::net_admin)) return 1;
                  if (!keep_only_capability(capability::net_raw)) return 2;
                  const auto left = process_capabilities();
                  return left && left->empty() ? 0 : 3;
              }),
              0);
}

TEST(Privilege, ScopedCapabilityLeavesTheSetsAsTheyWere) {
    const auto before = process_capabilities();
    ASSERT_TRUE(before);
    {
        errno = EXDEV;
        const scoped_capability guard(capability::net_raw);
        EXPECT_EQ(errno, EXDEV);
        const auto inside = process_capabilities();
        ASSERT_TRUE(inside);
        EXPECT_EQ(inside->is_effective(capability::net_raw), before->is_permitted(capability::net_raw));
    }
    const auto after = process_capabilities();
    ASSERT_TRUE(after);
    EXPECT_EQ(*after, *before);
}

TEST(Privilege, CapabilitySetsTellBitsApart) {
    capability_sets sets;
    EXPECT_TRUE(sets.empty());
    sets.effective = 1U << 13U;
    EXPECT_TRUE(sets.is_effective(capability::net_raw));
    EXPECT_FALSE(sets.is_effective(capability::net_admin));
    EXPECT_FALSE(sets.is_permitted(capability::net_raw));
    EXPECT_FALSE(sets.empty());
    EXPECT_EQ(to_string(capability::net_raw), "cap_net_raw");
    EXPECT_EQ(to_string(capability::net_admin), "cap_net_admin");
}

TEST(Privilege, BinaryIsThisTest) {
    const std::string path = binary_path();
    EXPECT_EQ(::access(path.c_str(), X_OK), 0) << path;
    EXPECT_FALSE(file_capabilities("/nonexistent/sonde"));
}

TEST(Privilege, ShellWordIsOneSafeWord) {
    EXPECT_EQ(shell_word("/usr/bin/sonde"), "/usr/bin/sonde");
    EXPECT_EQ(shell_word("/opt/my tools/sonde"), "$'/opt/my tools/sonde'");
    EXPECT_EQ(shell_word("it's"), "$'it\\'s'");
    EXPECT_EQ(shell_word("\x1b[2J"), "$'\\x1b[2J'");
    EXPECT_EQ(shell_word(""), "$''");
}

}  // namespace
