// Frames for the tests of this room, built by the wire room's emitters or byte by byte.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/respond/echo_responder.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>

namespace sonde::respond::test {

using bytes = std::vector<std::byte>;

inline ip_address ip(std::string_view text) {
    return ip_address::parse(text).value();
}
inline prefix net(std::string_view text) {
    return prefix::parse(text).value();
}
inline mac_address mac(std::string_view text) {
    return mac_address::parse(text).value();
}
inline bytes raw(std::initializer_list<unsigned> values) {
    bytes b;
    for (const unsigned v : values) b.push_back(static_cast<std::byte>(v));
    return b;
}
inline bytes operator+(bytes a, const bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
inline bytes of(bytes_view view) {
    return {view.begin(), view.end()};
}

inline const mac_address near_mac = mac("02:00:00:00:00:01");
inline const mac_address far_mac = mac("02:00:00:00:00:02");
inline const ip_address near_v4 = ip("192.0.2.1");
inline const ip_address far_v4 = ip("192.0.2.2");
inline const ip_address near_v6 = ip("2001:db8::1");
inline const ip_address far_v6 = ip("2001:db8::2");

inline bytes ramp(std::size_t size) {
    bytes b(size);
    for (std::size_t i = 0; i < size; ++i) b[i] = static_cast<std::byte>(i * 7 + 1);
    return b;
}

/// An echo request or reply, from `near` to `far` unless told otherwise.
struct echo {
    ip_address source = near_v4;
    ip_address destination = far_v4;
    std::uint16_t identifier = 7;
    std::uint16_t sequence = 1;
    bytes payload = ramp(56);
    bool reply = false;
    std::uint8_t code = 0;
    std::uint8_t tos = 0;
    std::uint32_t flow_label = 0;
    std::uint8_t ttl = 64;
    bytes options = {};
    bool more_fragments = false;
    std::uint16_t fragment_offset = 0;
    bytes extensions = {};  ///< of IPv6, the last one announcing ICMPv6
    std::uint8_t first_extension = 0;

    [[nodiscard]] bytes message() const {
        const family f = source.family();
        bytes out(8 + payload.size());
        const wire::icmp_checksum sum{
            f == family::v4 ? std::uint16_t{0}
                            : wire::pseudo_header_sum(source, destination, static_cast<std::uint32_t>(out.size()), 58)};
        const wire::icmp_echo_message m{
            .reply = reply, .identifier = identifier, .sequence = sequence, .payload = payload};
        m.emit(f, out, wire::checksum_fill::compute, sum);
        if (code == 0) return out;
        out[1] = static_cast<std::byte>(code);
        store_be(out, 2, std::uint16_t{0});
        store_be(out, 2, wire::internet_checksum(out, sum.pseudo_sum));
        return out;
    }
    [[nodiscard]] bytes packet() const {
        const bytes inner = extensions + message();
        if (source.is_v4()) {
            const wire::ipv4_message m{.tos = tos,
                                       .identification = 0x1234,
                                       .more_fragments = more_fragments,
                                       .fragment_offset = fragment_offset,
                                       .ttl = ttl,
                                       .protocol = 1,
                                       .source = source,
                                       .destination = destination,
                                       .options = options,
                                       .payload = inner};
            bytes out(m.size());
            EXPECT_EQ(m.emit(out, wire::checksum_fill::compute), out.size());
            return out;
        }
        const wire::ipv6_message m{.traffic_class = tos,
                                   .flow_label = flow_label,
                                   .next_header = extensions.empty() ? std::uint8_t{58} : first_extension,
                                   .hop_limit = ttl,
                                   .source = source,
                                   .destination = destination,
                                   .payload = inner};
        bytes out(m.size());
        EXPECT_EQ(m.emit(out), out.size());
        return out;
    }
};

inline bytes ethernet(const mac_address& to, const mac_address& from, std::uint16_t type, const bytes& payload,
                      const bytes& tags = {}) {
    bytes t(2);
    store_be(t, 0, type);
    return of(to.bytes()) + of(from.bytes()) + tags + t + payload;
}
inline bytes framed(const bytes& packet, const bytes& tags = {}) {
    const bool v6 = (packet.at(0) >> 4) == std::byte{6};
    return ethernet(far_mac, near_mac, v6 ? 0x86dd : 0x0800, packet, tags);
}
inline bytes frame(const echo& e) {
    return framed(e.packet());
}
inline bytes arp_request(const ip_address& sender, const ip_address& target,
                         const mac_address& to = mac_address::broadcast(), const mac_address& from = near_mac) {
    return ethernet(
        to, from, 0x0806,
        raw({0, 1, 8, 0, 6, 4, 0, 1}) + of(from.bytes()) + of(sender.bytes()) + bytes(6) + of(target.bytes()));
}
inline bytes solicitation(const ip_address& source, const ip_address& target, const bytes& options = {},
                          std::uint8_t hop_limit = 255) {
    bytes group = of(ip("ff02::1:ff00:0").bytes());
    std::copy_n(target.bytes().end() - 3, 3, group.end() - 3);
    const auto destination = ip_address::from_bytes(group);
    bytes message = raw({135, 0, 0, 0, 0, 0, 0, 0}) + of(target.bytes()) + options;
    store_be(message, 2,
             wire::internet_checksum(message, wire::pseudo_header_sum(source, destination,
                                                                      static_cast<std::uint32_t>(message.size()), 58)));
    const wire::ipv6_message m{
        .next_header = 58, .hop_limit = hop_limit, .source = source, .destination = destination, .payload = message};
    bytes out(m.size());
    m.emit(out);
    const bytes to = raw({0x33, 0x33}) + bytes(group.end() - 4, group.end());
    return ethernet(mac_address::from_bytes(to), near_mac, 0x86dd, out);
}
inline bytes source_link_option() {
    return raw({1, 1}) + of(near_mac.bytes());
}

/// A responder with far's addresses.
struct rig {
    explicit rig(echo_responder_options o = standard()) : responder(std::move(o)), out(70000) {}

    static echo_responder_options standard() {
        return {.mac = far_mac,
                .own = {far_v4, far_v6, ip("fe80::2")},
                .broadcasts = {ip("192.0.2.255")},
                .largest_frame = 1514};
    }
    static echo_responder_options with(std::initializer_list<std::string_view> prefixes) {
        auto o = standard();
        o.answer_own = false;
        for (const auto p : prefixes) o.prefixes.push_back(net(p));
        return o;
    }

    disposition hear(const bytes& frame, const heard& h = {}) {
        std::ranges::fill(out, std::byte{0xee});
        const auto a = responder.handle_frame(now, h, frame, out);
        reply.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(a.size));
        EXPECT_LE(a.size, frame.size() + echo_responder::reply_growth);
        // Nothing behind what it said that it wrote, but for a reply that waits or was given up.
        EXPECT_TRUE(std::ranges::all_of(bytes_view{out}.subspan(frame.size() + echo_responder::reply_growth),
                                        [](std::byte b) { return b == std::byte{0xee}; }));
        EXPECT_TRUE(responder.counts().adds_up());
        return a.what;
    }
    bytes poll() {
        const auto size = responder.poll_transmit(now, out);
        EXPECT_TRUE(responder.counts().adds_up());
        return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
    }

    echo_responder responder;
    time_point now{std::chrono::hours{1}};
    bytes out;
    bytes reply;
};

/// What far must answer, made independently of the responder; `identification` of IPv4.
inline bytes expected_reply(echo e, std::uint16_t identification = 1, const bytes& tags = {}) {
    std::swap(e.source, e.destination);
    e.reply = true;
    e.ttl = 64;
    e.extensions.clear();
    bytes p = e.packet();
    if (e.source.is_v4()) {
        store_be(p, 4, identification);
        store_be(p, 10, std::uint16_t{0});
        store_be(p, 10, wire::internet_checksum(bytes_view{p}.first(20 + e.options.size())));
    }
    return ethernet(near_mac, far_mac, e.source.is_v4() ? 0x0800 : 0x86dd, p, tags);
}

}  // namespace sonde::respond::test
