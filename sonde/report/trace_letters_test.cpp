#include <gtest/gtest.h>

#include <sonde/report/trace_letters.hpp>

namespace sonde::report {
namespace {

probe::hop_answer error(std::uint8_t type, std::uint8_t code, std::uint32_t info = 0) {
    probe::hop_answer a;
    a.from_icmp = true;
    a.type = type;
    a.code = code;
    a.info = info;
    return a;
}

TEST(trace_letters, usual_answers_have_no_mark) {
    EXPECT_EQ(trace_mark(family::v4, error(11, 0)), "");
    EXPECT_EQ(trace_mark(family::v4, error(3, 3)), "");
    EXPECT_EQ(trace_mark(family::v4, error(0, 0)), "");
    EXPECT_EQ(trace_mark(family::v6, error(3, 0)), "");
    EXPECT_EQ(trace_mark(family::v6, error(1, 4)), "");
    EXPECT_EQ(trace_mark(family::v6, error(129, 0)), "");
    probe::hop_answer segment;
    segment.type = 3;
    segment.code = 1;
    EXPECT_EQ(trace_mark(family::v4, segment), "") << "no ICMP message brought it";
}

TEST(trace_letters, every_code_of_destination_unreachable) {
    const char* const v4[] = {"!N", "!H", "!P", "",   "!F-1400", "!S", "!N", "!H",
                              "!N", "!X", "!X", "!N", "!H",      "!X", "!V", "!C"};
    for (std::uint8_t code = 0; code < 16; ++code) EXPECT_EQ(trace_mark(family::v4, error(3, code, 1400)), v4[code]);
    EXPECT_EQ(trace_mark(family::v4, error(3, 16)), "!<16>");
    const char* const v6[] = {"!N", "!X", "!H", "!H", "", "!<5>", "!<6>"};
    for (std::uint8_t code = 0; code < 7; ++code) EXPECT_EQ(trace_mark(family::v6, error(1, code)), v6[code]);
}

TEST(trace_letters, other_types) {
    EXPECT_EQ(trace_mark(family::v4, error(12, 1)), "!<12-1>");
    EXPECT_EQ(trace_mark(family::v4, error(4, 0)), "!<4-0>");
    EXPECT_EQ(trace_mark(family::v4, error(11, 1)), "!<11-1>") << "reassembly timed out: no hop's answer";
    EXPECT_EQ(trace_mark(family::v6, error(2, 0, 1280)), "!F-1280");
    EXPECT_EQ(trace_mark(family::v6, error(4, 2)), "!<4-2>");
}

TEST(trace_letters, extensions) {
    probe::hop_extensions e;
    EXPECT_EQ(extension_text(e), "");
    e.mpls = {{16001, 3, false, 1}, {24, 0, true, 254}};
    EXPECT_EQ(extension_text(e), "MPLS:L=16001,E=3,S=0,T=1/L=24,E=0,S=1,T=254");
    e.interfaces = {{.role = wire::interface_role::outgoing,
                     .index = 7,
                     .address = ip_address::parse("192.0.2.1").value(),
                     .name = "eth0\x1b[1m",
                     .mtu = 1500},
                    {.role = wire::interface_role::next_hop}};
    e.others = {{.class_number = 5,
                 .c_type = 1,
                 .data = {std::byte{0xde}, std::byte{0xad}, std::byte{1}, std::byte{2}, std::byte{3}}},
                {.class_number = 9, .c_type = 0}};
    EXPECT_EQ(extension_text(e),
              "MPLS:L=16001,E=3,S=0,T=1/L=24,E=0,S=1,T=254;OUT:7,192.0.2.1,\"eth0\\x1b[1m\",mtu=1500;NXT:,,,;"
              "5/1:dead0102,03;9/0:");
}

}  // namespace
}  // namespace sonde::report
