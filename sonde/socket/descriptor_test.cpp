#include <cerrno>
#include <fcntl.h>
#include <type_traits>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include <sonde/socket/descriptor.hpp>

namespace {

using sonde::socket::descriptor;

int open_null() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}
bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) != -1;
}

static_assert(!std::is_copy_constructible_v<descriptor> && !std::is_copy_assignable_v<descriptor>);
static_assert(std::is_nothrow_move_constructible_v<descriptor> && std::is_nothrow_move_assignable_v<descriptor>);

TEST(Descriptor, DefaultOwnsNothing) {
    const descriptor nothing;
    EXPECT_FALSE(nothing);
    EXPECT_FALSE(nothing.valid());
    EXPECT_EQ(nothing.get(), -1);
}

TEST(Descriptor, ClosesOnDestruction) {
    const int fd = open_null();
    {
        const descriptor owner(fd);
        EXPECT_TRUE(owner);
        EXPECT_EQ(owner.get(), fd);
        EXPECT_TRUE(is_open(fd));
    }
    EXPECT_FALSE(is_open(fd));
}

TEST(Descriptor, MoveTransfersAndClosesWhatItReplaces) {
    const int first = open_null();
    const int second = open_null();
    descriptor a(first);
    descriptor b(second);
    a = std::move(b);
    EXPECT_FALSE(is_open(first));
    EXPECT_EQ(a.get(), second);
    const descriptor c(std::move(a));
    EXPECT_EQ(c.get(), second);
    EXPECT_TRUE(is_open(second));
}

TEST(Descriptor, SelfMoveKeepsIt) {
    const int fd = open_null();
    descriptor a(fd);
    descriptor& same = a;
    a = std::move(same);
    EXPECT_EQ(a.get(), fd);
    EXPECT_TRUE(is_open(fd));
}

TEST(Descriptor, ReleaseHandsOver) {
    int fd = -1;
    {
        descriptor owner(open_null());
        fd = owner.release();
        EXPECT_FALSE(owner);
    }
    EXPECT_TRUE(is_open(fd));
    ::close(fd);
}

TEST(Descriptor, ResetClosesAndKeepsErrno) {
    const int fd = open_null();
    descriptor owner(fd);
    errno = EPERM;
    owner.reset();
    EXPECT_EQ(errno, EPERM);
    EXPECT_FALSE(is_open(fd));
    owner.reset();
    EXPECT_FALSE(owner);
}

}  // namespace
