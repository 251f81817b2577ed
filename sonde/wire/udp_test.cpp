#include <algorithm>
#include <vector>

#include <sonde/wire/udp.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

const pseudo_header over_v4{rig::ip("192.0.2.1"), rig::ip("198.51.100.7")};
const pseudo_header over_v6{rig::ip("2001:db8::1"), rig::ip("2001:db8::2")};

// Made with scapy: port 40000 to 53, `query`.
std::vector<std::byte> sample_v4() {
    return hex("9c40 0035 000d 273a 7175657279");
}
std::vector<std::byte> sample_v6() {
    return hex("9c40 0035 000d b801 7175657279");
}

TEST(udp, golden_bytes) {
    const auto bytes = sample_v4();
    const auto view = udp_view::parse(bytes, checksum_check::verify, over_v4);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->source_port(), 40000);
    EXPECT_EQ(view->destination_port(), 53);
    EXPECT_EQ(view->length(), 13);
    EXPECT_EQ(view->checksum(), 0x273a);
    EXPECT_EQ(view->payload().size(), 5U);

    const auto payload = hex("7175657279");
    const udp_message message{.source_port = 40000, .destination_port = 53, .payload = payload};
    EXPECT_EQ(rig::emitted(message, checksum_fill::compute, over_v4), bytes);
    EXPECT_EQ(rig::emitted(message, checksum_fill::compute, over_v6), sample_v6());
    EXPECT_EQ(rig::emitted(message, checksum_fill::leave), hex("9c40 0035 000d 0000 7175657279"));
}

TEST(udp, checksum_policy) {
    EXPECT_TRUE(udp_view::parse(sample_v6(), checksum_check::verify, over_v6));
    EXPECT_EQ(udp_view::parse(sample_v6(), checksum_check::verify, over_v4).error(), parse_error::bad_checksum);
    EXPECT_TRUE(udp_view::parse(sample_v6(), checksum_check::trust));
    // RFC 768: zero is none. RFC 8200 section 8.1: there must be one.
    const auto none = hex("9c40 0035 000d 0000 7175657279");
    EXPECT_TRUE(udp_view::parse(none, checksum_check::verify, over_v4));
    EXPECT_EQ(udp_view::parse(none, checksum_check::verify, over_v6).error(), parse_error::bad_checksum);
}

TEST(udp, a_sum_of_zero_is_sent_as_ones) {
    // The payload makes the sum all ones: it is the complement of the sum without it.
    std::vector<std::byte> payload(2);
    udp_message message{.source_port = 1, .destination_port = 2, .payload = payload};
    const auto before = rig::emitted(message, checksum_fill::compute, over_v4);
    std::copy_n(before.begin() + 6, 2, payload.begin());
    const auto bytes = rig::emitted(message, checksum_fill::compute, over_v4);
    EXPECT_EQ(load_be<std::uint16_t>(bytes, 6), 0xffff);
    EXPECT_TRUE(udp_view::parse(bytes, checksum_check::verify, over_v4));
}

TEST(udp, round_trip) {
    rig::seeded random(4);
    for (int i = 0; i < 500; ++i) {
        const auto payload = random.bytes(random.below(50));
        const udp_message sent{.source_port = random.number<std::uint16_t>(),
                               .destination_port = random.number<std::uint16_t>(),
                               .payload = payload};
        const pseudo_header addresses =
            random.coin() ? pseudo_header{random.v4(), random.v4()} : pseudo_header{random.v6(), random.v6()};
        auto out = rig::emitted(sent, checksum_fill::compute, addresses);
        out.resize(out.size() + random.below(4));
        const auto view = udp_view::parse(out, checksum_check::verify, addresses);
        ASSERT_TRUE(view);
        EXPECT_EQ(udp_message::from(*view), sent);
        rig::expect_needs_its_room(sent, checksum_fill::compute, addresses);
    }
}

TEST(udp, lengths) {
    const auto with_length = [](unsigned length) {
        auto bytes = sample_v4();
        store_be(bytes, 4, static_cast<std::uint16_t>(length));
        return bytes;
    };
    for (const unsigned length : {0U, 7U, 14U, 65535U}) {
        const auto bytes = with_length(length);
        EXPECT_EQ(udp_view::parse(bytes, checksum_check::trust).error(), parse_error::bad_total_length) << length;
        EXPECT_EQ(udp_view::parse_lax(bytes).value().payload().size(), 5U);
    }
    const auto shorter = with_length(10);
    EXPECT_EQ(udp_view::parse(shorter, checksum_check::trust).value().payload().size(), 2U);
    EXPECT_EQ(udp_view::parse_lax(shorter).value().payload().size(), 2U);
    for (std::size_t size = 0; size < udp_header_size; ++size) {
        EXPECT_EQ(udp_view::parse(bytes_view{shorter}.first(size), checksum_check::trust).error(),
                  parse_error::truncated);
        EXPECT_EQ(udp_view::parse_lax(bytes_view{shorter}.first(size)).error(), parse_error::truncated);
    }
}

TEST(udp, emit_refuses_what_no_length_can_say) {
    const std::vector<std::byte> many(65528);
    std::vector<std::byte> out(65600, std::byte{0xee});
    EXPECT_EQ((udp_message{.payload = many}.emit(out, checksum_fill::leave)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
    EXPECT_EQ((udp_message{.payload = bytes_view{many}.first(65527)}.emit(out, checksum_fill::leave)), 65535U);
}

TEST(udp, emit_with_the_payload_in_place) {
    auto out = sample_v4();
    const auto message = udp_message::from(udp_view::parse(out, checksum_check::trust).value());
    ASSERT_EQ(message.emit(out, checksum_fill::compute, over_v4), out.size());
    EXPECT_EQ(out, sample_v4());
}

TEST(udp, every_flipped_bit_is_noticed) {
    auto bytes = sample_v4();
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_FALSE(udp_view::parse(bytes, checksum_check::verify, over_v4)) << bit;
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
}

TEST(udp, hostile_bytes) {
    rig::survive(sample_v4(), [](bytes_view bytes) {
        (void)udp_view::parse_lax(bytes);
        const auto view = udp_view::parse(bytes, checksum_check::trust);
        if (!view) return;
        const auto message = udp_message::from(*view);
        const auto out = rig::emitted(message, checksum_fill::compute, over_v4);
        EXPECT_EQ(udp_message::from(udp_view::parse(out, checksum_check::verify, over_v4).value()), message);
    });
}

}  // namespace
}  // namespace sonde::wire
