#include <algorithm>
#include <vector>

#include <sonde/wire/option.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

constexpr option_format formats[] = {ip_and_tcp_option_format, nd_option_format, dhcp_option_format,
                                     ipv6_option_format};

struct walked {
    std::vector<unsigned> kinds;
    std::vector<std::size_t> sizes;
    bool failed = false;
};

walked walk(bytes_view rest, const option_format& format) {
    walked seen;
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        const auto next = next_option(rest, format);
        EXPECT_LT(rest.size(), before);
        if (!next) {
            EXPECT_EQ(next.error(), parse_error::bad_option);
            EXPECT_TRUE(rest.empty());
            seen.failed = true;
        } else if (*next) {
            seen.kinds.push_back((*next)->kind);
            seen.sizes.push_back((*next)->data.size());
        }
    }
    return seen;
}

TEST(option, tcp_style) {
    const auto bytes = hex("02 04 05b4 01 03 03 07 00 ff ff");
    const auto seen = walk(bytes, ip_and_tcp_option_format);
    EXPECT_EQ(seen.kinds, (std::vector<unsigned>{2, 1, 3}));
    EXPECT_EQ(seen.sizes, (std::vector<std::size_t>{2, 0, 1}));
    EXPECT_FALSE(seen.failed) << "nothing counts behind the end";
    EXPECT_EQ(find_option(bytes, 3, ip_and_tcp_option_format)->data.front(), std::byte{7});
    EXPECT_FALSE(find_option(bytes, 255, ip_and_tcp_option_format));
}

TEST(option, nd_style) {
    const auto seen = walk(hex("00 01 000000000000 05 02 0000000005780000000000000000"), nd_option_format);
    EXPECT_EQ(seen.kinds, (std::vector<unsigned>{0, 5}));
    EXPECT_EQ(seen.sizes, (std::vector<std::size_t>{6, 14}));
    EXPECT_FALSE(seen.failed);
    EXPECT_TRUE(walk(hex("01 00 000000000000"), nd_option_format).failed);
}

TEST(option, dhcp_style) {
    const auto seen = walk(hex("00 00 35 01 01 50 00 ff 35 09"), dhcp_option_format);
    EXPECT_EQ(seen.kinds, (std::vector<unsigned>{0, 0, 53, 80}));
    EXPECT_EQ(seen.sizes, (std::vector<std::size_t>{0, 0, 1, 0}));
    EXPECT_FALSE(seen.failed);
}

TEST(option, ipv6_style) {
    const auto seen = walk(hex("05 02 0000 01 00 00 ff 00"), ipv6_option_format);
    EXPECT_EQ(seen.kinds, (std::vector<unsigned>{5, 1, 0, 255}));
    EXPECT_EQ(seen.sizes, (std::vector<std::size_t>{2, 0, 0, 0}));
    EXPECT_FALSE(seen.failed);
}

TEST(option, lengths_below_and_past) {
    for (const unsigned length : {0U, 1U, 4U, 255U}) {
        const std::vector<std::byte> bytes{std::byte{9}, static_cast<std::byte>(length), std::byte{0}};
        EXPECT_TRUE(walk(bytes, ip_and_tcp_option_format).failed) << length;
        EXPECT_FALSE(options_are_well_formed(bytes, ip_and_tcp_option_format));
        EXPECT_FALSE(find_option(bytes, 9, ip_and_tcp_option_format));
    }
    for (const option_format& format : formats) EXPECT_TRUE(walk(hex("09"), format).failed);
}

TEST(option, find_stops_at_the_malformed) {
    const auto bytes = hex("09 00 02 04 05b4");
    EXPECT_FALSE(find_option(bytes, 2, ip_and_tcp_option_format));
}

TEST(option, what_is_written_is_read) {
    rig::seeded random(11);
    for (int i = 0; i < 2000; ++i) {
        const option_format& format = formats[random.below(4)];
        const auto data = random.bytes(random.below(300));
        const option o{random.number<std::uint8_t>(), data};
        std::vector<std::byte> out(310, std::byte{0xee});
        const std::size_t size = emit_option(o, format, out);
        ASSERT_EQ(size, option_size(o, format));
        if (size == 0) {
            EXPECT_EQ(out.front(), std::byte{0xee});
            continue;
        }
        EXPECT_EQ(out[size], std::byte{0xee});
        EXPECT_EQ(emit_option(o, format, bytes_span{out}.first(size - 1)), 0U);
        bytes_view rest = bytes_view{out}.first(size);
        const auto next = next_option(rest, format);
        ASSERT_TRUE(next);
        EXPECT_TRUE(rest.empty());
        if (format.end == o.kind) {
            EXPECT_FALSE(*next);
            continue;
        }
        ASSERT_TRUE(*next);
        EXPECT_EQ((*next)->kind, o.kind);
        EXPECT_TRUE(std::ranges::equal((*next)->data, o.data));
    }
}

TEST(option, what_no_length_can_say) {
    const std::vector<std::byte> data(2100);
    const auto size = [&data](std::size_t bytes, const option_format& format) {
        return option_size({.kind = 9, .data = bytes_view{data}.first(bytes)}, format);
    };
    EXPECT_EQ(size(253, ip_and_tcp_option_format), 255U);
    EXPECT_EQ(size(254, ip_and_tcp_option_format), 0U);
    EXPECT_EQ(size(255, dhcp_option_format), 257U);
    EXPECT_EQ(size(256, dhcp_option_format), 0U);
    EXPECT_EQ(size(6, nd_option_format), 8U);
    EXPECT_EQ(size(7, nd_option_format), 0U);
    EXPECT_EQ(size(2038, nd_option_format), 2040U);
    EXPECT_EQ(size(2046, nd_option_format), 0U);
    EXPECT_EQ(option_size({.kind = 1, .data = bytes_view{data}.first(1)}, ip_and_tcp_option_format), 0U);
    EXPECT_EQ(option_size({.kind = 1}, ip_and_tcp_option_format), 1U);
}

TEST(option, hostile_bytes) {
    for (const option_format& format : formats) {
        rig::survive(hex("02 04 05b4 01 03 03 07 01 01 00 05 01 02"),
                     [&format](bytes_view bytes) { (void)walk(bytes, format); });
    }
}

}  // namespace
}  // namespace sonde::wire
