// On the loopback of a namespace of its own (tests/in_namespace.sh).
#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

#include <gtest/gtest.h>

#include <sonde/socket/lab_test.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/raw_socket.hpp>
#include <sonde/socket/socket_address.hpp>

namespace sonde::socket {
namespace {

constexpr std::uint8_t icmp = 1;
constexpr std::uint8_t icmpv6 = 58;

std::uint16_t checksum(bytes_view bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load_be<std::uint16_t>(bytes, i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// What differs between the families, so that each test runs for both.
struct case_of {
    family f;
    ip_address loopback;
    std::uint8_t protocol;
    std::uint8_t request;
    std::uint8_t reply;
    std::size_t header;  // in front of what is received
};
const case_of v4{family::v4, ip_address::v4(0x7f000001), icmp, 8, 0, 20};
const case_of v6{family::v6, ip_address::parse("::1").value(), icmpv6, 128, 129, 0};

struct raw : testing::TestWithParam<case_of> {
    std::array<std::byte, 70000> buffer{};

    [[nodiscard]] std::vector<std::byte> request(std::uint16_t sequence, std::size_t payload = 8) const {
        std::vector<std::byte> bytes(8 + payload, std::byte{0x5a});
        store_be<std::uint64_t>(bytes, 0, sequence);
        bytes[0] = std::byte{GetParam().request};
        if (GetParam().f == family::v4) store_be(bytes, 2, checksum(bytes));
        return bytes;
    }
    [[nodiscard]] raw_socket open(raw_socket_options options = {}) const {
        options.family = GetParam().f;
        if (options.protocol == 255) options.protocol = GetParam().protocol;
        return raw_socket::open(options).value();
    }
    std::optional<raw_socket::received> receive(raw_socket& s) {
        if (!lab::wait_readable(s.fd())) return std::nullopt;
        return s.receive(buffer);
    }
    [[nodiscard]] std::uint8_t type_of(const raw_socket::received& in) const {
        return std::to_integer<std::uint8_t>(in.bytes[GetParam().header]);
    }
};

INSTANTIATE_TEST_SUITE_P(raw_socket, raw, testing::Values(v4, v6),
                         [](const auto& one) { return one.param.f == family::v4 ? "v4" : "v6"; });

TEST_P(raw, sees_the_request_as_well_as_the_reply_on_loopback) {
    auto s = open();
    const auto message = request(7);
    const std::array<bytes_view, 2> pieces{bytes_view{message}.first(8), bytes_view{message}.subspan(8)};
    ASSERT_TRUE(s.send(pieces, GetParam().loopback).has_value());
    for (const std::uint8_t type : {GetParam().request, GetParam().reply}) {
        const auto in = receive(s);
        ASSERT_TRUE(in.has_value());
        EXPECT_EQ(type_of(*in), type);
        EXPECT_EQ(in->from, GetParam().loopback);
        EXPECT_EQ(in->full_size, GetParam().header + 16);
        EXPECT_EQ(in->bytes.size(), GetParam().header + 16);
        EXPECT_EQ(load_be<std::uint16_t>(in->bytes, GetParam().header + 6), 7);
        EXPECT_EQ(in->hop_limit, 64);
        EXPECT_EQ(in->destination, GetParam().loopback);
        EXPECT_EQ(in->interface, find_interface("lo")->index);
        EXPECT_TRUE(in->at.has_value());
    }
    EXPECT_FALSE(s.receive(buffer).has_value());
    EXPECT_EQ(s.take_error(), 0);
}

TEST_P(raw, wishes_are_in_the_header) {
    auto s = open();
    const auto message = request(1);
    const std::array<bytes_view, 1> pieces{message};
    const ip_address source = GetParam().f == family::v4 ? ip_address::v4(0x7f000005) : GetParam().loopback;
    ASSERT_TRUE(s.send(pieces, GetParam().loopback,
                       {.hop_limit = 9, .traffic_class = 0x28, .source = source, .dont_fragment = true})
                    .has_value());
    const auto in = receive(s);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->hop_limit, 9);
    EXPECT_EQ(in->from, source);
    if (GetParam().f == family::v4) {
        EXPECT_EQ(in->bytes[1], std::byte{0x28});
        EXPECT_EQ(in->bytes[6], std::byte{0x40}) << "DF";
    }
}

TEST_P(raw, only_the_types_asked_for) {
    auto s = open();
    ASSERT_TRUE(s.accept_types(std::array{GetParam().reply}).has_value());
    const auto message = request(1);
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{message}, GetParam().loopback).has_value());
    const auto in = receive(s);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(type_of(*in), GetParam().reply);
    EXPECT_FALSE(s.receive(buffer).has_value());
    ASSERT_TRUE(s.accept_types({}).has_value());
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{message}, GetParam().loopback).has_value());
    EXPECT_EQ(type_of(receive(s).value()), GetParam().request);

    EXPECT_EQ(s.dropped(), 0U) << "what a filter holds back is not lost";

    auto other = open({.protocol = 99});
    EXPECT_FALSE(other.accept_types(std::array{GetParam().reply}).has_value());
}

TEST_P(raw, types_of_both_halves_of_the_byte_are_told_apart) {
    auto s = open();
    ASSERT_TRUE(s.accept_types(std::array<std::uint8_t, 3>{200, 31, 255}).has_value());
    for (const std::uint8_t type : std::array<std::uint8_t, 7>{32, 31, 199, 200, 0, 255, 254}) {
        auto message = request(type);
        message[0] = std::byte{type};
        if (GetParam().f == family::v4) store_be<std::uint16_t>(message, 2, 0);
        if (GetParam().f == family::v4) store_be(message, 2, checksum(message));
        ASSERT_TRUE(s.send(std::array<bytes_view, 1>{message}, GetParam().loopback).has_value());
    }
    for (const std::uint8_t type : std::array<std::uint8_t, 3>{31, 200, 255})
        EXPECT_EQ(type_of(receive(s).value()), type);
    EXPECT_FALSE(s.receive(buffer).has_value());
}

TEST_P(raw, what_waits_is_not_for_the_new_filter) {
    auto s = open();
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{request(1)}, GetParam().loopback).has_value());
    ASSERT_TRUE(lab::wait_readable(s.fd()));
    ASSERT_TRUE(s.accept_types(std::array{GetParam().request}).has_value());
    EXPECT_FALSE(s.receive(buffer).has_value()) << "neither request nor reply of before";
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{request(2)}, GetParam().loopback).has_value());
    const auto in = receive(s).value();
    EXPECT_EQ(type_of(in), GetParam().request);
    EXPECT_EQ(load_be<std::uint16_t>(in.bytes, GetParam().header + 6), 2);
}

// A socket receives from its first moment on: between that and the bind, what is for others would lie in its queue.
TEST_P(raw, nothing_for_others_slips_in_while_it_is_opened) {
    const bool is_v4 = GetParam().f == family::v4;
    ASSERT_TRUE(is_v4 || lab::ip({"addr", "add", "2001:db8::5/128", "dev", "lo", "nodad"}));
    const ip_address own = ip_address::parse(is_v4 ? "127.0.0.5" : "2001:db8::5").value();
    auto sender = open({.protocol = 253});
    std::atomic<bool> done{false};
    std::thread flood([&] {
        const std::array<std::byte, 8> payload{};
        while (!done) (void)sender.send(std::array<bytes_view, 1>{payload}, GetParam().loopback);
    });
    int foreign = 0;
    for (int i = 0; i < 2000; ++i) {
        auto s = open({.protocol = 253, .source = own});
        while (s.receive(buffer)) ++foreign;
    }
    done = true;
    flood.join();
    EXPECT_EQ(foreign, 0);
}

// What was under way while the socket was bound may be queued long after; here it is let in on purpose.
TEST_P(raw, what_slipped_past_the_kernel_is_not_delivered) {
    const bool is_v4 = GetParam().f == family::v4;
    ASSERT_TRUE(is_v4 || lab::ip({"addr", "replace", "2001:db8::5/128", "dev", "lo", "nodad"}));
    const ip_address own = ip_address::parse(is_v4 ? "127.0.0.5" : "2001:db8::5").value();
    auto sender = open({.protocol = 253});
    auto s = open({.protocol = 253, .source = own});
    const socket_address anywhere(is_v4 ? ip_address::v4(0) : ip_address{});
    ASSERT_EQ(::bind(s.fd(), anywhere.data(), anywhere.size), 0);
    const auto say = [&](int what, const ip_address& to) {
        const std::array payload{static_cast<std::byte>(what)};
        ASSERT_TRUE(sender.send(std::array<bytes_view, 1>{payload}, to).has_value());
    };
    say(1, GetParam().loopback);
    say(2, own);
    const auto in = receive(s);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->bytes.back(), std::byte{2});
    EXPECT_FALSE(s.receive(buffer));
}

TEST_P(raw, types_that_slipped_past_the_kernel_are_not_delivered) {
    auto s = open();
    ASSERT_TRUE(s.accept_types(std::array{GetParam().reply}).has_value());
    const std::array<std::uint32_t, 8> none_blocked{};
    const bool is_v4 = GetParam().f == family::v4;
    const int nothing = 0;
    // IPv4: the BPF filter is off; IPv6 had none.
    ASSERT_TRUE(::setsockopt(s.fd(), SOL_SOCKET, SO_DETACH_FILTER, &nothing, sizeof nothing) == 0 || !is_v4);
    ASSERT_EQ(::setsockopt(s.fd(), is_v4 ? SOL_RAW : IPPROTO_ICMPV6, 1, none_blocked.data(), is_v4 ? 4 : 32), 0)
        << "ICMP_FILTER, ICMPV6_FILTER";
    const auto message = request(3);
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{message}, GetParam().loopback).has_value());
    const auto in = receive(s);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(type_of(*in), GetParam().reply);
    EXPECT_FALSE(s.receive(buffer));
}

TEST_P(raw, a_group_is_heard_by_its_members) {
    const lab::veth_pair pair;
    ASSERT_TRUE(pair.made());
    const bool is_v4 = GetParam().f == family::v4;
    const ip_address group = ip_address::parse(is_v4 ? "224.0.0.5" : "ff02::5").value();
    const ip_address from = ip_address::parse(is_v4 ? "198.51.100.1" : "2001:db8:51::1").value();
    ASSERT_TRUE(lab::add_address(is_v4 ? "198.51.100.1/24" : "2001:db8:51::1/64", from, "vb"));
    // Both ends are this machine's, so that what comes in has a source of its own.
    std::ofstream("/proc/sys/net/ipv4/conf/va/accept_local") << 1;
    auto sender = open({.protocol = 89, .interface = pair.b.index});
    auto s = open({.protocol = 89, .interface = pair.a.index});
    const auto hello = [&](std::uint8_t number) {
        const std::array payload{std::byte{number}};
        const auto sent = sender.send(std::array<bytes_view, 1>{payload}, group, {.source = from});
        ASSERT_TRUE(sent.has_value()) << sent.error().what;
    };
    hello(1);
    ASSERT_TRUE(s.join(group, pair.a.index).has_value());
    EXPECT_TRUE(s.join(group, pair.a.index).has_value()) << "a member already";
    hello(2);
    const auto in = receive(s);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->bytes.back(), std::byte{2});
    EXPECT_EQ(in->destination->with_scope(0), group);
    EXPECT_EQ(in->interface, pair.a.index);
}

TEST_P(raw, what_cannot_be_joined) {
    auto s = open();
    const auto refused = [&](const char* group, std::uint32_t interface) {
        const auto joined = s.join(ip_address::parse(group).value(), interface);
        return joined ? failure{} : joined.error();
    };
    EXPECT_EQ(refused("192.0.2.1", 0).code.value(), EINVAL);
    EXPECT_EQ(refused("2001:db8::1", 0).code.value(), EINVAL);
    const bool is_v4 = GetParam().f == family::v4;
    EXPECT_EQ(refused(is_v4 ? "ff02::5" : "224.0.0.5", 0).what,
              is_v4 ? "ff02::5 is no IPv4 multicast group" : "224.0.0.5 is no IPv6 multicast group");
    EXPECT_EQ(refused(is_v4 ? "224.0.0.5" : "ff02::5", 9999).code.value(), ENODEV);
    EXPECT_NE(refused(is_v4 ? "224.0.0.5" : "ff02::5", 9999).what.find("on interface number 9999"), std::string::npos);
}

TEST_P(raw, a_short_buffer) {
    auto s = open();
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{request(1, 1000)}, GetParam().loopback).has_value());
    ASSERT_TRUE(lab::wait_readable(s.fd()));
    const auto in = s.receive(bytes_span{buffer}.first(10));
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->bytes.size(), 10U);
    EXPECT_EQ(in->full_size, GetParam().header + 1008);
}

TEST_P(raw, what_was_sent_in_fragments_comes_whole) {
    ASSERT_TRUE(lab::ip({"link", "set", "lo", "mtu", "1500"}));
    auto s = open();
    const auto message = request(3, 8000);
    const auto sent = s.send(std::array<bytes_view, 1>{message}, GetParam().loopback);
    const auto in = receive(s);
    const auto refused = s.send(std::array<bytes_view, 1>{message}, GetParam().loopback, {.dont_fragment = true});
    const auto again = s.send(std::array<bytes_view, 1>{message}, GetParam().loopback);
    ASSERT_TRUE(lab::ip({"link", "set", "lo", "mtu", "65536"}));
    ASSERT_TRUE(sent.has_value()) << sent.error().what;
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->full_size, GetParam().header + message.size());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code.value(), EMSGSIZE);
    EXPECT_TRUE(again.has_value()) << "the wish was for one datagram";
}

TEST_P(raw, other_protocols) {
    auto s = open({.protocol = 253});
    const std::array<std::byte, 5> payload{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{payload}, GetParam().loopback).has_value());
    const auto in = receive(s);
    ASSERT_TRUE(in.has_value());
    EXPECT_TRUE(std::ranges::equal(in->bytes.subspan(GetParam().header), payload));
}

TEST_P(raw, bound_to_a_source_and_an_interface) {
    const auto lo = find_interface("lo").value();
    auto s = open({.interface = lo.index, .source = GetParam().loopback});
    ASSERT_TRUE(s.send(std::array<bytes_view, 1>{request(1)}, GetParam().loopback).has_value());
    EXPECT_EQ(receive(s).value().from, GetParam().loopback);

    const ip_address foreign = ip_address::parse(GetParam().f == family::v4 ? "192.0.2.1" : "2001:db8::1").value();
    const auto refused = raw_socket::open({.family = GetParam().f, .protocol = GetParam().protocol, .source = foreign});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code.value(), EADDRNOTAVAIL);
    EXPECT_FALSE(raw_socket::open({.family = GetParam().f, .interface = 9999}).has_value());
}

TEST_P(raw, a_failure_names_the_destination) {
    auto s = open();
    const ip_address nowhere = ip_address::parse(GetParam().f == family::v4 ? "192.0.2.1" : "2001:db8::1").value();
    const auto refused = s.send(std::array<bytes_view, 1>{request(1)}, nowhere);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().what.starts_with("cannot send 16 bytes to " + nowhere.to_string() + ": "))
        << refused.error().what;
    EXPECT_EQ(refused.error().code.value(), ENETUNREACH);
}

TEST_P(raw, drops_are_counted) {
    auto s = open({.receive_buffer = 4096});
    for (std::uint16_t i = 0; i < 100; ++i) {
        ASSERT_TRUE(s.send(std::array<bytes_view, 1>{request(i)}, GetParam().loopback).has_value());
    }
    std::uint32_t received = 0;
    while (s.receive(buffer)) ++received;
    EXPECT_GT(s.dropped(), 0U);
    EXPECT_EQ(received + s.dropped(), 200U) << "requests and replies";
}

TEST(raw_socket, a_header_of_ones_own_is_completed_by_linux) {
    auto s = raw_socket::open({.protocol = 255, .header_included = true}).value();
    auto listener = raw_socket::open({.protocol = icmp}).value();
    // The article's datagram: no length, identification, checksum, source.
    std::array<std::byte, 28> datagram{};
    store_be<std::uint32_t>(datagram, 0, 0x45000000);
    store_be<std::uint16_t>(datagram, 8, 0x4001);
    store_be<std::uint32_t>(datagram, 16, 0x7f000001);
    store_be<std::uint32_t>(datagram, 20, 0x0800f7ff);
    const std::array<bytes_view, 2> pieces{bytes_view{datagram}.first(20), bytes_view{datagram}.subspan(20)};
    const auto sent = s.send(pieces, ip_address::v4(0x7f000001));
    ASSERT_TRUE(sent.has_value()) << sent.error().what;
    std::array<std::byte, 100> buffer{};
    for (const int type : {8, 0}) {
        ASSERT_TRUE(lab::wait_readable(listener.fd()));
        const auto in = listener.receive(buffer);
        ASSERT_TRUE(in.has_value());
        EXPECT_EQ(load_be<std::uint16_t>(in->bytes, 2), 28) << "in network order, header included";
        EXPECT_EQ(load_be<std::uint32_t>(in->bytes, 12), 0x7f000001U);
        EXPECT_EQ(checksum(in->bytes.first(20)), 0);
        EXPECT_EQ(std::to_integer<int>(in->bytes[20]), type);
    }
    // IPPROTO_RAW is for sending alone.
    EXPECT_FALSE(s.receive(buffer).has_value());

    std::vector<std::byte> large(66000);
    store_be<std::uint32_t>(large, 0, 0x45000000);
    const auto refused = s.send(std::array<bytes_view, 1>{large}, ip_address::v4(0x7f000001));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code.value(), EMSGSIZE);
}

TEST(raw_socket, an_ipv6_header_of_ones_own) {
    auto s = raw_socket::open({.family = family::v6, .protocol = 255, .header_included = true}).value();
    auto listener = raw_socket::open({.family = family::v6, .protocol = 253}).value();
    std::array<std::byte, 44> datagram{};
    store_be<std::uint64_t>(datagram, 0, 0x6000'0000'0004'fd21);
    datagram[23] = std::byte{1};
    datagram[39] = std::byte{1};
    datagram[43] = std::byte{0x77};
    const auto sent = s.send(std::array<bytes_view, 1>{datagram}, ip_address::parse("::1").value());
    ASSERT_TRUE(sent.has_value()) << sent.error().what;
    ASSERT_TRUE(lab::wait_readable(listener.fd()));
    std::array<std::byte, 100> buffer{};
    const auto in = listener.receive(buffer);
    ASSERT_TRUE(in.has_value());
    EXPECT_EQ(in->hop_limit, 0x21);
    EXPECT_TRUE(std::ranges::equal(in->bytes, bytes_view{datagram}.subspan(40)));
}

TEST(raw_socket, ipproto_raw_without_a_header_of_ones_own) {
    auto s = raw_socket::open({.protocol = 255}).value();
    const std::array<std::byte, 4> payload{};
    EXPECT_TRUE(s.send(std::array<bytes_view, 1>{payload}, ip_address::v4(0x7f000001)).has_value())
        << "the kernel writes the header, IP_HDRINCL is off";
}

TEST(raw_socket, without_a_route_to_a_group_the_interface_must_be_named) {
    auto s = raw_socket::open({.protocol = icmp}).value();
    const auto joined = s.join(ip_address::parse("224.0.0.5").value(), 0);
    ASSERT_FALSE(joined.has_value());
    EXPECT_EQ(joined.error().code.value(), ENODEV);
    EXPECT_TRUE(joined.error().what.starts_with("no route says by which interface to join 224.0.0.5"))
        << joined.error().what;
}

TEST(raw_socket, broadcast_is_a_choice) {
    const lab::veth_pair pair;
    ASSERT_TRUE(pair.made());
    ASSERT_TRUE(lab::ip({"addr", "add", "198.51.100.1/24", "brd", "+", "dev", "va"}));
    const ip_address all = ip_address::parse("198.51.100.255").value();
    const std::array<std::byte, 8> payload{};
    auto without = raw_socket::open({.protocol = 253}).value();
    EXPECT_EQ(without.send(std::array<bytes_view, 1>{payload}, all).error().code.value(), EACCES);
    auto with = raw_socket::open({.protocol = 253, .broadcast = true}).value();
    EXPECT_TRUE(with.send(std::array<bytes_view, 1>{payload}, all).has_value());
}

TEST(raw_socket, without_permission_it_names_the_capability_and_the_commands) {
    const int code = lab::in_child([] {
        if (!drop_all_capabilities()) return 10;
        const auto refused = raw_socket::open({.protocol = icmp});
        if (refused) return 11;
        if (refused.error().what !=
            "cannot open a raw IPv4 socket of protocol 1: needs CAP_NET_RAW, which this process lacks") {
            return 12;
        }
        return refused.error().remedy.find("setcap cap_net_raw+ep ") != std::string::npos ? 0 : 13;
    });
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace sonde::socket
