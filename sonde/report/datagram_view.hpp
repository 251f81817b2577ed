// A datagram as a raw socket delivered it, for the renderers of `sonde recv`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/wire/header_layout.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::report {

/// What the socket said of a datagram. Everything is borrowed.
struct delivered_datagram {
    sonde::family family = family::v4;
    std::uint8_t protocol = 0;  ///< the one that the socket was opened for
    bytes_view bytes = {};      ///< with the IP header where the family is IPv4
    std::size_t full_size = 0;
    ip_address from = {};
    std::optional<ip_address> destination = {};  ///< of IPv6, whose header is not delivered
    std::optional<std::uint8_t> hop_limit = {};  ///< the same
    wall_time time{};
    std::string_view interface = {};  ///< its name; empty when it is not known. Escaped by the renderers
    bool loopback = false;            ///< it came in by the loopback interface
};

/// The same, with its IP header read. Everything is borrowed. Never fails: what the header does not say is absent.
struct datagram_view {
    static datagram_view read(const delivered_datagram& d) noexcept;

    delivered_datagram delivered;
    bytes_view message = {};  ///< behind the IP header
    ip_address source = {};
    std::optional<ip_address> destination = {};
    std::optional<std::uint8_t> hop_limit = {};
    std::optional<std::uint16_t> identification = {};  ///< IPv4's
    std::optional<wire::parse_error> problem = {};     ///< of the IP header

    /// The bytes end before the datagram does.
    [[nodiscard]] bool cut() const noexcept { return delivered.full_size > delivered.bytes.size(); }
    /// What ICMP, ICMPv6, IGMP and OSPF tell their messages apart by; nothing for others, and when it is cut off.
    [[nodiscard]] std::optional<std::uint8_t> type() const noexcept;
    [[nodiscard]] bool is_echo_request() const noexcept;
    /// An echo request that this machine sent, perhaps to itself: on loopback what is sent also comes in, and every raw
    /// socket gets a copy of each ICMP message that comes in.
    [[nodiscard]] bool is_looped_request() const noexcept { return delivered.loopback && is_echo_request(); }
};

/// The layout of a protocol's messages; null where sonde knows none.
[[nodiscard]] const wire::header_layout* message_layout(std::uint8_t protocol) noexcept;
/// The field by which the protocol tells its messages apart; null where there is none.
[[nodiscard]] const wire::header_field* message_type_field(std::uint8_t protocol) noexcept;
/// `ICMP`, `ICMPv6`, `TCP`, `GRE`; empty for a number without a name.
[[nodiscard]] std::string_view message_protocol_name(std::uint8_t protocol) noexcept;

/// What became of the datagrams: received = shown + filtered + rejected.
struct datagram_accounting {
    std::uint64_t received = 0;
    std::uint64_t shown = 0;  ///< with -q: would have been
    std::uint64_t filtered_type = 0;
    std::uint64_t filtered_source = 0;
    std::uint64_t filtered_destination = 0;
    std::uint64_t filtered_interface = 0;  ///< came in elsewhere, before the socket was bound to its interface
    std::uint64_t rejected_malformed = 0;  ///< too short for a filter to judge
    std::uint64_t kernel_drops = 0;        ///< never received, for want of buffer

    [[nodiscard]] std::uint64_t filtered() const noexcept {
        return filtered_type + filtered_source + filtered_destination + filtered_interface;
    }
    [[nodiscard]] bool adds_up() const noexcept { return received == shown + filtered() + rejected_malformed; }
};

}  // namespace sonde::report
