#include <algorithm>
#include <vector>

#include <sonde/wire/ethernet.hpp>
#include <sonde/wire/wire_rig_test.hpp>

namespace sonde::wire {
namespace {

using rig::hex;

// Made with scapy: a plain frame, and a frame with a service and a customer tag.
std::vector<std::byte> plain() {
    return hex("020000000002 020000000001 0800 450000160001000040008eabc0000201c63364076869");
}
std::vector<std::byte> tagged() {
    return hex("01005e000005 020000000001 88a8a064 8100fffe 0800 616263");
}

TEST(ethernet, golden_bytes) {
    const auto bytes = plain();
    const auto view = ethernet_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->destination().to_string(), "02:00:00:00:00:02");
    EXPECT_EQ(view->source().to_string(), "02:00:00:00:00:01");
    EXPECT_EQ(view->ethertype(), ethertype::ipv4);
    EXPECT_FALSE(view->is_llc());
    EXPECT_EQ(view->tag_count(), 0U);
    EXPECT_EQ(view->header_size(), 14U);
    EXPECT_EQ(view->payload().size(), 22U);

    const ethernet_message message{.destination = rig::mac("02:00:00:00:00:02"),
                                   .source = rig::mac("02:00:00:00:00:01"),
                                   .ethertype = ethertype::ipv4,
                                   .payload = view->payload()};
    EXPECT_EQ(rig::emitted(message), bytes);
}

TEST(ethernet, tags) {
    const auto bytes = tagged();
    const auto view = ethernet_view::parse(bytes);
    ASSERT_TRUE(view);
    ASSERT_EQ(view->tag_count(), 2U);
    EXPECT_EQ(view->tag(0), (vlan_tag{.type = 0x88a8, .priority = 5, .id = 100}));
    EXPECT_EQ(view->tag(1), (vlan_tag{.type = 0x8100, .priority = 7, .drop_eligible = true, .id = 4094}));
    EXPECT_EQ(view->ethertype(), ethertype::ipv4);
    EXPECT_EQ(view->header_size(), 22U);
    EXPECT_TRUE(std::ranges::equal(view->payload(), hex("616263")));
    EXPECT_EQ(rig::emitted(ethernet_message::from(*view)), bytes);
}

TEST(ethernet, a_double_tag_of_before_802_1ad) {
    const auto bytes = hex("020000000002 020000000001 91000007 81000008 0800 61");
    const auto view = ethernet_view::parse(bytes);
    ASSERT_TRUE(view);
    ASSERT_EQ(view->tag_count(), 2U) << "as `dissect` has it";
    EXPECT_EQ(view->tag(0).type, ethertype::double_vlan);
    EXPECT_EQ(view->ethertype(), ethertype::ipv4);
    EXPECT_EQ(rig::emitted(ethernet_message::from(*view)), bytes);
}

TEST(ethernet, more_tags_than_it_counts) {
    auto bytes = hex("020000000002 020000000001");
    for (int i = 0; i < 6; ++i) std::ranges::copy(hex("81000007"), std::back_inserter(bytes));
    bytes.push_back(std::byte{0x08});
    bytes.push_back(std::byte{0x00});
    const auto view = ethernet_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->tag_count(), vlan_tags_max);
    EXPECT_EQ(view->ethertype(), ethertype::vlan);
    EXPECT_EQ(rig::emitted(ethernet_message::from(*view)), bytes);
}

TEST(ethernet, llc) {
    const auto bytes = hex("0180c2000000 020000000001 0003 424203");
    const auto view = ethernet_view::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->is_llc());
    EXPECT_EQ(view->ethertype(), 3);
}

TEST(ethernet, round_trip) {
    rig::seeded random(1);
    for (int i = 0; i < 500; ++i) {
        const auto payload = random.bytes(random.below(60));
        ethernet_message sent{.destination = random.mac(),
                              .source = random.mac(),
                              .tag_count = random.below(vlan_tags_max + 1),
                              .ethertype = static_cast<std::uint16_t>(random.below(0x8000)),
                              .payload = payload};
        for (vlan_tag& tag : sent.tags) {
            tag = {.type = random.coin() ? ethertype::vlan : ethertype::service_vlan,
                   .priority = static_cast<std::uint8_t>(random.below(8)),
                   .drop_eligible = random.coin(),
                   .id = static_cast<std::uint16_t>(random.below(4096))};
        }
        const auto out = rig::emitted(sent);
        const auto view = ethernet_view::parse(out);
        ASSERT_TRUE(view);
        EXPECT_EQ(ethernet_message::from(*view), sent);
        rig::expect_needs_its_room(sent);
    }
}

TEST(ethernet, emit_refuses_what_no_frame_can_say) {
    std::vector<std::byte> out(64, std::byte{0xee});
    const auto emit_tag = [&out](const vlan_tag& tag) {
        return ethernet_message{.tags = {tag}, .tag_count = 1, .ethertype = 0x0800}.emit(out);
    };
    EXPECT_EQ(emit_tag({.type = 0x0800}), 0U);
    EXPECT_EQ(emit_tag({.priority = 8}), 0U);
    EXPECT_EQ(emit_tag({.id = 4096}), 0U);
    EXPECT_EQ((ethernet_message{.tag_count = 5}.emit(out)), 0U);
    EXPECT_EQ((ethernet_message{.ethertype = ethertype::vlan}.emit(out)), 0U) << "it would be read as a tag";
    EXPECT_EQ(out.front(), std::byte{0xee});
    EXPECT_EQ(emit_tag({.priority = 7, .id = 4095}), 18U);
}

TEST(ethernet, emit_with_the_payload_in_place) {
    auto out = plain();
    const auto before = out;
    const auto message = ethernet_message::from(ethernet_view::parse(out).value());
    ASSERT_EQ(message.emit(out), out.size());
    EXPECT_EQ(out, before);
}

TEST(ethernet, truncated_at_every_length) {
    const auto whole = tagged();
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const auto view = ethernet_view::parse(bytes_view{whole}.first(size));
        ASSERT_EQ(view.has_value(), size >= 22) << size;
        if (!view) {
            EXPECT_EQ(view.error(), parse_error::truncated);
        }
    }
}

TEST(ethernet, hostile_bytes) {
    rig::survive(tagged(), [](bytes_view bytes) {
        const auto view = ethernet_view::parse(bytes);
        if (!view) return;
        EXPECT_EQ(view->header_size() + view->payload().size(), bytes.size());
        EXPECT_TRUE(std::ranges::equal(rig::emitted(ethernet_message::from(*view)), bytes));
    });
}

TEST(ethernet, where_groups_go) {
    EXPECT_EQ(multicast_mac(rig::ip("224.0.0.5")).to_string(), "01:00:5e:00:00:05");
    EXPECT_EQ(multicast_mac(rig::ip("239.255.255.250")).to_string(), "01:00:5e:7f:ff:fa") << "23 bits";
    EXPECT_EQ(multicast_mac(rig::ip("ff02::1:ff00:2")).to_string(), "33:33:ff:00:00:02");
    EXPECT_EQ(multicast_mac(rig::ip("192.0.2.1")), mac_address::broadcast());
}

}  // namespace
}  // namespace sonde::wire
