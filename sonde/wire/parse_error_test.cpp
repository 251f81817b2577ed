#include <stdexcept>

#include <gtest/gtest.h>

#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {
namespace {

TEST(parse_error, every_reason_has_words) {
    EXPECT_EQ(to_string(parse_error::truncated), "truncated");
    EXPECT_EQ(to_string(parse_error::bad_version), "bad version");
    EXPECT_EQ(to_string(parse_error::bad_header_length), "bad header length");
    EXPECT_EQ(to_string(parse_error::bad_total_length), "bad total length");
    EXPECT_EQ(to_string(parse_error::bad_option), "bad option");
    EXPECT_EQ(to_string(parse_error::bad_checksum), "bad checksum");
    EXPECT_EQ(to_string(parse_error::bad_address), "bad address");
    EXPECT_EQ(to_string(parse_error::wrong_type), "wrong type");
}

TEST(parse_error, the_value_of_no_packet_throws) {
    const parsed<int> nothing = parse_error::bad_option;
    EXPECT_THROW(static_cast<void>(nothing.value()), std::runtime_error);
    EXPECT_EQ(parsed<int>{7}.value(), 7);
}

}  // namespace
}  // namespace sonde::wire
