#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include <sonde/base/error.hpp>

namespace sonde {
namespace {

TEST(error, system_failure_names_operation_and_cause) {
    const failure f = system_failure("cannot open a socket", EPERM, "sudo setcap cap_net_raw+ep FILE");
    EXPECT_EQ(f.what, "cannot open a socket: Operation not permitted");
    EXPECT_EQ(f.remedy, "sudo setcap cap_net_raw+ep FILE");
    EXPECT_EQ(f.code, std::errc::operation_not_permitted);
}

TEST(error, the_value_of_a_failure_throws_it) {
    const result<int> nothing = failure{"cannot", "do this", std::make_error_code(std::errc::invalid_argument)};
    try {
        static_cast<void>(nothing.value());
        FAIL() << "no exception";
    } catch (const failure_error& e) {
        EXPECT_EQ(e.reason().what, "cannot");
        EXPECT_EQ(e.reason().remedy, "do this");
        EXPECT_EQ(e.code(), std::errc::invalid_argument);
        EXPECT_NE(std::string(e.what()).find("cannot"), std::string::npos);
    }
}

}  // namespace
}  // namespace sonde
