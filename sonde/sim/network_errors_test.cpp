// What routers say, and how.
#include <gtest/gtest.h>

#include <sonde/sim/sim_rig_test.hpp>

namespace sonde::sim {
namespace {

using namespace rig;
using namespace std::chrono_literals;

const envelope v4{.from = ip("10.0.1.1"), .to = ip("10.0.3.2"), .ttl = 1};
const envelope v6{.from = ip("2001:db8:1::1"), .to = ip("2001:db8:3::2"), .ttl = 1};

builder with(const error_behaviour& errors) {
    builder b = chain(2);
    b.of("r1").errors = errors;
    return b;
}

TEST(network_errors, a_silent_router) {
    running lab(with({.silent = true}));
    EXPECT_TRUE(lab.ask(udp(v4, 1, 2)).empty());
    EXPECT_TRUE(lab.ask(udp(v6, 1, 2)).empty());
    EXPECT_EQ(lab.net.node(1).errors_held_back, 2U);
    EXPECT_EQ(lab.ended(fate::expired), 2U);
}

TEST(network_errors, a_slow_one) {
    running lab(with({.delay = 50ms, .jitter = 10ms}));
    const duration at = lab.answer(udp(v4, 1, 2)).at;
    EXPECT_GE(at, 52ms);
    EXPECT_LE(at, 62ms);
}

TEST(network_errors, a_rate_with_a_burst) {
    running lab(with({.rate = 2, .burst = 3}));
    for (int i = 0; i < 10; ++i) lab.send(udp(v4, 1, 2));
    EXPECT_EQ(lab.run().size(), 3U);
    EXPECT_EQ(lab.net.node(1).errors_held_back, 7U);
    lab.wait_until(1s);
    for (int i = 0; i < 10; ++i) lab.send(udp(v6, 1, 2));
    EXPECT_EQ(lab.run().size(), 2U) << "two a second, whoever asks";
}

TEST(network_errors, label_stacks_and_interfaces) {
    running lab(with({.mpls = {{.label = 16001, .ttl = 1}, {.label = 24001, .bottom_of_stack = true, .ttl = 2}},
                      .interface_information = true}));
    for (const envelope& e : {v4, v6}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{300}, std::size_t{1400}}) {
            const bytes probe = udp(e, 1, 2, size);
            const arrival error = lab.answer(probe);
            EXPECT_LE(error.packet.size(), error.v4() ? 576U : 1280U);
            const auto parts = wire::split_icmp_error(error.family(), error.icmp().bytes());
            EXPECT_GE(parts.quote.size(), 128U);
            const std::size_t compared = std::min(parts.quote.size(), probe.size());
            EXPECT_TRUE(std::ranges::equal(parts.quote.subspan(20, compared - 20),
                                           bytes_view{probe}.subspan(20, compared - 20)));
            const auto structure = wire::icmp_extension_view::parse(parts.extension, wire::checksum_check::verify);
            ASSERT_TRUE(structure);
            bytes_view objects = structure->objects();
            const auto labels = wire::next_icmp_object(objects);
            ASSERT_TRUE(labels && *labels && (*labels)->is_mpls_label_stack());
            bytes_view stack = (*labels)->data;
            EXPECT_EQ(wire::next_mpls_label(stack), (wire::mpls_label{16001, 0, false, 1}));
            EXPECT_EQ(wire::next_mpls_label(stack), (wire::mpls_label{24001, 0, true, 2}));
            const auto object = wire::next_icmp_object(objects);
            ASSERT_TRUE(object && *object);
            const auto interface = wire::interface_information::from(**object);
            ASSERT_TRUE(interface);
            EXPECT_EQ(interface->index, 1U);
            EXPECT_EQ(interface->address, error.source());
            EXPECT_EQ(interface->mtu, 1500U);
            EXPECT_EQ(interface->name.size(), 5U) << "us-r1";
        }
    }
}

TEST(network_errors, an_extension_from_before_the_length_field) {
    running lab(with({.mpls = {{.label = 7, .bottom_of_stack = true, .ttl = 1}}, .legacy_extension = true}));
    const arrival error = lab.answer(udp(v4, 1, 2, 200));
    EXPECT_EQ(error.icmp().rest(), 0U);
    const auto parts = wire::split_icmp_error(family::v4, error.icmp().bytes());
    EXPECT_EQ(parts.quote.size(), 128U);
    EXPECT_EQ(parts.extension.size(), 12U);
}

TEST(network_errors, a_wrong_checksum) {
    running lab(with({.bad_checksum = true}));
    const arrival error = lab.answer(udp(v4, 1, 2));
    EXPECT_EQ(wire::icmp_view::parse(error.upper(), wire::checksum_check::verify).error(),
              wire::parse_error::bad_checksum);
    EXPECT_EQ(error.icmp(wire::checksum_check::trust).type(), 11);
}

TEST(network_errors, quotes) {
    running all(chain(2));
    const bytes large = udp(v4, 1, 2, 1000);
    EXPECT_EQ(all.answer(large).packet.size(), 576U);
    EXPECT_EQ(all.answer(udp(v6, 1, 2, 1400)).packet.size(), 1280U);
    EXPECT_EQ(all.answer(udp(v4, 1, 2, 10)).quote().size(), 38U);

    running few(with({.quote = 8}));
    EXPECT_EQ(few.answer(large).quote().size(), 28U);
    EXPECT_EQ(few.answer(udp(v6, 1, 2)).quote().size(), 48U);
}

TEST(network_errors, come_from_where_the_scenario_says) {
    running lab(with({.source_v4 = ip("192.0.2.9"), .source_v6 = ip("2001:db8:9::9"), .ttl = 64}));
    const arrival error = lab.answer(udp(v4, 1, 2));
    EXPECT_EQ(error.source(), ip("192.0.2.9"));
    EXPECT_EQ(error.ttl(), 64);
    EXPECT_EQ(lab.answer(udp(v6, 1, 2)).source(), ip("2001:db8:9::9"));
}

TEST(network_errors, an_interface_without_an_address_uses_the_nodes_own) {
    builder b = chain(2);
    for (auto& end : b.between("us", "r1").ends) {
        if (end.node == b.n("r1")) end.addresses.clear();
    }
    b.of("r1").addresses = {at("192.0.2.1/32")};
    running lab(b);
    EXPECT_EQ(lab.answer(udp(v4, 1, 2)).source(), ip("192.0.2.1"));
    EXPECT_EQ(lab.answer(udp(v6, 1, 2)).source(), ip("2001:db8:2::1")) << "that of another interface, at last";
}

TEST(network_errors, are_not_about_errors_or_groups) {
    running lab(chain(2));
    bytes error(36);
    error[0] = std::byte{11};
    lab.send(wrapped(v4, 1, error));
    lab.send(wrapped(v6, 58, error));  // type 11 of ICMPv6 is below 128
    lab.send(wrapped(v4, 1, {}));
    for (const char* from : {"0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.1", "240.0.0.1", "10.0.3.255"}) {
        lab.send(udp({.from = ip(from), .to = v4.to, .ttl = 1}, 1, 2));
    }
    for (const char* from : {"::", "ff02::1", "::1"}) lab.send(udp({.from = ip(from), .to = v6.to, .ttl = 1}, 1, 2));
    EXPECT_TRUE(lab.run().empty());
    EXPECT_EQ(lab.ended(fate::expired), 12U);
    EXPECT_EQ(lab.net.counts().originated, 0U);
    EXPECT_EQ(lab.net.node(1).errors_held_back, 0U) << "nobody held them back: there were none to make";
}

TEST(network_errors, only_the_first_fragment_has_one) {
    running lab(chain(2));
    bytes packet = udp(v4, 1, 2, 64);
    const auto fragment = [&](std::uint16_t flags) {
        const auto view = wire::ipv4_view::parse(packet, wire::checksum_check::verify).value();
        wire::ipv4_message m = wire::ipv4_message::from(view);
        m.more_fragments = (flags & 0x2000U) != 0;
        m.fragment_offset = flags & 0x1fffU;
        bytes out(m.size());
        m.emit(out, wire::checksum_fill::compute);
        return out;
    };
    EXPECT_EQ(lab.ask(fragment(0x2000)).size(), 1U);
    EXPECT_TRUE(lab.ask(fragment(9)).empty());
    EXPECT_EQ(lab.ended(fate::expired), 2U);
}

TEST(network_errors, a_tunnel_does_not_show) {
    builder b = chain(2);
    b.of("r1").forwarding.decrements_ttl = false;
    running lab(b);
    EXPECT_EQ(lab.answer(udp(v4, 1, 2)).source(), ip("10.0.2.2")) << "the first hop is the second router";
}

TEST(network_errors, a_rewritten_class_is_quoted_by_who_comes_next) {
    builder b = chain(2);
    b.of("r1").forwarding.traffic_class = 0x28;
    running lab(b);
    envelope e = v4;
    e.ttl = 2;
    e.tos = 0xb8;
    const arrival error = lab.answer(udp(e, 1, 2));
    const auto quoted = wire::ipv4_view::parse(error.quote(), wire::checksum_check::verify);
    ASSERT_TRUE(quoted);
    EXPECT_EQ(quoted->tos(), 0x28);
    envelope e6 = v6;
    e6.ttl = 2;
    e6.flow_label = 0x12345;
    const arrival error6 = lab.answer(udp(e6, 1, 2));
    const auto view = wire::ipv6_view::parse_lax(error6.quote());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->traffic_class(), 0x28);
    EXPECT_EQ(view->flow_label(), 0x12345U);
}

}  // namespace
}  // namespace sonde::sim
