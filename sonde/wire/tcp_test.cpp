#include <algorithm>
#include <vector>

#include <sonde/wire/tcp.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

const pseudo_header over_v4{rig::ip("192.0.2.1"), rig::ip("198.51.100.7")};
const pseudo_header over_v6{rig::ip("2001:db8::1"), rig::ip("2001:db8::2")};

// Made with scapy: a SYN with MSS, SACK permitted, timestamps and window scale; and four bytes of urgent data with a
// selective acknowledgment.
std::vector<std::byte> syn() {
    return hex("9c40 0050 01020304 00000000 a002 faf0 7bd6 0000 020405b4 0402 080a1122334400000000 01 030307");
}
std::vector<std::byte> urgent() {
    return hex("0050 9c40 00000005 01020305 a038 01f5 82b1 0003 01010512 0000000100000002 fffffff000000010 64617461");
}

parse_error error_of(bytes_view bytes) {
    return tcp_view::parse(bytes, checksum_check::trust).error();
}

TEST(tcp, golden_bytes) {
    const auto bytes = syn();
    const auto view = tcp_view::parse(bytes, checksum_check::verify, over_v4);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->source_port(), 40000);
    EXPECT_EQ(view->destination_port(), 80);
    EXPECT_EQ(view->sequence_number(), 0x01020304U);
    EXPECT_EQ(view->acknowledgment_number(), 0U);
    EXPECT_EQ(view->data_offset(), 10);
    EXPECT_EQ(view->header_size(), 40U);
    EXPECT_EQ(view->reserved(), 0);
    EXPECT_EQ(view->flags(), tcp_flag::syn);
    EXPECT_EQ(view->window(), 64240);
    EXPECT_EQ(view->checksum(), 0x7bd6);
    EXPECT_EQ(view->urgent_pointer(), 0);
    EXPECT_EQ(view->options().size(), 20U);
    EXPECT_TRUE(view->payload().empty());
    EXPECT_EQ(rig::emitted(tcp_message::from(*view), checksum_fill::compute, over_v4), bytes);
}

TEST(tcp, over_ipv6_with_data) {
    const auto bytes = urgent();
    const auto view = tcp_view::parse(bytes, checksum_check::verify, over_v6);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->flags(), tcp_flag::psh | tcp_flag::ack | tcp_flag::urg);
    EXPECT_EQ(view->acknowledgment_number(), 0x01020305U);
    EXPECT_EQ(view->urgent_pointer(), 3);
    EXPECT_TRUE(std::ranges::equal(view->payload(), hex("64617461")));
    EXPECT_EQ(rig::emitted(tcp_message::from(*view), checksum_fill::compute, over_v6), bytes);
    EXPECT_EQ(tcp_view::parse(bytes, checksum_check::verify, over_v4).error(), parse_error::bad_checksum);
    EXPECT_EQ(tcp_view::parse(bytes, checksum_check::verify).error(), parse_error::bad_checksum);
}

TEST(tcp, round_trip) {
    rig::seeded random(5);
    const std::vector<std::byte> no_operations(tcp_options_max, std::byte{1});
    for (int i = 0; i < 500; ++i) {
        const auto payload = random.bytes(random.below(40));
        const tcp_message sent{.source_port = random.number<std::uint16_t>(),
                               .destination_port = random.number<std::uint16_t>(),
                               .sequence_number = random.number<std::uint32_t>(),
                               .acknowledgment_number = random.number<std::uint32_t>(),
                               .reserved = static_cast<std::uint8_t>(random.below(16)),
                               .flags = random.number<std::uint8_t>(),
                               .window = random.number<std::uint16_t>(),
                               .urgent_pointer = random.number<std::uint16_t>(),
                               .options = bytes_view{no_operations}.first(4 * random.below(11)),
                               .payload = payload};
        const pseudo_header addresses =
            random.coin() ? pseudo_header{random.v4(), random.v4()} : pseudo_header{random.v6(), random.v6()};
        const auto out = rig::emitted(sent, checksum_fill::compute, addresses);
        const auto view = tcp_view::parse(out, checksum_check::verify, addresses);
        ASSERT_TRUE(view);
        EXPECT_EQ(tcp_message::from(*view), sent);
        rig::expect_needs_its_room(sent, checksum_fill::compute, addresses);
    }
}

TEST(tcp, emit_refuses_what_no_header_can_say) {
    std::vector<std::byte> out(100, std::byte{0xee});
    const std::vector<std::byte> options(44);
    const auto with_options = [&](std::size_t size) {
        return tcp_message{.options = bytes_view{options}.first(size)}.emit(out, checksum_fill::leave);
    };
    EXPECT_EQ(with_options(3), 0U);
    EXPECT_EQ(with_options(44), 0U);
    EXPECT_EQ((tcp_message{.reserved = 16}.emit(out, checksum_fill::leave)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
    EXPECT_EQ(with_options(40), 60U);
}

TEST(tcp, data_offset) {
    for (unsigned offset = 0; offset < 16; ++offset) {
        auto bytes = syn();
        bytes[12] = static_cast<std::byte>(offset << 4);
        if (offset < 5) {
            EXPECT_EQ(error_of(bytes), parse_error::bad_header_length);
            EXPECT_EQ(tcp_view::parse_lax(bytes).error(), parse_error::bad_header_length);
        } else if (offset > 10) {
            EXPECT_EQ(error_of(bytes), parse_error::bad_header_length);
            EXPECT_EQ(tcp_view::parse_lax(bytes).value().options().size(), 20U);
            EXPECT_TRUE(tcp_view::parse_lax(bytes).value().payload().empty());
        }
    }
}

TEST(tcp, malformed_options) {
    for (const unsigned length : {0U, 1U, 21U, 255U}) {
        auto bytes = syn();
        bytes[21] = static_cast<std::byte>(length);
        EXPECT_EQ(error_of(bytes), parse_error::bad_option) << length;
        EXPECT_TRUE(tcp_view::parse_lax(bytes));
    }
}

TEST(tcp, truncated_at_every_length) {
    const auto whole = urgent();
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const auto cut = bytes_view{whole}.first(size);
        const auto strict = tcp_view::parse(cut, checksum_check::trust);
        const auto lax = tcp_view::parse_lax(cut);
        EXPECT_EQ(lax.has_value(), size >= 20);
        ASSERT_EQ(strict.has_value(), size >= 40) << size;
        if (!strict) {
            EXPECT_EQ(strict.error(), size < 20 ? parse_error::truncated : parse_error::bad_header_length);
        }
        if (lax) {
            EXPECT_EQ(20 + lax->options().size() + lax->payload().size(), size);
        }
    }
}

TEST(tcp, emit_with_the_payload_in_place) {
    auto out = urgent();
    const auto options = hex("01010512 0000000100000002 fffffff000000010");
    auto message = tcp_message::from(tcp_view::parse(out, checksum_check::trust).value());
    message.options = options;
    ASSERT_EQ(message.emit(out, checksum_fill::compute, over_v6), out.size());
    EXPECT_EQ(out, urgent());
}

TEST(tcp, every_flipped_bit_is_noticed) {
    auto bytes = urgent();
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_FALSE(tcp_view::parse(bytes, checksum_check::verify, over_v6)) << bit;
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
}

TEST(tcp, hostile_bytes) {
    for (const auto& sample : {syn(), urgent()}) {
        rig::survive(sample, [](bytes_view bytes) {
            if (const auto lax = tcp_view::parse_lax(bytes)) {
                bytes_view rest = lax->options();
                while (!rest.empty()) (void)next_tcp_option(rest);
            }
            const auto view = tcp_view::parse(bytes, checksum_check::trust);
            if (!view) return;
            const auto message = tcp_message::from(*view);
            const auto out = rig::emitted(message, checksum_fill::compute, over_v4);
            EXPECT_EQ(tcp_message::from(tcp_view::parse(out, checksum_check::verify, over_v4).value()), message);
        });
    }
}

}  // namespace
}  // namespace sonde::wire
