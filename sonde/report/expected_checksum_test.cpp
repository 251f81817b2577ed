#include <algorithm>

#include <gtest/gtest.h>

#include <sonde/report/expected_checksum.hpp>
#include <sonde/report/packet_samples_test.hpp>

namespace sonde::report {
namespace {

// What is right is what it should be: of every checksum that the dissection finds right.
TEST(ExpectedChecksum, IsWhatRightPacketsHave) {
    std::size_t checked = 0;
    for (const packet_sample& sample : packet_samples) {
        const auto frame = sample.frame();
        const wire::dissection dissection = wire::dissect(link_type::ethernet, frame);
        const packet_view view{.frame = frame, .full_size = sample.full_size, .dissection = dissection};
        for (std::size_t i = 0; i < dissection.layers().size(); ++i) {
            const wire::layer& l = dissection.layers()[i];
            if (l.checksum != wire::checksum_status::right) continue;
            const auto expected = expected_checksum(view, i);
            if (!expected) continue;
            const auto* field = wire::find_field(*wire::layout_of(l.id), nullptr, "chksum");
            EXPECT_EQ(*expected, wire::read_field(l.bytes, *field)) << sample.name << " layer " << i;
            ++checked;
        }
    }
    EXPECT_GT(checked, 50U);
}

TEST(ExpectedChecksum, NothingWithoutOneOrWithoutTheBytes) {
    const auto frame = std::ranges::find(packet_samples, "udp", &packet_sample::name)->frame();
    const auto cut = bytes_view{frame}.first(frame.size() - 2);
    const wire::dissection dissection = wire::dissect(link_type::ethernet, cut);
    const packet_view view{.frame = cut, .full_size = 47, .dissection = dissection};
    EXPECT_EQ(expected_checksum(view, 0), std::nullopt);  // Ethernet
    EXPECT_EQ(expected_checksum(view, 2), std::nullopt);  // UDP, cut short
    EXPECT_TRUE(expected_checksum(view, 1));
}

}  // namespace
}  // namespace sonde::report
