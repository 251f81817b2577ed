#include <gtest/gtest.h>

#include <sonde/probe/trace_options.hpp>

namespace sonde::probe {
namespace {

TEST(trace_options, methods_have_names) {
    EXPECT_EQ(to_string(trace_method::udp), "udp");
    EXPECT_EQ(to_string(trace_method::icmp), "icmp");
    EXPECT_EQ(to_string(trace_method::tcp), "tcp");
}

}  // namespace
}  // namespace sonde::probe
