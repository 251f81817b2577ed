// A router made of a packet socket at the far end of a veth pair: it takes a probe off the wire and answers it with the
// ICMP error that a test wants, extension structure and all.
#pragma once

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/base/bytes.hpp>
#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/lab_test.hpp>
#include <sonde/socket/packet_socket.hpp>

namespace sonde::socket::lab {

/// What differs between the families.
struct router_case {
    family f = family::v4;
    const char* local = "";  // with its prefix length
    ip_address self;
    ip_address target;
    ip_address router;
    std::uint8_t time_exceeded = 11;
    std::uint8_t unreachable = 3;
    std::uint8_t icmp = IPPROTO_ICMP;
    std::size_t header = 20;
    std::size_t length_at = 5;     // of the error's length field (RFC 4884)
    std::size_t length_words = 4;  // its unit
    const char* name = "";
};

inline const router_case over_v4{.f = family::v4,
                                 .local = "192.0.2.1/24",
                                 .self = ip_address::v4(0xc0000201),
                                 .target = ip_address::v4(0xc0000242),
                                 .router = ip_address::v4(0xc00002fe),
                                 .name = "v4"};
inline const router_case over_v6{.f = family::v6,
                                 .local = "2001:db8::1/64",
                                 .self = ip_address::parse("2001:db8::1").value(),
                                 .target = ip_address::parse("2001:db8::42").value(),
                                 .router = ip_address::parse("2001:db8::fe").value(),
                                 .time_exceeded = 3,
                                 .unreachable = 1,
                                 .icmp = IPPROTO_ICMPV6,
                                 .header = 40,
                                 .length_at = 4,
                                 .length_words = 8,
                                 .name = "v6"};

inline std::uint16_t internet_checksum(bytes_view bytes, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load_be<std::uint16_t>(bytes, i);
    if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(bytes.back()) << 8;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// An MPLS label stack object with one entry (RFC 4950): label 16000, bottom of stack, TTL 1; checksum right.
inline std::vector<std::byte> mpls_extension() {
    std::vector<std::byte> bytes(12);
    store_be<std::uint16_t>(bytes, 0, 0x2000);
    store_be<std::uint32_t>(bytes, 4, 0x0008'0101);
    store_be<std::uint32_t>(bytes, 8, (16000U << 12) | 0x101U);
    store_be<std::uint16_t>(bytes, 2, internet_checksum(bytes));
    return bytes;
}

inline void append_address(std::vector<std::byte>& to, const ip_address& address) {
    const bytes_view octets = address.bytes();
    to.insert(to.end(), octets.begin(), octets.end());
}

class router {
public:
    explicit router(const router_case& c) : case_(c) {
        made_ = pair_.made() && add_address(c.local, c.self, "va");
        const auto filter = bpf_filter::compile("tcp or udp or icmp or icmp6[icmp6type] == 128", link_type::ethernet);
        made_ = made_ && wire_.start(filter.value()).has_value();
    }
    [[nodiscard]] bool made() const { return made_; }

    /// The next probe that leaves, from its IP header on; empty when none does for so long.
    std::vector<std::byte> take(int milliseconds = 5000) {
        std::array<std::byte, 2048> buffer{};
        for (;;) {
            if (!wait_readable(wire_.fd(), milliseconds)) return {};
            const auto frame = wire_.receive(buffer);
            if (frame && frame->bytes.size() > 14) return {frame->bytes.begin() + 14, frame->bytes.end()};
        }
    }

    struct error {
        std::uint8_t type = 0;
        std::uint8_t code = 0;
        std::uint32_t info = 0;
        std::uint8_t hop_limit = 61;
        std::vector<std::byte> extension = {};
        bool says_length = true;  // else as routers did before RFC 4884
    };
    /// Sends an ICMP error that quotes the datagram.
    bool quote(bytes_view datagram, const error& e) {
        std::vector<std::byte> message(8);
        message[0] = std::byte{e.type};
        message[1] = std::byte{e.code};
        store_be<std::uint32_t>(message, 4, e.info);
        message.insert(message.end(), datagram.begin(), datagram.end());
        if (!e.extension.empty()) {
            message.resize(8 + 128);
            if (e.says_length) message[case_.length_at] = std::byte(128 / case_.length_words);
            message.insert(message.end(), e.extension.begin(), e.extension.end());
        }
        return send(case_.icmp, std::move(message), case_.router, e.hop_limit);
    }
    /// Sends any datagram to this machine, its checksum (at the protocol's place) made here.
    bool send(std::uint8_t protocol, std::vector<std::byte> payload, const ip_address& from, std::uint8_t hop_limit) {
        const std::size_t at = protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
        std::uint32_t pseudo = 0;
        if (protocol != IPPROTO_ICMP) {
            std::vector<std::byte> addresses;
            append_address(addresses, from);
            append_address(addresses, case_.self);
            pseudo = static_cast<std::uint16_t>(~internet_checksum(addresses)) + protocol +
                     static_cast<std::uint32_t>(payload.size());
        }
        store_be<std::uint16_t>(payload, at, internet_checksum(payload, pseudo));
        std::vector<std::byte> frame(14);
        std::ranges::copy(pair_.a.mac.bytes(), frame.begin());
        store_be<std::uint16_t>(frame, 12, case_.f == family::v4 ? 0x0800 : 0x86dd);
        append_header(frame, protocol, payload.size(), from, hop_limit);
        frame.insert(frame.end(), payload.begin(), payload.end());
        const bytes_view view{frame};
        return wire_.send(std::span{&view, 1}).sent == 1;
    }

private:
    void append_header(std::vector<std::byte>& frame, std::uint8_t protocol, std::size_t payload,
                       const ip_address& from, std::uint8_t hop_limit) const {
        std::vector<std::byte> ip(case_.f == family::v4 ? 12 : 8);
        if (case_.f == family::v4) {
            ip[0] = std::byte{0x45};
            store_be<std::uint16_t>(ip, 2, static_cast<std::uint16_t>(20 + payload));
            ip[8] = std::byte{hop_limit};
            ip[9] = std::byte{protocol};
        } else {
            ip[0] = std::byte{0x60};
            store_be<std::uint16_t>(ip, 4, static_cast<std::uint16_t>(payload));
            ip[6] = std::byte{protocol};
            ip[7] = std::byte{hop_limit};
        }
        append_address(ip, from);
        append_address(ip, case_.self);
        if (case_.f == family::v4) store_be<std::uint16_t>(ip, 10, internet_checksum(ip));
        frame.insert(frame.end(), ip.begin(), ip.end());
    }

    router_case case_;
    veth_pair pair_;
    packet_socket wire_ = packet_socket::open({.interface = pair_.b.index}).value();
    bool made_ = false;
};

inline bool wait_error(int fd, int milliseconds = 5000) {
    pollfd ready{fd, 0, 0};
    return ::poll(&ready, 1, milliseconds) == 1;
}

}  // namespace sonde::socket::lab
