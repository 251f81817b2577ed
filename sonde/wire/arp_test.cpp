#include <algorithm>
#include <vector>

#include <sonde/wire/arp.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

// Made with scapy: who has 192.0.2.2, tell 192.0.2.1.
std::vector<std::byte> request() {
    return hex("0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202");
}

std::vector<std::byte> emitted(const arp_message& message) {
    std::vector<std::byte> out(arp_packet_size + 1, std::byte{0xee});
    EXPECT_EQ(message.emit(out), arp_packet_size);
    EXPECT_EQ(out.back(), std::byte{0xee});
    out.pop_back();
    return out;
}

TEST(arp, golden_bytes) {
    const auto bytes = request();
    const auto view = arp_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->operation(), arp_operation::request);
    EXPECT_EQ(view->sender_mac().to_string(), "02:00:00:00:00:01");
    EXPECT_EQ(view->sender_ip().to_string(), "192.0.2.1");
    EXPECT_TRUE(view->target_mac().is_zero());
    EXPECT_EQ(view->target_ip().to_string(), "192.0.2.2");
    EXPECT_EQ(emitted(arp_message::from(*view)), bytes);

    const arp_message reply{.operation = arp_operation::reply,
                            .sender_mac = rig::mac("02:00:00:00:00:02"),
                            .sender_ip = rig::ip("192.0.2.2"),
                            .target_mac = rig::mac("02:00:00:00:00:01"),
                            .target_ip = rig::ip("192.0.2.1")};
    EXPECT_EQ(emitted(reply), hex("0001080006040002 020000000002 c0000202 020000000001 c0000201"));
}

TEST(arp, padding_is_left_out) {
    auto bytes = request();
    bytes.resize(46, std::byte{0x55});
    const auto view = arp_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->bytes().size(), arp_packet_size);
}

TEST(arp, probes_and_announcements) {
    const ip_address zero = ip_address::v4(0);
    const ip_address address = rig::ip("192.0.2.7");
    const auto check = [](const arp_message& m, bool probe, bool announcement) {
        EXPECT_EQ(m.is_probe(), probe);
        EXPECT_EQ(m.is_announcement(), announcement);
    };
    check({.sender_ip = zero, .target_ip = address}, true, false);
    check({.sender_ip = address, .target_ip = address}, false, true);
    check({.sender_ip = rig::ip("192.0.2.1"), .target_ip = address}, false, false);
    check({.sender_ip = zero, .target_ip = zero}, false, false);
    check({.operation = arp_operation::reply, .sender_ip = zero, .target_ip = address}, false, false);
    check({.operation = arp_operation::reply, .sender_ip = address, .target_ip = address}, false, false);
}

TEST(arp, round_trip) {
    rig::seeded random(2);
    for (int i = 0; i < 500; ++i) {
        const arp_message sent{.operation = static_cast<arp_operation>(random.number<std::uint16_t>()),
                               .sender_mac = random.mac(),
                               .sender_ip = random.v4(),
                               .target_mac = random.mac(),
                               .target_ip = random.v4()};
        const auto out = emitted(sent);
        const auto view = arp_view::parse(out);
        ASSERT_TRUE(view);
        EXPECT_EQ(arp_message::from(*view), sent);
    }
}

TEST(arp, other_hardware_and_protocols) {
    const auto error_with = [](std::size_t at, unsigned value) {
        auto bytes = request();
        bytes[at] = static_cast<std::byte>(value);
        return arp_view::parse(bytes).error();
    };
    EXPECT_EQ(error_with(1, 6), parse_error::wrong_type);
    EXPECT_EQ(error_with(2, 0x86), parse_error::wrong_type);
    for (const unsigned length : {0U, 5U, 7U, 255U}) {
        EXPECT_EQ(error_with(4, length), parse_error::bad_header_length);
        EXPECT_EQ(error_with(5, length), parse_error::bad_header_length);
    }
}

TEST(arp, truncated_at_every_length) {
    const auto whole = request();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(arp_view::parse(bytes_view{whole}.first(size)).error(), parse_error::truncated);
    }
    EXPECT_TRUE(arp_view::parse(whole));
}

TEST(arp, emit_refuses_what_no_packet_can_say) {
    std::vector<std::byte> out(arp_packet_size, std::byte{0xee});
    EXPECT_EQ((arp_message{.sender_ip = rig::ip("::1")}.emit(out)), 0U);
    EXPECT_EQ((arp_message{.target_ip = rig::ip("::1")}.emit(out)), 0U);
    EXPECT_EQ(arp_message{}.emit(bytes_span{out}.first(27)), 0U);
    EXPECT_EQ(out.front(), std::byte{0xee});
}

TEST(arp, hostile_bytes) {
    rig::survive(request(), [](bytes_view bytes) {
        const auto view = arp_view::parse(bytes);
        if (view) {
            EXPECT_TRUE(std::ranges::equal(emitted(arp_message::from(*view)), bytes));
        }
    });
}

}  // namespace
}  // namespace sonde::wire
