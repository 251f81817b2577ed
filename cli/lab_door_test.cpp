#include <cli/lab_door.hpp>
#include <gtest/gtest.h>

#include <sonde/wire/arp.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/ethernet.hpp>
#include <sonde/wire/nd.hpp>

namespace sonde::cli {
namespace {

using matter = lab_door::matter;

const mac_address machine = mac_address::parse("02:00:00:00:00:77").value();
const mac_address other = mac_address::parse("02:00:00:00:00:88").value();

ip_address ip_of(const char* text) {
    return ip_address::parse(text).value();
}

class lab_door_rig : public ::testing::Test {
protected:
    static lab_door make(socket::tun_kind kind) {
        return lab_door({.kind = kind,
                         .station = machine,
                         .own = {ip_of("192.0.2.1"), ip_of("2001:db8::1")},
                         .answered = {prefix::parse("203.0.113.0/24").value(), prefix::parse("10.0.0.1/32").value(),
                                      prefix::parse("2001:db8:1::/64").value()}});
    }
    /// The beginning of a packet, which is all that is looked at.
    static std::vector<std::byte> packet(const char* source, const char* destination) {
        const ip_address from = ip_of(source);
        const bool v4 = from.is_v4();
        std::vector<std::byte> bytes(60);
        bytes[0] = v4 ? std::byte{0x45} : std::byte{0x60};
        store_be<std::uint16_t>(bytes, v4 ? 2 : 4, static_cast<std::uint16_t>(v4 ? 60 : 20));
        std::ranges::copy(from.bytes(), bytes.begin() + (v4 ? 12 : 8));
        std::ranges::copy(ip_of(destination).bytes(), bytes.begin() + (v4 ? 16 : 24));
        return bytes;
    }
    std::vector<std::byte> framed(const std::vector<std::byte>& payload, const mac_address& to, std::uint16_t type,
                                  const mac_address& from = machine) {
        std::vector<std::byte> frame(14 + payload.size());
        const wire::ethernet_message message{.destination = to, .source = from, .ethertype = type, .payload = payload};
        EXPECT_EQ(message.emit(frame), frame.size());
        return frame;
    }
    std::array<std::byte, 4096> out_{};
};

TEST_F(lab_door_rig, a_tun_device_gives_packets) {
    lab_door door = make(socket::tun_kind::tun);
    for (const auto& p : {packet("192.0.2.1", "203.0.113.80"), packet("2001:db8::1", "2001:db8:1::9"),
                          packet("192.0.2.1", "9.9.9.9")}) {
        const auto entry = door.take(p, out_);
        EXPECT_EQ(entry.what, matter::packet);
        EXPECT_EQ(entry.bytes.data(), p.data());
        EXPECT_EQ(door.wrap(p, out_).data(), p.data());
    }
}

TEST_F(lab_door_rig, what_never_leaves_a_link_is_ignored) {
    lab_door door = make(socket::tun_kind::tun);
    for (const auto& p : {packet("192.0.2.1", "224.0.0.22"), packet("192.0.2.1", "255.255.255.255"),
                          packet("2001:db8::1", "ff02::16"), packet("fe80::1", "2001:db8:1::9"),
                          packet("::", "ff02::2"), std::vector<std::byte>{}, std::vector<std::byte>(60)}) {
        EXPECT_EQ(door.take(p, out_).what, matter::ignored);
    }
}

TEST_F(lab_door_rig, every_length_is_survived) {
    for (const auto kind : {socket::tun_kind::tun, socket::tun_kind::tap}) {
        lab_door door = make(kind);
        for (const auto& p : {packet("192.0.2.1", "203.0.113.80"), packet("2001:db8::1", "2001:db8:1::9")}) {
            for (const std::uint16_t type : std::initializer_list<std::uint16_t>{0x0800, 0x0806, 0x86dd, 1}) {
                const auto whole = kind == socket::tun_kind::tun ? p : framed(p, lab_door::lab_station, type);
                for (std::size_t size = 0; size < whole.size(); ++size) {
                    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
                    (void)door.take(cut, out_);
                    (void)door.wrap(cut, out_);
                }
            }
        }
    }
}

TEST_F(lab_door_rig, arp_is_answered_for_the_scenarios_addresses) {
    lab_door door = make(socket::tun_kind::tap);
    const auto ask = [&](const char* whom) {
        std::vector<std::byte> arp(wire::arp_packet_size);
        const wire::arp_message question{
            .sender_mac = machine, .sender_ip = ip_of("192.0.2.1"), .target_ip = ip_of(whom)};
        EXPECT_EQ(question.emit(arp), arp.size());
        return door.take(framed(arp, mac_address::broadcast(), 0x0806), out_);
    };
    for (const char* whom : {"203.0.113.80", "10.0.0.1"}) {
        const auto entry = ask(whom);
        ASSERT_EQ(entry.what, matter::neighbour) << whom;
        const auto frame = wire::ethernet_view::parse(entry.bytes).value();
        EXPECT_EQ(frame.destination(), machine);
        EXPECT_EQ(frame.source(), lab_door::lab_station);
        const auto reply = wire::arp_message::from(wire::arp_view::parse(frame.payload()).value());
        EXPECT_EQ(reply.operation, wire::arp_operation::reply);
        EXPECT_EQ(reply.sender_ip, ip_of(whom));
        EXPECT_EQ(reply.sender_mac, lab_door::lab_station);
    }
    EXPECT_EQ(ask("192.0.2.1").what, matter::ignored) << "this machine's own";
    EXPECT_EQ(ask("9.9.9.9").what, matter::ignored);
    EXPECT_EQ(ask("203.0.113.255").what, matter::ignored) << "a broadcast address";
}

TEST_F(lab_door_rig, neighbour_solicitations_too) {
    lab_door door = make(socket::tun_kind::tap);
    const auto ask = [&](const char* whom) {
        const ip_address target = ip_of(whom);
        auto p = packet("2001:db8::1", wire::solicited_node_multicast(target).to_string().c_str());
        p.resize(40 + 24);
        store_be<std::uint16_t>(p, 4, 24);
        p[6] = std::byte{58};
        p[7] = std::byte{255};
        p[40] = std::byte{135};
        std::ranges::copy(target.bytes(), p.begin() + 48);
        std::vector<std::byte> pseudo(p.begin() + 8, p.begin() + 40);
        pseudo.resize(40);
        pseudo[35] = std::byte{24};
        pseudo[39] = std::byte{58};
        pseudo.insert(pseudo.end(), p.begin() + 40, p.end());
        store_be<std::uint16_t>(p, 42, wire::internet_checksum(pseudo));
        const auto group = mac_address::parse("33:33:ff:00:00:09").value();
        return door.take(framed(p, group, 0x86dd), out_);
    };
    const auto entry = ask("2001:db8:1::9");
    ASSERT_EQ(entry.what, matter::neighbour);
    EXPECT_EQ(entry.bytes[14 + 40], std::byte{136});
    EXPECT_EQ(ask("2001:db8:2::9").what, matter::ignored);
}

TEST_F(lab_door_rig, frames_go_to_whoever_has_this_machines_address) {
    lab_door door = make(socket::tun_kind::tap);
    const auto reply = packet("203.0.113.80", "192.0.2.1");
    const auto station_of = [&] { return wire::ethernet_view::parse(door.wrap(reply, out_)).value().destination(); };
    EXPECT_EQ(station_of(), machine);
    const auto request = packet("192.0.2.1", "203.0.113.80");
    const auto frame = framed(request, lab_door::lab_station, 0x0800, other);
    const auto entry = door.take(frame, out_);
    ASSERT_EQ(entry.what, matter::packet);
    EXPECT_TRUE(std::ranges::equal(entry.bytes, request));
    EXPECT_EQ(station_of(), other) << "a bridge, and the address behind it";
    EXPECT_EQ(door.take(framed(request, other, 0x0800), out_).what, matter::ignored) << "to another station";
    EXPECT_EQ(door.wrap(packet("2001:db8:1::9", "2001:db8::1"), out_)[12], std::byte{0x86});
    EXPECT_TRUE(door.wrap(reply, bytes_span{out_}.first(20)).empty()) << "no room";
}

}  // namespace
}  // namespace sonde::cli
