#include <cli/suggestion.hpp>
#include <gtest/gtest.h>

namespace {

using namespace sonde::cli;

const std::vector<std::string> options{"--count", "--interval", "--timeout", "--deadline", "--size", "--json", "-c"};

TEST(Suggestion, Words) {
    EXPECT_EQ(did_you_mean("--cuont", options), "; did you mean '--count'?");
    EXPECT_EQ(did_you_mean("--frobnicate", options, "; see --help"), "; see --help");
}

}  // namespace
