#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/wire/ipv6.hpp>

namespace sonde::wire {
namespace {

template <class... Octets>
std::vector<std::byte> octets(Octets... values) {
    return {static_cast<std::byte>(values)...};
}

// 2001:db8::1 to ff02::1, traffic class 0xb9, flow label 0xabcde, and a payload of our choice.
std::vector<std::byte> packet(unsigned next_header, const std::vector<std::byte>& payload) {
    const auto head = octets(0x6b, 0x9a, 0xbc, 0xde, 0, 0, 0, 0xff,                       //
                             0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,  //
                             0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    std::vector<std::byte> bytes(head.size() + payload.size());
    std::ranges::copy(payload, std::ranges::copy(head, bytes.begin()).out);
    bytes[4] = static_cast<std::byte>(payload.size() >> 8);
    bytes[5] = static_cast<std::byte>(payload.size() & 0xffU);
    bytes[6] = static_cast<std::byte>(next_header);
    return bytes;
}

// Hop-by-hop with a router alert (RFC 2711), routing, destination options of 16 bytes, an atomic fragment, ICMPv6.
std::vector<std::byte> long_chain() {
    return packet(0, octets(43, 0, 5, 2, 0, 0, 1, 0,                           //
                            60, 0, 4, 0, 0, 0, 0, 0,                           //
                            44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  //
                            58, 0, 0, 0, 0, 0, 0, 9,                           //
                            128, 0, 0, 0, 0, 1, 0, 2));
}

TEST(ipv6, golden_bytes) {
    const auto bytes = packet(58, octets(1, 2, 3));
    const auto view = ipv6_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->traffic_class(), 0xb9);
    EXPECT_EQ(view->dscp(), 46);
    EXPECT_EQ(view->ecn(), 1);
    EXPECT_EQ(view->flow_label(), 0xabcdeU);
    EXPECT_EQ(view->payload_length(), 3);
    EXPECT_EQ(view->next_header(), 58);
    EXPECT_EQ(view->hop_limit(), 255);
    EXPECT_EQ(view->source().to_string(), "2001:db8::1");
    EXPECT_EQ(view->destination().to_string(), "ff02::1");
    const auto upper = view->upper_layer();
    ASSERT_TRUE(upper);
    EXPECT_EQ(upper->protocol, 58);
    EXPECT_TRUE(std::ranges::equal(upper->payload, octets(1, 2, 3)));
    EXPECT_FALSE(upper->is_fragment);

    std::vector<std::byte> out(bytes.size());
    ASSERT_EQ(ipv6_message::from(*view).emit(out), bytes.size());
    EXPECT_EQ(out, bytes);
}

TEST(ipv6, round_trip) {
    const auto payload = octets(9, 8, 7, 6, 5);
    for (const std::size_t size : {0U, 1U, 5U}) {
        const ipv6_message sent{.traffic_class = 0xff,
                                .flow_label = 0xfffff,
                                .next_header = 17,
                                .hop_limit = 0,
                                .source = ip_address::parse("fe80::1").value(),
                                .destination = ip_address::v4(0xc0000201),
                                .payload = bytes_view{payload}.first(size)};
        std::vector<std::byte> out(60, std::byte{0xee});
        ASSERT_EQ(sent.emit(out), 40 + size);
        EXPECT_EQ(out[sent.size()], std::byte{0xee});
        const auto view = ipv6_view::parse(out);
        ASSERT_TRUE(view);
        EXPECT_EQ(ipv6_message::from(*view), sent);
    }
}

TEST(ipv6, emit_refuses_what_no_header_can_say) {
    const std::vector<std::byte> many(65536);
    std::vector<std::byte> out(65600, std::byte{0xee});
    EXPECT_EQ((ipv6_message{.flow_label = 0x100000}.emit(out)), 0U);
    EXPECT_EQ((ipv6_message{.payload = many}.emit(out)), 0U);
    EXPECT_EQ((ipv6_message{.payload = bytes_view{many}.first(1)}.emit(bytes_span{out}.first(40))), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
    EXPECT_EQ((ipv6_message{.payload = bytes_view{many}.first(65535)}.emit(out)), 65575U);
}

TEST(ipv6, extension_headers) {
    const auto bytes = long_chain();
    const auto view = ipv6_view::parse(bytes);
    ASSERT_TRUE(view);
    const auto upper = view->upper_layer();
    ASSERT_TRUE(upper);
    EXPECT_EQ(upper->protocol, 58);
    EXPECT_TRUE(std::ranges::equal(upper->payload, octets(128, 0, 0, 0, 0, 1, 0, 2)));
    EXPECT_FALSE(upper->is_fragment) << "RFC 6946: an atomic fragment is whole";
}

TEST(ipv6, fragments) {
    const auto upper_of = [](const std::vector<std::byte>& bytes) {
        return ipv6_view::parse(bytes).value().upper_layer().value();
    };
    const auto first = packet(44, octets(58, 0, 0, 1, 0, 0, 0, 9, 128, 0, 0, 0, 0, 1, 0, 2));
    EXPECT_TRUE(upper_of(first).is_fragment);
    EXPECT_FALSE(upper_of(first).is_later_fragment());
    // Behind a later fragment's header stands no header, whatever the next header says.
    const auto later = packet(44, octets(60, 0, 0xff, 0xf8, 0, 0, 0, 9, 1, 255));
    const auto upper = upper_of(later);
    EXPECT_TRUE(upper.is_fragment);
    EXPECT_TRUE(upper.is_later_fragment());
    EXPECT_EQ(upper.fragment_offset, 8191);
    EXPECT_EQ(upper.protocol, 60);
    EXPECT_TRUE(std::ranges::equal(upper.payload, octets(1, 255)));
}

TEST(ipv6, truncated_at_every_length) {
    const auto whole = long_chain();
    const std::size_t chain_end = 40 + 8 + 8 + 16 + 8;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(ipv6_view::parse(cut).error(), size < 40 ? parse_error::truncated : parse_error::bad_total_length);
        const auto lax = ipv6_view::parse_lax(cut);
        ASSERT_EQ(lax.has_value(), size >= 40) << size;
        if (!lax) continue;
        const auto upper = lax->upper_layer();
        ASSERT_EQ(upper.has_value(), size >= chain_end) << size;
        if (upper) {
            EXPECT_EQ(upper->payload.size(), size - chain_end);
        }
        if (!upper) {
            EXPECT_EQ(upper.error(), parse_error::bad_header_length);
        }
    }
}

TEST(ipv6, extension_past_the_end) {
    for (const unsigned extension : {0U, 43U, 60U}) {
        for (const unsigned length : {1U, 2U, 255U}) {
            const auto bytes = packet(extension, octets(58, length, 0, 0, 0, 0, 0, 0, 1, 2, 3));
            EXPECT_EQ(ipv6_view::parse(bytes).error(), parse_error::bad_header_length);
            ASSERT_TRUE(ipv6_view::parse_lax(bytes));
            EXPECT_FALSE(ipv6_view::parse_lax(bytes)->upper_layer());
        }
    }
    for (const unsigned extension : {0U, 43U, 44U, 60U}) {
        EXPECT_EQ(ipv6_view::parse(packet(extension, {})).error(), parse_error::bad_header_length);
        EXPECT_EQ(ipv6_view::parse(packet(extension, octets(58, 0, 0, 0, 0, 0, 0))).error(),
                  parse_error::bad_header_length);
    }
}

TEST(ipv6, headers_without_end) {
    std::vector<std::byte> chain(65528);
    for (std::size_t i = 0; i < chain.size(); i += 8) chain[i] = std::byte{60};
    EXPECT_EQ(ipv6_view::parse(packet(60, chain)).error(), parse_error::bad_header_length);
}

TEST(ipv6, hostile_payload_length) {
    auto bytes = packet(58, octets(1, 2, 3, 4));
    bytes[4] = std::byte{0xff};
    EXPECT_EQ(ipv6_view::parse(bytes).error(), parse_error::bad_total_length);
    ASSERT_TRUE(ipv6_view::parse_lax(bytes));
    EXPECT_EQ(ipv6_view::parse_lax(bytes)->payload().size(), 4U);
    bytes[4] = std::byte{0};
    bytes[5] = std::byte{2};
    EXPECT_EQ(ipv6_view::parse(bytes).value().payload().size(), 2U);
    EXPECT_EQ(ipv6_view::parse_lax(bytes).value().payload().size(), 2U);
}

TEST(ipv6, other_versions) {
    for (unsigned version = 0; version < 16; ++version) {
        if (version == 6) continue;
        auto bytes = packet(58, {});
        bytes[0] = static_cast<std::byte>(version << 4);
        EXPECT_EQ(ipv6_view::parse(bytes).error(), parse_error::bad_version);
        EXPECT_EQ(ipv6_view::parse_lax(bytes).error(), parse_error::bad_version);
    }
}

}  // namespace
}  // namespace sonde::wire
