#include <algorithm>
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/wire/icmp.hpp>

namespace sonde::wire {
namespace {

template <class... Octets>
std::vector<std::byte> octets(Octets... values) {
    return {static_cast<std::byte>(values)...};
}

TEST(icmp, echo_request_golden_bytes) {
    const auto payload = octets('a', 'b', 'c', 'd', 'e');
    const icmp_echo_message message{.identifier = 0x1234, .sequence = 0x0001, .payload = payload};
    std::vector<std::byte> out(message.size());
    ASSERT_EQ(message.emit(family::v4, out, checksum_fill::compute), 13U);
    EXPECT_EQ(out, octets(8, 0, 0xbc, 0x03, 0x12, 0x34, 0, 1, 'a', 'b', 'c', 'd', 'e'));
}

TEST(icmp, icmpv6_echo_request_golden_bytes) {
    // RFC 4443 section 2.3: the checksum covers a pseudo-header. ::1 to ::1, 8 bytes, next header 58.
    const ip_address loopback = ip_address::parse("::1").value();
    const icmp_checksum sum{pseudo_header_sum(loopback, loopback, 8, 58)};
    std::vector<std::byte> out(8);
    ASSERT_EQ((icmp_echo_message{.identifier = 1, .sequence = 2}.emit(family::v6, out, checksum_fill::compute, sum)),
              8U);
    EXPECT_EQ(out, octets(128, 0, 0x7f, 0xb8, 0, 1, 0, 2));
    EXPECT_TRUE(icmp_view::parse(out, checksum_check::verify, sum));
    EXPECT_EQ(icmp_view::parse(out, checksum_check::verify).error(), parse_error::bad_checksum);
}

TEST(icmp, round_trip) {
    const auto payload = octets(0, 1, 2, 3, 4, 5, 6, 7, 8);
    for (const family f : {family::v4, family::v6}) {
        for (const bool reply : {false, true}) {
            for (const std::size_t size : {0U, 1U, 8U, 9U}) {
                const icmp_echo_message sent{reply, 0xbeef, 0xffff, bytes_view{payload}.first(size)};
                std::vector<std::byte> out(sent.size() + 3, std::byte{0xee});
                ASSERT_EQ(sent.emit(f, out, checksum_fill::compute), sent.size());
                EXPECT_EQ(out[sent.size()], std::byte{0xee});
                const auto view = icmp_view::parse(bytes_view{out}.first(sent.size()), checksum_check::verify);
                ASSERT_TRUE(view);
                const auto got = icmp_echo_message::from(f, *view);
                ASSERT_TRUE(got);
                EXPECT_EQ(got->reply, reply);
                EXPECT_EQ(got->identifier, sent.identifier);
                EXPECT_EQ(got->sequence, sent.sequence);
                EXPECT_TRUE(std::ranges::equal(got->payload, sent.payload));
            }
        }
    }
}

TEST(icmp, view_fields_of_an_error) {
    // Fragmentation needed, next-hop MTU 1400 (RFC 1191), with nothing quoted.
    const auto bytes = octets(3, 4, 0xf7, 0x83, 0, 0, 0x05, 0x78);
    const auto view = icmp_view::parse(bytes, checksum_check::verify);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->type(), 3);
    EXPECT_EQ(view->code(), 4);
    EXPECT_EQ(view->checksum(), 0xf783);
    EXPECT_EQ(view->rest(), 1400U);
    EXPECT_TRUE(view->body().empty());
    EXPECT_EQ(icmp_echo_message::from(family::v4, *view).error(), parse_error::wrong_type);
}

TEST(icmp, truncated_at_every_length) {
    const auto whole = octets(0, 0, 0, 0, 0, 0, 0, 0, 1);
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        const auto view = icmp_view::parse(cut, checksum_check::trust);
        EXPECT_EQ(view.has_value(), size >= icmp_header_size) << size;
        if (!view) {
            EXPECT_EQ(view.error(), parse_error::truncated);
        }
    }
}

TEST(icmp, every_flipped_bit_is_a_bad_checksum) {
    auto bytes = octets(8, 0, 0xbc, 0x03, 0x12, 0x34, 0, 1, 'a', 'b', 'c', 'd', 'e');
    ASSERT_TRUE(icmp_view::parse(bytes, checksum_check::verify));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_EQ(icmp_view::parse(bytes, checksum_check::verify).error(), parse_error::bad_checksum) << bit;
        EXPECT_TRUE(icmp_view::parse(bytes, checksum_check::trust));
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
}

TEST(icmp, zeros_are_no_message_with_a_right_checksum) {
    const std::array<std::byte, 8> zeros{};
    EXPECT_EQ(icmp_view::parse(zeros, checksum_check::verify).error(), parse_error::bad_checksum);
}

TEST(icmp, families_do_not_read_each_others_types) {
    const auto v4_request = octets(8, 0, 0, 0, 0, 0, 0, 0);
    const auto v6_request = octets(128, 0, 0, 0, 0, 0, 0, 0);
    const auto read = [](family f, bytes_view bytes) {
        return icmp_echo_message::from(f, icmp_view::parse(bytes, checksum_check::trust).value());
    };
    EXPECT_TRUE(read(family::v4, v4_request));
    EXPECT_TRUE(read(family::v6, v6_request));
    EXPECT_EQ(read(family::v6, v4_request).error(), parse_error::wrong_type);
    EXPECT_EQ(read(family::v4, v6_request).error(), parse_error::wrong_type);
}

TEST(icmp, emit_leaves_the_checksum_to_others) {
    std::vector<std::byte> out(8, std::byte{0xee});
    ASSERT_EQ((icmp_echo_message{.reply = true}.emit(family::v4, out, checksum_fill::leave)), 8U);
    EXPECT_EQ(out, octets(0, 0, 0, 0, 0, 0, 0, 0));
}

TEST(icmp, emit_with_the_payload_in_place) {
    auto out = octets(0, 0, 0, 0, 0, 0, 0, 0, 'x', 'y', 'z');
    const icmp_echo_message message{.identifier = 7, .sequence = 9, .payload = bytes_view{out}.subspan(8)};
    ASSERT_EQ(message.emit(family::v4, out, checksum_fill::compute), 11U);
    EXPECT_EQ(out.back(), std::byte{'z'});
    EXPECT_TRUE(icmp_view::parse(out, checksum_check::verify));
}

TEST(icmp, emit_without_room_writes_nothing) {
    auto out = octets(1, 2, 3, 4, 5, 6, 7);
    EXPECT_EQ((icmp_echo_message{}.emit(family::v4, out, checksum_fill::compute)), 0U);
    EXPECT_EQ(out, octets(1, 2, 3, 4, 5, 6, 7));
}

TEST(icmp, which_types_are_errors) {
    for (unsigned type = 0; type < 256; ++type) {
        const auto t = static_cast<std::uint8_t>(type);
        const bool v4_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        EXPECT_EQ(is_icmp_error(family::v4, t), v4_error) << type;
        EXPECT_EQ(is_final_icmp_error(family::v4, t), v4_error && type != 4 && type != 5) << type;
        EXPECT_EQ(is_icmp_error(family::v6, t), type < 128) << type;
        EXPECT_EQ(is_final_icmp_error(family::v6, t), type < 128) << type;
    }
}

TEST(icmp, what_the_second_word_of_an_error_says) {
    const auto info = [](family f, int type, int code) {
        const auto bytes = octets(type, code, 0, 0, 9, 0, 5, 0xdc);
        return icmp_error_info(f, icmp_view::parse(bytes, checksum_check::trust).value());
    };
    EXPECT_EQ(info(family::v4, 3, 4), 1500U);  // RFC 1191: the lower half is the next hop's MTU
    EXPECT_EQ(info(family::v4, 3, 1), 0U);
    EXPECT_EQ(info(family::v4, 12, 0), 9U);
    EXPECT_EQ(info(family::v4, 11, 0), 0U);
    EXPECT_EQ(info(family::v6, 2, 0), 0x0900'05dcU);
    EXPECT_EQ(info(family::v6, 4, 1), 0x0900'05dcU);
    EXPECT_EQ(info(family::v6, 1, 4), 0U);
}

}  // namespace
}  // namespace sonde::wire
