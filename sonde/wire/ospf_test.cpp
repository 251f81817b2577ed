#include <algorithm>
#include <vector>

#include <sonde/wire/ospf.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

// Made with scapy: a hello with two neighbors, and one with a password.
std::vector<std::byte> hello() {
    return hex(
        "0201 0034 c0000201 00000000 328a 0000 0000000000000000"
        "ffffff00 000a 02 01 00000028 c0000201 c0000202 c0000202 c0000203");
}
std::vector<std::byte> hello_with_password() {
    return hex(
        "0201 002c c0000201 00000001 3c9b 0001 70617373776f7264"
        "ffffff00 000a 00 01 00000028 00000000 00000000");
}

TEST(ospf, golden_bytes) {
    const auto bytes = hello();
    const auto view = ospf_view::parse(bytes, checksum_check::verify);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->type(), ospf_type::hello);
    EXPECT_EQ(view->packet_length(), 52);
    EXPECT_EQ(view->router_id().to_string(), "192.0.2.1");
    EXPECT_EQ(view->area_id().to_string(), "0.0.0.0");
    EXPECT_EQ(view->checksum(), 0x328a);
    EXPECT_EQ(view->authentication_type(), ospf_authentication_type::none);

    const auto neighbors = hex("c0000202c0000203");
    const ospf_hello said{.network_mask = rig::ip("255.255.255.0"),
                          .designated_router = rig::ip("192.0.2.1"),
                          .backup_designated_router = rig::ip("192.0.2.2"),
                          .neighbors = neighbors};
    EXPECT_EQ(ospf_hello::from(*view).value(), said);
    const auto body = rig::emitted(said);
    const ospf_message message{.router_id = rig::ip("192.0.2.1"), .body = body};
    EXPECT_EQ(rig::emitted(message, checksum_fill::compute), bytes);
}

TEST(ospf, authentication) {
    const auto bytes = hello_with_password();
    const auto view = ospf_view::parse(bytes, checksum_check::verify);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->authentication_type(), ospf_authentication_type::simple_password);
    EXPECT_TRUE(std::ranges::equal(view->authentication(), hex("70617373776f7264")));
    EXPECT_EQ(rig::emitted(ospf_message::from(*view), checksum_fill::compute), bytes);
    // The password does not go into the checksum.
    auto changed = bytes;
    changed[16] = std::byte{0};
    EXPECT_TRUE(ospf_view::parse(changed, checksum_check::verify));
    changed = bytes;
    changed[24] = std::byte{0};
    EXPECT_EQ(ospf_view::parse(changed, checksum_check::verify).error(), parse_error::bad_checksum);
    // RFC 2328 section D.4.3: no checksum, and 16 bytes of digest behind the packet.
    changed = bytes;
    changed[15] = std::byte{2};
    changed.resize(changed.size() + 16);
    const auto cryptographic = ospf_view::parse(changed, checksum_check::verify);
    ASSERT_TRUE(cryptographic);
    EXPECT_EQ(cryptographic->bytes().size(), 44U);
    const auto out = rig::emitted(ospf_message::from(*cryptographic), checksum_fill::compute);
    EXPECT_EQ(load_be<std::uint16_t>(out, 12), 0);
}

TEST(ospf, hello_of_another_shape) {
    const auto with = [](std::size_t at, unsigned value) {
        auto bytes = hello();
        bytes[at] = static_cast<std::byte>(value);
        return bytes;
    };
    const auto read = [](const std::vector<std::byte>& bytes) {
        return ospf_hello::from(ospf_view::parse(bytes, checksum_check::trust).value()).error();
    };
    EXPECT_EQ(read(with(1, 2)), parse_error::wrong_type);
    EXPECT_EQ(read(with(3, 24)), parse_error::truncated);
    EXPECT_EQ(read(with(3, 43)), parse_error::truncated);
    EXPECT_EQ(read(with(3, 45)), parse_error::bad_total_length);
}

TEST(ospf, round_trip) {
    rig::seeded random(8);
    for (int i = 0; i < 500; ++i) {
        const auto neighbors = random.bytes(4 * random.below(5));
        const ospf_hello said{.network_mask = random.v4(),
                              .hello_interval = random.number<std::uint16_t>(),
                              .options = random.number<std::uint8_t>(),
                              .router_priority = random.number<std::uint8_t>(),
                              .router_dead_interval = random.number<std::uint32_t>(),
                              .designated_router = random.v4(),
                              .backup_designated_router = random.v4(),
                              .neighbors = neighbors};
        const auto body = rig::emitted(said);
        rig::expect_needs_its_room(said);
        ospf_message sent{.type = ospf_type::hello,
                          .router_id = random.v4(),
                          .area_id = random.v4(),
                          .authentication_type = static_cast<ospf_authentication_type>(random.below(4)),
                          .body = body};
        std::ranges::copy(random.bytes(8), sent.authentication.begin());
        const auto out = rig::emitted(sent, checksum_fill::compute);
        const auto view = ospf_view::parse(out, checksum_check::verify);
        ASSERT_TRUE(view);
        EXPECT_EQ(ospf_message::from(*view), sent);
        EXPECT_EQ(ospf_hello::from(*view).value(), said);
        rig::expect_needs_its_room(sent, checksum_fill::compute);
    }
}

TEST(ospf, lengths_and_versions) {
    const auto error_with_length = [](unsigned length) {
        auto bytes = hello();
        store_be(bytes, 2, static_cast<std::uint16_t>(length));
        return ospf_view::parse(bytes, checksum_check::trust).error();
    };
    for (const unsigned length : {0U, 23U, 53U, 65535U}) {
        EXPECT_EQ(error_with_length(length), parse_error::bad_total_length) << length;
    }
    for (const unsigned version : {0U, 1U, 3U, 255U}) {
        auto bytes = hello();
        bytes[0] = static_cast<std::byte>(version);
        EXPECT_EQ(ospf_view::parse(bytes, checksum_check::trust).error(), parse_error::bad_version);
    }
    const auto whole = hello();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(ospf_view::parse(bytes_view{whole}.first(size), checksum_check::trust).error(),
                  size < 24 ? parse_error::truncated : parse_error::bad_total_length);
    }
}

TEST(ospf, emit_refuses_what_no_packet_can_say) {
    std::vector<std::byte> out(65600, std::byte{0xee});
    const std::vector<std::byte> many(65512);
    EXPECT_EQ((ospf_message{.router_id = rig::ip("::1")}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ospf_message{.area_id = rig::ip("::1")}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ospf_message{.body = many}.emit(out, checksum_fill::compute)), 0U);
    EXPECT_EQ((ospf_hello{.network_mask = rig::ip("::1")}.emit(out)), 0U);
    EXPECT_EQ((ospf_hello{.designated_router = rig::ip("::1")}.emit(out)), 0U);
    EXPECT_EQ((ospf_hello{.backup_designated_router = rig::ip("::1")}.emit(out)), 0U);
    EXPECT_EQ((ospf_hello{.neighbors = bytes_view{many}.first(3)}.emit(out)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
}

TEST(ospf, hostile_bytes) {
    for (const auto& sample : {hello(), hello_with_password()}) {
        rig::survive(sample, [](bytes_view bytes) {
            const auto view = ospf_view::parse(bytes, checksum_check::trust);
            if (!view) return;
            (void)ospf_hello::from(*view);
            const auto message = ospf_message::from(*view);
            const auto out = rig::emitted(message, checksum_fill::compute);
            EXPECT_EQ(ospf_message::from(ospf_view::parse(out, checksum_check::verify).value()), message);
        });
    }
}

}  // namespace
}  // namespace sonde::wire
