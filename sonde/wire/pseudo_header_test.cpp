#include <sonde/wire/pseudo_header.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

TEST(pseudo_header, adds_up_what_the_rfcs_say) {
    const pseudo_header v4{rig::ip("192.0.2.1"), rig::ip("198.51.100.7")};
    EXPECT_EQ(v4.family(), family::v4);
    // RFC 768: addresses, zero, protocol, length.
    EXPECT_EQ(v4.sum(13, 17), ones_complement_sum(rig::hex("c0000201 c6336407 0011 000d")));
    const pseudo_header v6{rig::ip("2001:db8::1"), rig::ip("2001:db8::2")};
    EXPECT_EQ(v6.family(), family::v6);
    // RFC 8200 section 8.1: addresses, length in 32 bits, zero, next header.
    EXPECT_EQ(v6.sum(70000, 6), ones_complement_sum(rig::hex("20010db8000000000000000000000001"
                                                             "20010db8000000000000000000000002"
                                                             "00011170 00000006")));
}

}  // namespace
}  // namespace sonde::wire
