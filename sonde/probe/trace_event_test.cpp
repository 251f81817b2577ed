#include <set>
#include <string>

#include <gtest/gtest.h>

#include <sonde/probe/trace_event.hpp>

namespace sonde::probe {
namespace {

TEST(trace_event, names_each_verdict_for_programs) {
    std::set<std::string> names;
    for (int k = 0; k <= static_cast<int>(verdict_kind::silent_hop); ++k) {
        const std::string name{to_string(static_cast<verdict_kind>(k))};
        EXPECT_NE(name, "unknown");
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
        names.insert(name);
    }
    EXPECT_EQ(names.size(), 16U);
    EXPECT_EQ(to_string(verdict_kind::rate_limited), "rate_limited");
}

TEST(trace_event, is_a_value) {
    trace_event e{.kind = trace_event_kind::hop};
    e.hop.probes.resize(2);
    e.paths = std::make_shared<path_graph>();
    const trace_event copy = e;
    EXPECT_EQ(copy.hop.probes.size(), 2U);
    EXPECT_EQ(copy.paths, e.paths);
    EXPECT_FALSE(copy.paths->bounded);
    EXPECT_EQ(copy.result.answer.extensions, nullptr);
}

}  // namespace
}  // namespace sonde::probe
