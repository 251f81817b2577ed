#include <algorithm>
#include <vector>

#include <sonde/wire/nd.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

struct sample {
    std::vector<std::byte> bytes;
    icmp_checksum sum;
};

sample message(std::string_view source, std::string_view destination, std::string_view digits) {
    auto bytes = hex(digits);
    const auto size = static_cast<std::uint32_t>(bytes.size());
    return {std::move(bytes), {pseudo_header_sum(rig::ip(source), rig::ip(destination), size, 58)}};
}

// All made with scapy.
sample solicitation() {
    return message("fe80::1", "ff02::1:ff00:2", "87007a97 00000000 fe800000000000000000000000000002 0101020000000001");
}
sample advertisement() {
    return message("fe80::2", "fe80::1", "88009819 e0000000 fe800000000000000000000000000002 0201020000000002");
}
sample router_advertisement_sample() {
    return message("fe80::1", "ff02::1",
                   "8600b27b 40a80708 00007530 000003e8 0101020000000001 0501000000000578"
                   "030440c0 00015180 00003840 00000000 20010db8000100000000000000000000");
}
sample redirect() {
    return message("fe80::1", "2001:db8::5",
                   "89001991 00000000 fe800000000000000000000000000009 20010db8000000000000000000000077"
                   "0201020000000009");
}

nd_message read(const sample& s) {
    const auto view = nd_view::parse(s.bytes, checksum_check::verify, s.sum);
    EXPECT_TRUE(view);
    return nd_message::from(view.value());
}

parse_error error_of(bytes_view bytes) {
    return nd_view::parse(bytes, checksum_check::trust).error();
}

TEST(nd, neighbor_solicitation) {
    const auto s = solicitation();
    const auto m = read(s);
    EXPECT_EQ(m.type(), nd_type::neighbor_solicitation);
    EXPECT_EQ(std::get<neighbor_solicitation>(m.body).target, rig::ip("fe80::2"));
    EXPECT_EQ(find_link_layer_address(m.options, nd_option::source_link_layer_address), rig::mac("02:00:00:00:00:01"));
    EXPECT_FALSE(find_link_layer_address(m.options, nd_option::target_link_layer_address));
    EXPECT_EQ(rig::emitted(m, checksum_fill::compute, s.sum), s.bytes);
}

TEST(nd, neighbor_advertisement_from_scratch) {
    const auto s = advertisement();
    std::vector<std::byte> options(link_layer_address_option_size);
    ASSERT_EQ(emit_link_layer_address(nd_option::target_link_layer_address, rig::mac("02:00:00:00:00:02"), options),
              8U);
    const nd_message m{.body =
                           neighbor_advertisement{
                               .router = true, .solicited = true, .override_cache = true, .target = rig::ip("fe80::2")},
                       .options = options};
    EXPECT_EQ(rig::emitted(m, checksum_fill::compute, s.sum), s.bytes);
    EXPECT_EQ(read(s), m);
}

TEST(nd, router_advertisement) {
    const auto s = router_advertisement_sample();
    const auto m = read(s);
    EXPECT_EQ(std::get<router_advertisement>(m.body), (router_advertisement{.hop_limit = 64,
                                                                            .managed = true,
                                                                            .home_agent = true,
                                                                            .preference = 1,
                                                                            .router_lifetime = 1800,
                                                                            .reachable_time = 30000,
                                                                            .retransmission_time = 1000}));
    const auto found = find_option(m.options, nd_option::prefix_information, nd_option_format);
    ASSERT_TRUE(found);
    const auto prefix = nd_prefix_information::from(*found);
    ASSERT_TRUE(prefix);
    EXPECT_EQ(*prefix, (nd_prefix_information{.prefix_length = 64,
                                              .on_link = true,
                                              .autonomous = true,
                                              .valid_lifetime = 86400,
                                              .preferred_lifetime = 14400,
                                              .prefix = rig::ip("2001:db8:1::")}));
    std::vector<std::byte> out(nd_prefix_information::size);
    ASSERT_EQ(prefix->emit(out), 32U);
    EXPECT_TRUE(std::ranges::equal(out, bytes_view{s.bytes}.last(32)));
    EXPECT_EQ(prefix->emit(bytes_span{out}.first(31)), 0U);
    EXPECT_EQ(rig::emitted(m, checksum_fill::compute, s.sum), s.bytes);
}

TEST(nd, redirect) {
    const auto s = redirect();
    const auto m = read(s);
    EXPECT_EQ(std::get<nd_redirect>(m.body),
              (nd_redirect{.target = rig::ip("fe80::9"), .destination = rig::ip("2001:db8::77")}));
    EXPECT_EQ(rig::emitted(m, checksum_fill::compute, s.sum), s.bytes);
}

TEST(nd, prefix_information_of_another_shape) {
    const auto data = std::vector<std::byte>(30);
    EXPECT_EQ(nd_prefix_information::from({.kind = 5, .data = data}).error(), parse_error::wrong_type);
    EXPECT_EQ(nd_prefix_information::from({.kind = 3, .data = bytes_view{data}.first(22)}).error(),
              parse_error::bad_option);
    EXPECT_TRUE(nd_prefix_information::from({.kind = 3, .data = data}));
}

TEST(nd, round_trip) {
    rig::seeded random(3);
    for (int i = 0; i < 500; ++i) {
        const ip_address target = random.v6();
        std::vector<std::byte> options(8 * random.below(3));
        for (std::size_t at = 0; at < options.size(); at += 8) {
            ASSERT_EQ(
                emit_link_layer_address(random.number<std::uint8_t>(), random.mac(), bytes_span{options}.subspan(at)),
                8U);
        }
        const decltype(nd_message::body) bodies[] = {
            router_solicitation{},
            router_advertisement{.hop_limit = random.number<std::uint8_t>(),
                                 .managed = random.coin(),
                                 .other = random.coin(),
                                 .home_agent = random.coin(),
                                 .preference = static_cast<std::uint8_t>(random.below(4)),
                                 .router_lifetime = random.number<std::uint16_t>(),
                                 .reachable_time = random.number<std::uint32_t>(),
                                 .retransmission_time = random.number<std::uint32_t>()},
            neighbor_solicitation{target},
            neighbor_advertisement{random.coin(), random.coin(), random.coin(), target},
            nd_redirect{target, target},
        };
        const icmp_checksum sum{random.number<std::uint16_t>()};
        const nd_message sent{.body = bodies[random.below(5)], .options = options};
        const auto out = rig::emitted(sent, checksum_fill::compute, sum);
        const auto view = nd_view::parse(out, checksum_check::verify, sum);
        ASSERT_TRUE(view);
        EXPECT_EQ(view->type(), sent.type());
        EXPECT_EQ(nd_message::from(*view), sent);
        rig::expect_needs_its_room(sent, checksum_fill::compute, sum);
    }
}

TEST(nd, rules_of_section_7_1) {
    auto bytes = solicitation().bytes;
    bytes[1] = std::byte{1};
    EXPECT_EQ(error_of(bytes), parse_error::wrong_type) << "the code is zero";
    bytes = solicitation().bytes;
    bytes[0] = std::byte{128};
    EXPECT_EQ(error_of(bytes), parse_error::wrong_type);
    bytes = solicitation().bytes;
    bytes[8] = std::byte{0xff};
    EXPECT_EQ(error_of(bytes), parse_error::bad_address) << "a target is not multicast";
    bytes = redirect().bytes;
    bytes[24] = std::byte{0xff};
    EXPECT_EQ(error_of(bytes), parse_error::bad_address) << "neither is a redirect's destination";
    bytes = redirect().bytes;
    bytes[9] = std::byte{0x40};
    EXPECT_EQ(error_of(bytes), parse_error::bad_address) << "a router is named by its link-local address";
    std::copy_n(bytes.begin() + 24, 16, bytes.begin() + 8);
    EXPECT_TRUE(nd_view::parse(bytes, checksum_check::trust)) << "a neighbor by its own";
    for (const unsigned length : {0U, 2U, 255U}) {
        bytes = solicitation().bytes;
        bytes[25] = static_cast<std::byte>(length);
        EXPECT_EQ(error_of(bytes), parse_error::bad_option) << length;
    }
    const auto s = solicitation();
    EXPECT_EQ(nd_view::parse(s.bytes, checksum_check::verify).error(), parse_error::bad_checksum);
}

TEST(nd, truncated_at_every_length) {
    const auto check = [](const std::vector<std::byte>& whole, std::size_t header) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const auto view = nd_view::parse(bytes_view{whole}.first(size), checksum_check::trust);
            ASSERT_EQ(view.has_value(), size >= header && (size - header) % 8 == 0) << size;
            if (!view) {
                EXPECT_EQ(view.error(), size < header ? parse_error::truncated : parse_error::bad_option);
            }
        }
    };
    check(solicitation().bytes, 24);
    check(advertisement().bytes, 24);
    check(redirect().bytes, 40);
    check(hex("8500 7a2c 00000000 0101020000000001"), 8);
}

TEST(nd, emit_refuses_what_no_message_may_say) {
    std::vector<std::byte> out(64, std::byte{0xee});
    const ip_address group = rig::ip("ff02::1");
    const auto emit = [&out](const nd_message& m) { return m.emit(out, checksum_fill::leave); };
    EXPECT_EQ(emit({.body = neighbor_solicitation{group}}), 0U);
    EXPECT_EQ(emit({.body = neighbor_advertisement{.target = group}}), 0U);
    EXPECT_EQ(emit({.body = nd_redirect{.target = group}}), 0U);
    EXPECT_EQ(emit({.body = nd_redirect{.destination = group}}), 0U);
    EXPECT_EQ(emit({.body = nd_redirect{.target = rig::ip("2001:db8::1"), .destination = rig::ip("2001:db8::2")}}), 0U);
    EXPECT_EQ(emit({.body = router_advertisement{.preference = 4}}), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
}

TEST(nd, hostile_bytes) {
    for (const auto& s : {solicitation(), advertisement(), router_advertisement_sample(), redirect()}) {
        rig::survive(s.bytes, [](bytes_view bytes) {
            const auto view = nd_view::parse(bytes, checksum_check::trust);
            if (!view) return;
            const auto m = nd_message::from(*view);
            const auto out = rig::emitted(m, checksum_fill::leave);
            EXPECT_EQ(nd_message::from(nd_view::parse(out, checksum_check::trust).value()), m);
        });
    }
}

TEST(nd, solicited_node_group) {
    EXPECT_EQ(solicited_node_multicast(rig::ip("2001:db8::1:abcd:ef01")).to_string(), "ff02::1:ffcd:ef01");
}

}  // namespace
}  // namespace sonde::wire
