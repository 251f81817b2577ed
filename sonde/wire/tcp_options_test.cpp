#include <vector>

#include <sonde/wire/tcp.hpp>
#include <sonde/wire/tcp_options.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

TEST(tcp_options, of_a_syn) {
    const auto bytes = hex("020405b4 0402 080a1122334400000000 01 030307");
    const auto read = tcp_options::from(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, (tcp_options{.maximum_segment_size = 1460,
                                  .window_scale = 7,
                                  .sack_permitted = true,
                                  .timestamps = tcp_timestamps{0x11223344, 0}}));
    EXPECT_EQ(read->size(), 20U);
    EXPECT_EQ(rig::emitted(*read), hex("020405b4 030307 0402 080a1122334400000000 01"));
}

TEST(tcp_options, selective_acknowledgment) {
    const auto read = tcp_options::from(hex("01010512 0000000100000002 fffffff000000010"));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->sack_block_count, 2U);
    EXPECT_EQ(read->sack_blocks[0], (tcp_sack_block{1, 2}));
    EXPECT_EQ(read->sack_blocks[1], (tcp_sack_block{0xfffffff0, 0x10}));
}

TEST(tcp_options, unknown_ones_are_left_out) {
    const auto read = tcp_options::from(hex("fd04 f989 02040218 1e 03 00 01"));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, tcp_options{.maximum_segment_size = 536});
}

TEST(tcp_options, none) {
    EXPECT_EQ(tcp_options{}.size(), 0U);
    EXPECT_EQ(tcp_options::from({}).value(), tcp_options{});
    EXPECT_EQ(tcp_options::from(hex("00 02 00 00")).value(), tcp_options{}) << "nothing counts behind the end";
}

TEST(tcp_options, wrong_lengths) {
    for (const auto* digits :
         {"0203ff", "0205000000", "0302", "03040000", "040300", "0502", "0503ff", "050b000000000000000000",
          "0809 00000000000000", "080b 000000000000000000", "02", "0200", "0201", "02ff"}) {
        EXPECT_EQ(tcp_options::from(hex(digits)).error(), parse_error::bad_option) << digits;
    }
    std::vector<std::byte> five(42);
    five[0] = std::byte{5};
    five[1] = std::byte{42};
    EXPECT_EQ(tcp_options::from(five).error(), parse_error::bad_option);
}

TEST(tcp_options, round_trip) {
    rig::seeded random(6);
    for (int i = 0; i < 500; ++i) {
        tcp_options sent;
        if (random.coin()) sent.maximum_segment_size = random.number<std::uint16_t>();
        if (random.coin()) sent.window_scale = random.number<std::uint8_t>();
        sent.sack_permitted = random.coin();
        if (random.coin()) sent.timestamps = {random.number<std::uint32_t>(), random.number<std::uint32_t>()};
        sent.sack_block_count = random.below(5);
        for (auto& block : sent.sack_blocks) block = {random.number<std::uint32_t>(), random.number<std::uint32_t>()};
        EXPECT_EQ(sent.size() % 4, 0U);
        const auto out = rig::emitted(sent);
        const auto read = tcp_options::from(out);
        ASSERT_TRUE(read);
        EXPECT_EQ(*read, sent);
        if (sent.size() != 0) rig::expect_needs_its_room(sent);
    }
}

TEST(tcp_options, more_blocks_than_it_has) {
    std::vector<std::byte> out(64, std::byte{0xee});
    EXPECT_EQ((tcp_options{.sack_block_count = 5}.emit(out)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
}

TEST(tcp_options, hostile_bytes) {
    rig::survive(hex("020405b4 0402 080a1122334400000000 01 030307 050a 0000000100000002"), [](bytes_view bytes) {
        const auto read = tcp_options::from(bytes);
        if (read) {
            EXPECT_EQ(tcp_options::from(rig::emitted(*read)).value(), *read);
        }
    });
}

}  // namespace
}  // namespace sonde::wire
