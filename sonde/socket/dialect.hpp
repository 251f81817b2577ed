// What systems do differently with raw IPv4 sockets, as data: which bytes a program must write, which the kernel
// writes, and how what is read looks. Testable on any machine. Sources: raw(7); FreeBSD's ip(4) and its change of
// ip_len and ip_off in 11.0; macOS's ip(4) and xnu's rip_output.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sonde/base/bytes.hpp>

namespace sonde::socket {

enum class dialect : std::uint8_t {
    linux_,
    freebsd,    ///< 11 and later
    freebsd10,  ///< before 11
    macos,
};

enum class wire_order : std::uint8_t { network, host };

/// When the kernel writes a field of a header that the program gave (IP_HDRINCL).
enum class kernel_fill : std::uint8_t { never, when_zero, always };

/// The rules of one system.
struct raw_ip_rules {
    dialect id;
    std::string_view name;   ///< `freebsd10`
    std::string_view title;  ///< `FreeBSD before 11`
    wire_order sent_length_and_offset;
    wire_order received_length_and_offset;
    bool received_length_lacks_header;  ///< ip_len comes back less the header's own length
    kernel_fill total_length;
    kernel_fill identification;
    kernel_fill checksum;
    kernel_fill source;
    bool needs_header_included;        ///< IPPROTO_RAW alone does not imply IP_HDRINCL: the option must be set
    bool raw_sees_tcp_and_udp;         ///< raw sockets get copies of TCP and UDP
    bool raw_sees_own_echo_request;    ///< on loopback: a copy of every incoming ICMP message, the request too
    bool datagram_delivers_ip_header;  ///< the ICMP datagram socket
    bool datagram_keeps_identifier;
};

[[nodiscard]] const raw_ip_rules& rules_of(dialect d) noexcept;
[[nodiscard]] std::span<const raw_ip_rules> all_dialects() noexcept;
[[nodiscard]] std::optional<dialect> find_dialect(std::string_view name) noexcept;
/// Of the system that this was compiled for.
[[nodiscard]] dialect native_dialect() noexcept;

/// Rewrites an IPv4 header from network order to what the dialect's kernel wants to be given, in place: length and
/// offset. `host_is_little_endian` is the far machine's order. Nothing happens to fewer than 20 bytes.
void to_dialect(bytes_span header, const raw_ip_rules& rules, bool host_is_little_endian = true) noexcept;

/// The other way: a datagram as that kernel delivers it, made what was on the wire.
void from_dialect(bytes_span datagram, const raw_ip_rules& rules, bool host_is_little_endian = true) noexcept;

}  // namespace sonde::socket
