#include <cerrno>

#include <gtest/gtest.h>

#include <sonde/socket/lab_test.hpp>
#include <sonde/socket/network_namespace.hpp>

namespace sonde::socket {
namespace {

TEST(NetworkNamespace, WhatIsNone) {
    const auto none = enter_network_namespace("sonde-has-no-such");
    ASSERT_FALSE(none);
    EXPECT_TRUE(none.error().what.starts_with("there is no network namespace sonde-has-no-such; there are: "))
        << none.error().what;
    EXPECT_EQ(enter_network_namespace("/proc/self/no-such").error().code.value(), ENOENT);
    EXPECT_EQ(enter_network_namespace("/dev/null").error().code.value(), EINVAL);
}

TEST(NetworkNamespace, OnesOwnCanBeEnteredByPath) {
    const int code = lab::in_child([] {
        const auto entered = enter_network_namespace("/proc/self/ns/net");
        if (entered) return 0;
        return entered.error().code.value() == EPERM ? 77 : 1;
    });
    if (code == 77) GTEST_SKIP() << "SKIP CAP_SYS_ADMIN is not to be had here";
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace sonde::socket
