#include <gtest/gtest.h>

#include <sonde/report/json_line.hpp>

namespace sonde::report {
namespace {

TEST(json_line, begins_with_schema_event_and_time) {
    std::string out = "before\n";
    json line = json_event("reply", wall_time{duration{1}});
    line["ttl"] = 64;
    append_json_line(out, line);
    EXPECT_EQ(out,
              "before\n{\"schema\":1,\"event\":\"reply\",\"time\":\"1970-01-01T00:00:00.000000001Z\",\"ttl\":64}\n");
}

TEST(json_line, stays_one_line_of_utf_8_whatever_is_in_it) {
    std::string out;
    append_json_line(out, json{{"text", "a\n\xff\x1b"}});
    EXPECT_EQ(out, "{\"text\":\"a\\n\xef\xbf\xbd\\u001b\"}\n");
}

}  // namespace
}  // namespace sonde::report
