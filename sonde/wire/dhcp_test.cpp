#include <algorithm>
#include <vector>

#include <sonde/wire/dhcp.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

std::vector<std::byte> joined(std::initializer_list<std::vector<std::byte>> parts) {
    std::vector<std::byte> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::vector<std::byte> discover_options() {
    return hex("35 01 01 0c 04 686f7374 32 04 c0000232 ff");
}

// As scapy makes it: a discover from 02:00:00:00:00:01 with a host name and a wish for 192.0.2.50.
std::vector<std::byte> discover() {
    return joined({hex("01 01 06 00 12345678 0003 8000 00000000 00000000 00000000 00000000 020000000001"),
                   std::vector<std::byte>(10 + 64 + 128), hex("63825363"), discover_options()});
}

TEST(dhcp, golden_bytes) {
    const auto bytes = discover();
    const auto view = dhcp_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->operation(), dhcp_operation::request);
    EXPECT_EQ(view->hardware_type(), 1);
    EXPECT_EQ(view->hops(), 0);
    EXPECT_EQ(view->transaction_id(), 0x12345678U);
    EXPECT_EQ(view->seconds(), 3);
    EXPECT_TRUE(view->broadcast());
    EXPECT_EQ(mac_address::from_bytes(view->hardware_address()), rig::mac("02:00:00:00:00:01"));
    EXPECT_EQ(view->message_type(), dhcp_message_type::discover);
    EXPECT_EQ(view->server_name().size(), 64U);
    EXPECT_EQ(view->file().size(), 128U);
    EXPECT_EQ(view->options().size(), 16U);

    const auto mac = rig::mac("02:00:00:00:00:01");
    const auto options = discover_options();
    const dhcp_message message{.transaction_id = 0x12345678,
                               .seconds = 3,
                               .broadcast = true,
                               .hardware_address = mac.bytes(),
                               .options = options};
    EXPECT_EQ(rig::emitted(message), bytes);
    EXPECT_EQ(dhcp_message::from(*view), message);
}

TEST(dhcp, every_field_has_its_place) {
    const auto bytes = joined({hex("02 06 10 02 00000001 0000 0000 c0000201 c0000202 c0000203 c0000204"),
                               hex("000102030405060708090a0b0c0d0e0f"), std::vector<std::byte>(64, std::byte{'s'}),
                               std::vector<std::byte>(128, std::byte{'f'}), hex("63825363 ff")});
    const auto view = dhcp_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->operation(), dhcp_operation::reply);
    EXPECT_EQ(view->hardware_type(), 6);
    EXPECT_EQ(view->hops(), 2);
    EXPECT_FALSE(view->broadcast());
    EXPECT_EQ(view->client_address().to_string(), "192.0.2.1");
    EXPECT_EQ(view->your_address().to_string(), "192.0.2.2");
    EXPECT_EQ(view->server_address().to_string(), "192.0.2.3");
    EXPECT_EQ(view->relay_address().to_string(), "192.0.2.4");
    EXPECT_EQ(view->hardware_address().size(), 16U);
    EXPECT_EQ(view->server_name().back(), std::byte{'s'});
    EXPECT_EQ(view->file().front(), std::byte{'f'});
    EXPECT_FALSE(view->message_type());
    EXPECT_EQ(rig::emitted(dhcp_message::from(*view)), bytes);
}

TEST(dhcp, message_type) {
    const auto type_of = [](std::string_view options) {
        const auto bytes = joined({std::vector<std::byte>(236), hex("63825363"), hex(options)});
        return dhcp_view::parse(bytes).value().message_type();
    };
    EXPECT_EQ(type_of("00 35 01 05 ff"), dhcp_message_type::ack);
    EXPECT_EQ(type_of("35 01 08"), dhcp_message_type::inform) << "without an end";
    EXPECT_FALSE(type_of("35 02 0101"));
    EXPECT_FALSE(type_of("ff 35 01 01"));
    EXPECT_FALSE(type_of(""));
}

TEST(dhcp, round_trip) {
    rig::seeded random(9);
    for (int i = 0; i < 300; ++i) {
        const auto hardware_address = random.bytes(random.below(17));
        const auto server_name = random.bytes(random.below(65));
        const auto file = random.bytes(random.below(129));
        std::vector<std::byte> options;
        for (std::size_t left = random.below(5); left > 0; --left) {
            const auto data = random.bytes(random.below(256));
            const option o{static_cast<std::uint8_t>(1 + random.below(254)), data};
            std::vector<std::byte> written(option_size(o, dhcp_option_format));
            ASSERT_EQ(emit_option(o, dhcp_option_format, written), 2 + data.size());
            options.insert(options.end(), written.begin(), written.end());
        }
        const dhcp_message sent{.operation = random.coin() ? dhcp_operation::request : dhcp_operation::reply,
                                .hardware_type = random.number<std::uint8_t>(),
                                .hops = random.number<std::uint8_t>(),
                                .transaction_id = random.number<std::uint32_t>(),
                                .seconds = random.number<std::uint16_t>(),
                                .broadcast = random.coin(),
                                .client_address = random.v4(),
                                .your_address = random.v4(),
                                .server_address = random.v4(),
                                .relay_address = random.v4(),
                                .hardware_address = hardware_address,
                                .server_name = server_name,
                                .file = file,
                                .options = options};
        const auto out = rig::emitted(sent);
        const auto view = dhcp_view::parse(out);
        ASSERT_TRUE(view);
        EXPECT_EQ(dhcp_message::from(*view), sent);
        rig::expect_needs_its_room(sent);
    }
}

TEST(dhcp, what_is_no_message) {
    auto bytes = discover();
    for (std::size_t size = 0; size < dhcp_header_size; ++size) {
        EXPECT_EQ(dhcp_view::parse(bytes_view{bytes}.first(size)).error(), parse_error::truncated);
    }
    EXPECT_TRUE(dhcp_view::parse(bytes_view{bytes}.first(dhcp_header_size)));
    EXPECT_EQ(dhcp_view::parse(bytes_view{bytes}.first(dhcp_header_size + 1)).error(), parse_error::bad_option);
    bytes[236] = std::byte{0};
    EXPECT_EQ(dhcp_view::parse(bytes).error(), parse_error::wrong_type);
    bytes = discover();
    for (const unsigned length : {17U, 255U}) {
        bytes[2] = static_cast<std::byte>(length);
        EXPECT_EQ(dhcp_view::parse(bytes).error(), parse_error::bad_header_length);
    }
    bytes = discover();
    bytes[241] = std::byte{255};
    EXPECT_EQ(dhcp_view::parse(bytes).error(), parse_error::bad_option);
}

TEST(dhcp, emit_refuses_what_no_message_can_say) {
    std::vector<std::byte> out(300, std::byte{0xee});
    const std::vector<std::byte> many(129);
    const bytes_view some{many};
    const ip_address v6 = rig::ip("::1");
    EXPECT_EQ((dhcp_message{.hardware_address = some.first(17)}.emit(out)), 0U);
    EXPECT_EQ((dhcp_message{.server_name = some.first(65)}.emit(out)), 0U);
    EXPECT_EQ((dhcp_message{.file = some}.emit(out)), 0U);
    EXPECT_EQ((dhcp_message{.client_address = v6}.emit(out)), 0U);
    EXPECT_EQ((dhcp_message{.your_address = v6}.emit(out)), 0U);
    EXPECT_EQ((dhcp_message{.server_address = v6}.emit(out)), 0U);
    EXPECT_EQ((dhcp_message{.relay_address = v6}.emit(out)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
}

TEST(dhcp, hostile_bytes) {
    rig::survive(discover(), [](bytes_view bytes) {
        const auto view = dhcp_view::parse(bytes);
        if (!view) return;
        (void)view->message_type();
        const auto message = dhcp_message::from(*view);
        const auto out = rig::emitted(message);
        EXPECT_EQ(dhcp_message::from(dhcp_view::parse(out).value()), message);
    });
}

}  // namespace
}  // namespace sonde::wire
