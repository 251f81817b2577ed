#include <gtest/gtest.h>

#include <sonde/report/address_note.hpp>

namespace sonde::report {
namespace {

TEST(address_note, a_name_where_there_is_one) {
    const auto known = ip_address::parse("192.0.2.1").value();
    const address_note note{.name = "router.example"};
    const address_notes notes = [&](const ip_address& a) { return a == known ? &note : nullptr; };
    EXPECT_EQ(name_in(notes, known), "router.example");
    EXPECT_EQ(name_in(notes, ip_address::parse("192.0.2.2").value()), "");
    EXPECT_EQ(name_in({}, known), "") << "nobody to ask";
}

}  // namespace
}  // namespace sonde::report
