#include <algorithm>
#include <vector>

#include <sonde/wire/ipv6_extension.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

// All made with scapy: a router alert (RFC 2711), a home address (RFC 6275), a source route and a fragment.
std::vector<std::byte> hop_by_hop() {
    return hex("3a00 05020000 0100");
}
std::vector<std::byte> home_address() {
    return hex("1102 0102 0000 c910 20010db8000000000000000000000001");
}
std::vector<std::byte> source_route() {
    return hex("3a02 00 01 00000000 20010db8000000000000000000000009");
}
std::vector<std::byte> fragment() {
    return hex("3a00 05c9 deadbeef");
}

std::vector<std::byte> emitted(const ipv6_fragment_message& message) {
    std::vector<std::byte> out(ipv6_fragment_header_size + 1, std::byte{0xee});
    EXPECT_EQ(message.emit(out), ipv6_fragment_header_size);
    EXPECT_EQ(out.back(), std::byte{0xee});
    out.pop_back();
    return out;
}

TEST(ipv6_extension, options_header) {
    const auto bytes = hop_by_hop();
    const auto view = ipv6_options_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->next_header(), 58);
    bytes_view rest = view->options();
    const auto alert = next_ipv6_option(rest).value();
    ASSERT_TRUE(alert);
    EXPECT_EQ(alert->kind, 5);
    EXPECT_EQ(alert->data.size(), 2U);
    EXPECT_EQ(next_ipv6_option(rest).value()->kind, 1) << "PadN";
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(rig::emitted(ipv6_options_message::from(*view)), bytes);

    const auto longer = home_address();
    const auto home = ipv6_options_view::parse(longer);
    ASSERT_TRUE(home);
    EXPECT_EQ(find_option(home->options(), 0xc9, ipv6_option_format)->data.size(), 16U);
    EXPECT_EQ(rig::emitted(ipv6_options_message::from(*home)), longer);
}

TEST(ipv6_extension, when_an_option_is_unknown) {
    EXPECT_EQ(when_unknown({.kind = 0x05}), ipv6_unknown_option::skip);
    EXPECT_EQ(when_unknown({.kind = 0x40}), ipv6_unknown_option::discard);
    EXPECT_EQ(when_unknown({.kind = 0x80}), ipv6_unknown_option::discard_and_report);
    EXPECT_EQ(when_unknown({.kind = 0xc9}), ipv6_unknown_option::discard_and_report_unless_multicast);
}

TEST(ipv6_extension, routing_header) {
    const auto bytes = source_route();
    const auto view = ipv6_routing_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->next_header(), 58);
    EXPECT_EQ(view->routing_type(), 0);
    EXPECT_EQ(view->segments_left(), 1);
    EXPECT_EQ(view->data().size(), 20U);
    EXPECT_EQ(rig::emitted(ipv6_routing_message::from(*view)), bytes);
}

TEST(ipv6_extension, fragment_header) {
    const auto bytes = fragment();
    const auto view = ipv6_fragment_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->next_header(), 58);
    EXPECT_EQ(view->fragment_offset(), 185);
    EXPECT_TRUE(view->more_fragments());
    EXPECT_TRUE(view->is_fragment());
    EXPECT_EQ(view->identification(), 0xdeadbeefU);
    EXPECT_EQ(emitted(ipv6_fragment_message::from(*view)), bytes);
    EXPECT_FALSE(ipv6_fragment_view::parse(hex("3a00 0006 00000001"))->is_fragment()) << "RFC 6946: atomic";
}

TEST(ipv6_extension, the_walk_takes_one_after_another) {
    auto bytes = hop_by_hop();
    bytes[0] = std::byte{44};
    const auto rest_of_it = fragment();
    bytes.insert(bytes.end(), rest_of_it.begin(), rest_of_it.end());
    bytes_view rest{bytes};
    const auto first = next_ipv6_extension(0, rest).value();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->kind, ipv6_extension::hop_by_hop);
    EXPECT_EQ(first->next_header, 44);
    EXPECT_EQ(first->bytes.size(), 8U);
    const auto second = next_ipv6_extension(first->next_header, rest).value();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->kind, ipv6_extension::fragment);
    EXPECT_EQ(second->next_header, 58);
    EXPECT_TRUE(rest.empty());

    rest = bytes;
    EXPECT_EQ(next_ipv6_extension(58, rest).value().has_value(), false);
    EXPECT_EQ(rest.size(), bytes.size()) << "what is no extension header stays";
}

TEST(ipv6_extension, the_fragment_header_has_no_length) {
    auto bytes = fragment();
    bytes[1] = std::byte{255};
    bytes_view rest{bytes};
    EXPECT_EQ(next_ipv6_extension(44, rest).value()->bytes.size(), 8U);
}

TEST(ipv6_extension, past_the_end) {
    for (const unsigned kind : {0U, 43U, 44U, 60U}) {
        for (std::size_t size = 0; size < 16; ++size) {
            std::vector<std::byte> bytes(size);
            if (size > 1) bytes[1] = std::byte{1};
            bytes_view rest{bytes};
            const auto header = next_ipv6_extension(static_cast<std::uint8_t>(kind), rest);
            ASSERT_EQ(header.has_value(), kind == 44 && size >= 8) << kind << ' ' << size;
            if (header) continue;
            EXPECT_EQ(header.error(), parse_error::bad_header_length);
            EXPECT_TRUE(rest.empty());
        }
    }
    const auto whole = home_address();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto cut = bytes_view{whole}.first(size);
        const auto error = size < 8 ? parse_error::truncated : parse_error::bad_header_length;
        EXPECT_EQ(ipv6_options_view::parse(cut).error(), error);
        EXPECT_EQ(ipv6_routing_view::parse(cut).error(), error);
        EXPECT_EQ(ipv6_fragment_view::parse(cut).has_value(), size >= 8);
    }
}

TEST(ipv6_extension, malformed_options) {
    for (const unsigned length : {5U, 255U}) {
        auto bytes = hop_by_hop();
        bytes[3] = static_cast<std::byte>(length);
        EXPECT_EQ(ipv6_options_view::parse(bytes).error(), parse_error::bad_option);
        EXPECT_TRUE(ipv6_routing_view::parse(bytes));
    }
}

TEST(ipv6_extension, padding) {
    for (std::size_t size = 1; size <= 257; ++size) {
        std::vector<std::byte> out(size, std::byte{0xee});
        ASSERT_EQ(emit_ipv6_padding(out), size);
        bytes_view rest{out};
        EXPECT_EQ(next_ipv6_option(rest).value()->kind, size == 1 ? 0 : 1);
        EXPECT_TRUE(rest.empty());
    }
    std::vector<std::byte> out(258);
    EXPECT_EQ(emit_ipv6_padding(out), 0U);
    EXPECT_EQ(emit_ipv6_padding({}), 0U);
}

TEST(ipv6_extension, round_trip) {
    rig::seeded random(10);
    for (int i = 0; i < 300; ++i) {
        std::vector<std::byte> options(6 + 8 * random.below(32));
        ASSERT_EQ(emit_ipv6_padding(options), options.size());
        const ipv6_options_message sent_options{.next_header = random.number<std::uint8_t>(), .options = options};
        const auto options_out = rig::emitted(sent_options);
        EXPECT_EQ(ipv6_options_message::from(ipv6_options_view::parse(options_out).value()), sent_options);
        rig::expect_needs_its_room(sent_options);

        const auto data = random.bytes(4 + 8 * random.below(256));
        const ipv6_routing_message sent_route{.next_header = random.number<std::uint8_t>(),
                                              .routing_type = random.number<std::uint8_t>(),
                                              .segments_left = random.number<std::uint8_t>(),
                                              .data = data};
        const auto route_out = rig::emitted(sent_route);
        EXPECT_EQ(ipv6_routing_message::from(ipv6_routing_view::parse(route_out).value()), sent_route);
        rig::expect_needs_its_room(sent_route);

        const ipv6_fragment_message sent_fragment{.next_header = random.number<std::uint8_t>(),
                                                  .fragment_offset = static_cast<std::uint16_t>(random.below(8192)),
                                                  .more_fragments = random.coin(),
                                                  .identification = random.number<std::uint32_t>()};
        const auto fragment_out = emitted(sent_fragment);
        EXPECT_EQ(ipv6_fragment_message::from(ipv6_fragment_view::parse(fragment_out).value()), sent_fragment);
    }
}

TEST(ipv6_extension, emit_refuses_what_no_header_can_say) {
    std::vector<std::byte> out(3000, std::byte{0xee});
    const std::vector<std::byte> many(2054);
    const auto options = [&](std::size_t size) {
        return ipv6_options_message{.options = bytes_view{many}.first(size)}.emit(out);
    };
    const auto route = [&](std::size_t size) {
        return ipv6_routing_message{.data = bytes_view{many}.first(size)}.emit(out);
    };
    EXPECT_EQ(options(0), 0U);
    EXPECT_EQ(options(7), 0U);
    EXPECT_EQ(options(2054), 0U);
    EXPECT_EQ(route(0), 0U);
    EXPECT_EQ(route(2052), 0U);
    EXPECT_EQ((ipv6_fragment_message{.fragment_offset = 8192}.emit(out)), 0U);
    EXPECT_EQ(ipv6_fragment_message{}.emit(bytes_span{out}.first(7)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
    EXPECT_EQ(options(2046), 2048U);
    EXPECT_EQ(route(2044), 2048U);
}

TEST(ipv6_extension, hostile_bytes) {
    for (const auto& sample : {hop_by_hop(), home_address(), source_route(), fragment()}) {
        rig::survive(sample, [](bytes_view bytes) {
            if (const auto view = ipv6_options_view::parse(bytes)) {
                EXPECT_TRUE(std::ranges::equal(rig::emitted(ipv6_options_message::from(*view)), view->bytes()));
            }
            if (const auto view = ipv6_routing_view::parse(bytes)) {
                EXPECT_TRUE(std::ranges::equal(rig::emitted(ipv6_routing_message::from(*view)), view->bytes()));
            }
            if (const auto view = ipv6_fragment_view::parse(bytes)) {
                const auto message = ipv6_fragment_message::from(*view);
                const auto out = emitted(message);
                EXPECT_EQ(ipv6_fragment_message::from(ipv6_fragment_view::parse(out).value()), message);
            }
        });
    }
}

}  // namespace
}  // namespace sonde::wire
