#include <sonde/respond/echo_rig_test.hpp>
#include <sonde/respond/neighbour_answers.hpp>

namespace sonde::respond {
namespace {

using namespace test;
using d = disposition;

TEST(ArpAnswer, ByteForByte) {
    rig r;
    ASSERT_EQ(r.hear(arp_request(near_v4, far_v4)), d::answered_arp);
    EXPECT_EQ(r.reply, ethernet(near_mac, far_mac, 0x0806,
                                raw({0, 1, 8, 0, 6, 4, 0, 2}) + of(far_mac.bytes()) + of(far_v4.bytes()) +
                                    of(near_mac.bytes()) + of(near_v4.bytes())));
    EXPECT_EQ(r.hear(arp_request(near_v4, far_v4, far_mac)), d::answered_arp) << "asked of us alone";
    ASSERT_EQ(r.hear(arp_request(near_v4, far_v4) + bytes(18), {.tag = 0x8100'0005U}), d::answered_arp);
    EXPECT_EQ(r.reply.size(), 46U);
    EXPECT_EQ(load_be<std::uint32_t>(r.reply, 12), 0x8100'0005U);
}

TEST(ArpAnswer, Refusals) {
    rig r;
    EXPECT_EQ(r.hear(arp_request(near_v4, ip("192.0.2.3"))), d::not_ours);
    EXPECT_EQ(r.hear(arp_request(near_v4, far_v4, mac("02:00:00:00:00:09"))), d::not_ours);
    EXPECT_EQ(r.hear(arp_request(far_v4, far_v4)), d::own_source);
    EXPECT_EQ(r.hear(arp_request(ip("192.0.2.255"), far_v4)), d::group_source);
    EXPECT_EQ(r.hear(arp_request(ip("127.0.0.1"), far_v4)), d::group_source);
    bytes f = arp_request(near_v4, far_v4);
    f[14 + 7] = std::byte{2};
    EXPECT_EQ(r.hear(f), d::not_asked) << "a reply";
    f = arp_request(near_v4, far_v4);
    f[14 + 4] = std::byte{7};
    EXPECT_EQ(r.hear(f), d::malformed) << "another size of address";
    f = arp_request(near_v4, far_v4);
    f[14 + 8] = std::byte{1};
    EXPECT_EQ(r.hear(f), d::malformed) << "a group of stations asks";
}

TEST(ArpAnswer, DuplicateAddressDetectionIsLeftAlone) {
    rig own;
    EXPECT_EQ(own.hear(arp_request(ip("0.0.0.0"), far_v4)), d::address_detection) << "the kernel defends its own";
    rig r(rig::with({"192.0.2.0/24", "198.51.100.7/32"}));
    EXPECT_EQ(r.hear(arp_request(ip("0.0.0.0"), ip("192.0.2.9"))), d::address_detection);
    EXPECT_EQ(r.hear(arp_request(ip("192.0.2.9"), ip("192.0.2.9"))), d::address_detection) << "an announcement";
    EXPECT_EQ(r.hear(arp_request(ip("0.0.0.0"), ip("198.51.100.7"))), d::answered_arp) << "a lone address";
    EXPECT_EQ(r.hear(arp_request(near_v4, ip("192.0.2.9"))), d::answered_arp);
    auto o = rig::with({"192.0.2.0/24"});
    o.defend_prefixes = true;
    rig defended(o);
    EXPECT_EQ(defended.hear(arp_request(ip("0.0.0.0"), ip("192.0.2.9"))), d::answered_arp);
}

// The advertisement, read field by field as RFC 4861 section 4.4 draws it.
void expect_advertisement(const bytes& reply, const ip_address& to, const ip_address& target, unsigned flags) {
    ASSERT_EQ(reply.size(), 14U + 40 + 32);
    const auto view = wire::ipv6_view::parse(bytes_view{reply}.subspan(14)).value();
    EXPECT_EQ(view.hop_limit(), 255);
    EXPECT_EQ(view.source(), target);
    EXPECT_EQ(view.destination(), to);
    const wire::icmp_checksum sum{wire::pseudo_header_sum(view.source(), view.destination(), 32, 58)};
    const auto message = wire::icmp_view::parse(view.payload(), wire::checksum_check::verify, sum).value();
    EXPECT_EQ(message.type(), 136);
    EXPECT_EQ(message.code(), 0);
    EXPECT_EQ(message.rest(), flags << 24);
    EXPECT_EQ(of(message.body()), of(target.bytes()) + raw({2, 1}) + of(far_mac.bytes()));
}

TEST(NeighbourAnswer, SolicitedAdvertisement) {
    rig r;
    ASSERT_EQ(r.hear(solicitation(near_v6, far_v6, source_link_option())), d::answered_neighbour);
    expect_advertisement(r.reply, near_v6, far_v6, 0x60);
    EXPECT_EQ(of(bytes_view{r.reply}.first(12)), of(near_mac.bytes()) + of(far_mac.bytes()));
    ASSERT_EQ(r.hear(solicitation(near_v6, far_v6)), d::answered_neighbour) << "unicast ones need no option";
    expect_advertisement(r.reply, near_v6, far_v6, 0x60);
}

TEST(NeighbourAnswer, Refusals) {
    rig r;
    EXPECT_EQ(r.hear(solicitation(near_v6, ip("2001:db8::3"))), d::not_ours);
    EXPECT_EQ(r.hear(solicitation(near_v6, far_v6, {}, 254)), d::malformed) << "from behind a router";
    EXPECT_EQ(r.hear(solicitation(near_v6, far_v6, raw({1, 0, 0, 0, 0, 0, 0, 0}))), d::malformed) << "option length 0";
    EXPECT_EQ(r.hear(solicitation(near_v6, far_v6, raw({1, 2, 0, 0, 0, 0, 0, 0}))), d::malformed) << "past the end";
    EXPECT_EQ(r.hear(solicitation(near_v6, far_v6, raw({1, 1, 1, 0, 0, 0, 0, 1}))), d::malformed) << "a group's";
    EXPECT_EQ(r.hear(solicitation(far_v6, far_v6)), d::own_source);
    EXPECT_EQ(r.hear(solicitation(ip("fe80::2"), far_v6)), d::own_source);
    EXPECT_EQ(r.hear(solicitation(ip("ff02::5"), far_v6)), d::group_source);
    bytes f = solicitation(near_v6, far_v6);
    f.back() ^= std::byte{1};
    EXPECT_EQ(r.hear(f), d::not_ours) << "the target's last byte";
    f = solicitation(near_v6, far_v6, source_link_option());
    f.back() ^= std::byte{1};
    EXPECT_EQ(r.hear(f), d::bad_checksum);
}

TEST(NeighbourAnswer, DuplicateAddressDetection) {
    const auto nobody = ip("::");
    rig own;
    EXPECT_EQ(own.hear(solicitation(nobody, far_v6)), d::address_detection);
    rig r(rig::with({"2001:db8:7::/64", "2001:db8:8::7/128"}));
    EXPECT_EQ(r.hear(solicitation(nobody, ip("2001:db8:7::1"))), d::address_detection);
    EXPECT_EQ(r.hear(solicitation(nobody, ip("2001:db8:8::7"), source_link_option())), d::malformed);
    ASSERT_EQ(r.hear(solicitation(nobody, ip("2001:db8:8::7"))), d::answered_neighbour);
    expect_advertisement(r.reply, ip("ff02::1"), ip("2001:db8:8::7"), 0x20);
    EXPECT_EQ(of(bytes_view{r.reply}.first(6)), raw({0x33, 0x33, 0, 0, 0, 1}));
    EXPECT_EQ(r.hear(solicitation(near_v6, ip("2001:db8:7::1"))), d::answered_neighbour);
}

}  // namespace
}  // namespace sonde::respond
