#include <sonde/respond/echo_rig_test.hpp>
#include <sonde/respond/frame_request.hpp>

namespace sonde::respond {
namespace {

using namespace test;

TEST(LinkPart, TagsInTheFrame) {
    const bytes tags = raw({0x88, 0xa8, 0, 1, 0x81, 0, 0, 2});
    const bytes f = framed(echo{}.packet(), tags);
    const auto part = link_part::read(link_type::ethernet, f);
    ASSERT_TRUE(part);
    EXPECT_EQ(of(part->tags), tags);
    EXPECT_EQ(part->ethertype, 0x0800);
    EXPECT_EQ(of(part->network), echo{}.packet());
    EXPECT_EQ(part->reply_size(false), 22U);
    EXPECT_EQ(part->reply_size(true), 26U);
}

TEST(LinkPart, TagsWithoutEnd) {
    bytes tags;
    for (int i = 0; i < 20; ++i) tags = tags + raw({0x81, 0, 0, 1});
    const bytes f = framed(echo{}.packet(), tags);
    const auto part = link_part::read(link_type::ethernet, f);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->ethertype, 0x8100) << "more tags than anybody has are another protocol";
    for (std::size_t size = 0; size < 14; ++size) {
        EXPECT_FALSE(link_part::read(link_type::ethernet, bytes_view{f}.first(size))) << size;
    }
}

TEST(IcmpReading, FindsTheMessage) {
    const echo e{.source = near_v6, .destination = far_v6};
    const bytes f = frame(e);
    const auto reading = icmp_reading::read(*link_part::read(link_type::ethernet, f), link_type::ethernet, false);
    ASSERT_NE(reading.get(), nullptr);
    EXPECT_EQ(of(reading.get()->message), e.message());
    EXPECT_EQ(ip_address::from_bytes(reading.get()->source), near_v6);
    EXPECT_TRUE(reading.get()->checksum_right());
    EXPECT_EQ(reading.get()->pseudo_sum(64), wire::pseudo_header_sum(near_v6, far_v6, 64, 58));
}

}  // namespace
}  // namespace sonde::respond
