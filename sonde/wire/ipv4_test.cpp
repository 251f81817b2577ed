#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/wire/ipv4.hpp>

namespace sonde::wire {
namespace {

template <class... Octets>
std::vector<std::byte> octets(Octets... values) {
    return {static_cast<std::byte>(values)...};
}

void set(std::vector<std::byte>& bytes, std::size_t offset, unsigned value) {
    bytes[offset] = static_cast<std::byte>(value);
}

// The article's echo request on loopback: header, and 8 bytes of ICMP.
std::vector<std::byte> golden() {
    return octets(0x45, 0, 0, 0x1c, 0, 0x0b, 0, 0, 0x40, 0x01, 0x7c, 0xd4, 127, 0, 0, 1, 127, 0, 0, 1,  //
                  8, 0, 0xf7, 0xff, 0, 0, 0, 0);
}

// 24 bytes of header (router alert, RFC 2113) and 4 of payload.
std::vector<std::byte> with_options() {
    return octets(0x46, 0xb9, 0, 28, 0x12, 0x34, 0x5f, 0xff, 1, 2, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7,  //
                  0x94, 0x04, 0, 0, 1, 2, 3, 4);
}

parse_error strict_error(bytes_view bytes) {
    return ipv4_view::parse(bytes, checksum_check::trust).error();
}
parse_error lax_error(bytes_view bytes) {
    return ipv4_view::parse_lax(bytes).error();
}

TEST(ipv4, golden_bytes) {
    const auto bytes = golden();
    const auto view = ipv4_view::parse(bytes, checksum_check::verify);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->ihl(), 5);
    EXPECT_EQ(view->header_size(), 20U);
    EXPECT_EQ(view->total_length(), 28);
    EXPECT_EQ(view->identification(), 11);
    EXPECT_FALSE(view->is_fragment());
    EXPECT_EQ(view->ttl(), 64);
    EXPECT_EQ(view->protocol(), 1);
    EXPECT_EQ(view->checksum(), 0x7cd4);
    EXPECT_EQ(view->source(), ip_address::v4(0x7f000001));
    EXPECT_EQ(view->destination(), ip_address::v4(0x7f000001));
    EXPECT_TRUE(view->options().empty());
    EXPECT_EQ(view->payload().size(), 8U);

    std::vector<std::byte> out(28);
    const ipv4_message message{.identification = 11,
                               .protocol = 1,
                               .source = ip_address::v4(0x7f000001),
                               .destination = ip_address::v4(0x7f000001),
                               .payload = bytes_view{bytes}.subspan(20)};
    ASSERT_EQ(message.emit(out, checksum_fill::compute), 28U);
    EXPECT_EQ(out, bytes);
}

TEST(ipv4, every_bit_of_tos_flags_and_offset) {
    const auto bytes = with_options();
    const auto view = ipv4_view::parse(bytes, checksum_check::trust);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->ihl(), 6);
    EXPECT_EQ(view->tos(), 0xb9);
    EXPECT_EQ(view->dscp(), 46);
    EXPECT_EQ(view->ecn(), 1);
    EXPECT_FALSE(view->reserved_flag());
    EXPECT_TRUE(view->dont_fragment());
    EXPECT_FALSE(view->more_fragments());
    EXPECT_EQ(view->fragment_offset(), 8191);
    EXPECT_TRUE(view->is_fragment());
    EXPECT_EQ(view->source().to_string(), "192.0.2.1");
    EXPECT_EQ(view->destination().to_string(), "198.51.100.7");
    EXPECT_EQ(view->options().size(), 4U);
    EXPECT_TRUE(std::ranges::equal(view->payload(), octets(1, 2, 3, 4)));
}

TEST(ipv4, round_trip) {
    const auto payload = octets(1, 2, 3, 4, 5, 6, 7);
    const std::vector<std::byte> no_operations(40, std::byte{1});
    for (const unsigned flags : {0U, 1U, 2U, 4U, 7U}) {
        for (const std::size_t options : {0U, 4U, 40U}) {
            for (const std::size_t size : {0U, 1U, 7U}) {
                const ipv4_message sent{.tos = 0xff,
                                        .identification = 0xfffe,
                                        .reserved_flag = (flags & 4U) != 0,
                                        .dont_fragment = (flags & 2U) != 0,
                                        .more_fragments = (flags & 1U) != 0,
                                        .fragment_offset = static_cast<std::uint16_t>(flags * 1000),
                                        .ttl = 1,
                                        .protocol = 255,
                                        .source = ip_address::v4(0xc0000201),
                                        .destination = ip_address::v4(0xffffffff),
                                        .options = bytes_view{no_operations}.first(options),
                                        .payload = bytes_view{payload}.first(size)};
                std::vector<std::byte> out(100, std::byte{0xee});
                ASSERT_EQ(sent.emit(out, checksum_fill::compute), 20 + options + size);
                EXPECT_EQ(out[sent.size()], std::byte{0xee});
                // What follows the total length is padding, as in a short Ethernet frame.
                const auto view = ipv4_view::parse(out, checksum_check::verify);
                ASSERT_TRUE(view);
                EXPECT_EQ(ipv4_message::from(*view), sent);
            }
        }
    }
}

TEST(ipv4, emit_refuses_what_no_header_can_say) {
    const std::vector<std::byte> many(65535);
    std::vector<std::byte> out(65600, std::byte{0xee});
    const ip_address v6 = ip_address::parse("2001:db8::1").value();
    const bytes_view some{many};
    EXPECT_EQ((ipv4_message{.source = v6}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ipv4_message{.destination = v6}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ipv4_message{.options = some.first(3)}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ipv4_message{.options = some.first(44)}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ipv4_message{.fragment_offset = 8192}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ipv4_message{.payload = some.first(65516)}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ipv4_message{.payload = some.first(10)}.emit(bytes_span{out}.first(29), checksum_fill::compute)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
    EXPECT_EQ((ipv4_message{.payload = some.first(65515)}.emit(out, checksum_fill::compute)), 65535U);
}

TEST(ipv4, checksum_policy) {
    auto bytes = golden();
    for (std::size_t bit = 0; bit < 8 * 20; ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        EXPECT_FALSE(ipv4_view::parse(bytes, checksum_check::verify)) << bit;
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
    set(bytes, 10, 0);
    EXPECT_EQ(ipv4_view::parse(bytes, checksum_check::verify).error(), parse_error::bad_checksum);
    EXPECT_TRUE(ipv4_view::parse(bytes, checksum_check::trust));
    std::vector<std::byte> out(20);
    ASSERT_EQ(ipv4_message{}.emit(out, checksum_fill::leave), 20U);
    EXPECT_EQ(load_be<std::uint16_t>(out, 10), 0);
}

TEST(ipv4, truncated_at_every_length) {
    for (const auto& whole : {golden(), with_options()}) {
        const std::size_t header = whole[0] == std::byte{0x46} ? 24 : 20;
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_EQ(strict_error(cut), size < 20       ? parse_error::truncated
                                         : size < header ? parse_error::bad_header_length
                                                         : parse_error::bad_total_length);
            const auto lax = ipv4_view::parse_lax(cut);
            ASSERT_EQ(lax.has_value(), size >= header) << size;
            if (lax) {
                EXPECT_EQ(lax->payload().size(), size - header);
            }
        }
    }
}

TEST(ipv4, hostile_header_length) {
    for (unsigned ihl = 0; ihl < 16; ++ihl) {
        auto bytes = golden();  // 28 bytes hold an ihl of 5, 6 and 7
        set(bytes, 0, 0x40U | ihl);
        const bool fits = ihl >= 5 && ihl <= 7;
        const auto lax = ipv4_view::parse_lax(bytes);
        ASSERT_EQ(lax.has_value(), fits) << ihl;
        if (fits) {
            EXPECT_EQ(lax->options().size(), (ihl - 5) * 4);
            EXPECT_EQ(lax->payload().size(), 28 - ihl * 4);
        } else {
            EXPECT_EQ(lax.error(), parse_error::bad_header_length);
            EXPECT_EQ(strict_error(bytes), parse_error::bad_header_length);
        }
    }
}

TEST(ipv4, outer_reply_with_options_has_its_icmp_behind_them) {
    std::vector<std::byte> bytes(60 + 8, std::byte{1});
    const auto head = golden();
    std::ranges::copy(bytes_view{head}.first(20), bytes.begin());
    set(bytes, 0, 0x4f);
    set(bytes, 3, 68);
    set(bytes, 60, 0x77);
    const auto view = ipv4_view::parse(bytes, checksum_check::trust);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->options().size(), 40U);
    EXPECT_EQ(view->payload().front(), std::byte{0x77});
}

TEST(ipv4, hostile_total_length) {
    for (const unsigned total : {0U, 1U, 19U, 29U, 0x1c00U, 0xffffU}) {
        auto bytes = golden();
        set(bytes, 2, total >> 8);
        set(bytes, 3, total & 0xffU);
        EXPECT_EQ(strict_error(bytes), parse_error::bad_total_length) << total;
        // A quoted header's total length may be wrong or byte-swapped; all the bytes there are count then.
        const auto lax = ipv4_view::parse_lax(bytes);
        ASSERT_TRUE(lax);
        EXPECT_EQ(lax->payload().size(), 8U);
        EXPECT_EQ(lax->total_length(), total);
    }
}

TEST(ipv4, quoted_datagram_is_cut_at_its_total_length) {
    auto bytes = golden();
    bytes.resize(128);  // RFC 4884 section 5.1: padded with zeros
    const auto lax = ipv4_view::parse_lax(bytes);
    ASSERT_TRUE(lax);
    EXPECT_EQ(lax->payload().size(), 8U);
}

TEST(ipv4, other_versions) {
    for (unsigned version = 0; version < 16; ++version) {
        if (version == 4) continue;
        auto bytes = golden();
        set(bytes, 0, version << 4 | 5U);
        EXPECT_EQ(strict_error(bytes), parse_error::bad_version);
        EXPECT_EQ(lax_error(bytes), parse_error::bad_version);
    }
}

TEST(ipv4, options_walk) {
    const auto options = octets(1, 0x94, 4, 0xaa, 0xbb, 0x07, 2, 1, 0, 0xff, 0xff);
    bytes_view rest{options};
    const auto expect_next = [&rest](std::uint8_t kind, std::size_t size) {
        const auto option = next_ipv4_option(rest);
        ASSERT_TRUE(option.has_value() && option->has_value());
        EXPECT_EQ((*option)->kind, kind);
        EXPECT_EQ((*option)->data.size(), size);
    };
    expect_next(1, 0);
    expect_next(0x94, 2);
    expect_next(7, 0);
    expect_next(1, 0);
    const auto end = next_ipv4_option(rest);
    ASSERT_TRUE(end);
    EXPECT_FALSE(end->has_value());
    EXPECT_TRUE(rest.empty());
}

TEST(ipv4, hostile_options) {
    const auto bad = {octets(7, 0, 0, 0), octets(7, 1, 0, 0), octets(7, 5, 0, 0), octets(7, 255, 0, 0),
                      octets(1, 1, 1, 7)};
    for (const auto& options : bad) {
        auto bytes = with_options();
        std::ranges::copy(options, bytes.begin() + 20);
        EXPECT_EQ(strict_error(bytes), parse_error::bad_option);
        const auto lax = ipv4_view::parse_lax(bytes);
        ASSERT_TRUE(lax);
        bytes_view rest = lax->options();
        unsigned steps = 0;
        while (!rest.empty()) {
            if (!next_ipv4_option(rest)) {
                EXPECT_TRUE(rest.empty());
            }
            ASSERT_LE(++steps, 4U);
        }
    }
    auto quiet = with_options();  // behind End of Option List anything may stand
    std::ranges::copy(octets(0, 7, 0, 0), quiet.begin() + 20);
    EXPECT_TRUE(ipv4_view::parse(quiet, checksum_check::trust));
}

}  // namespace
}  // namespace sonde::wire
