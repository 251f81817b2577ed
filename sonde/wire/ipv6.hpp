// IPv6 (RFC 8200): the fixed header, and the way over the extension headers to the upper layer.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/wire/ipv6_extension.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

inline constexpr std::size_t ipv6_header_size = 40;

/// What stands behind the extension headers.
struct ipv6_upper_layer {
    std::uint8_t protocol = 0;
    bytes_view payload = {};            ///< begins with the protocol's header, unless it is a later fragment
    bool is_fragment = false;           ///< of several: an atomic fragment (RFC 6946) is none
    std::uint16_t fragment_offset = 0;  ///< in units of 8 bytes

    /// `payload` is from the middle of a datagram: there is no header to read in it.
    [[nodiscard]] bool is_later_fragment() const noexcept { return fragment_offset != 0; }
};

/// An IPv6 packet. Does not own the bytes, which must outlive it.
class ipv6_view {
public:
    /// A whole packet. Bytes after the payload length are left out of the view. Fails with `truncated`, `bad_version`,
    /// `bad_total_length` or, where the extension headers run past the end, `bad_header_length`. A jumbogram (RFC 2675)
    /// has a payload length of 0 and fails so.
    [[nodiscard]] static parsed<ipv6_view> parse(bytes_view packet) noexcept;

    /// A packet as ICMPv6 errors quote it: cut short anywhere after the fixed header, so the payload length may promise
    /// more than there is and `upper_layer` may fail.
    [[nodiscard]] static parsed<ipv6_view> parse_lax(bytes_view quoted) noexcept;

    [[nodiscard]] std::uint8_t traffic_class() const noexcept {
        return static_cast<std::uint8_t>(load_be<std::uint16_t>(bytes_, 0) >> 4);
    }
    [[nodiscard]] std::uint8_t dscp() const noexcept { return static_cast<std::uint8_t>(traffic_class() >> 2); }
    [[nodiscard]] std::uint8_t ecn() const noexcept { return traffic_class() & 0x03U; }
    /// 20 bits (RFC 6437).
    [[nodiscard]] std::uint32_t flow_label() const noexcept { return load_be<std::uint32_t>(bytes_, 0) & 0xf'ffffU; }
    /// As it stands on the wire, the extension headers included.
    [[nodiscard]] std::uint16_t payload_length() const noexcept { return load_be<std::uint16_t>(bytes_, 4); }
    [[nodiscard]] std::uint8_t next_header() const noexcept { return load_be<std::uint8_t>(bytes_, 6); }
    [[nodiscard]] std::uint8_t hop_limit() const noexcept { return load_be<std::uint8_t>(bytes_, 7); }
    /// Trap: an IPv4-mapped address on the wire, which only a forger puts there, reads as the IPv4 address.
    [[nodiscard]] ip_address source() const noexcept { return ip_address::from_bytes(bytes_.subspan(8, 16)); }
    [[nodiscard]] ip_address destination() const noexcept { return ip_address::from_bytes(bytes_.subspan(24, 16)); }
    /// What follows the fixed header: extension headers and upper layer.
    [[nodiscard]] bytes_view payload() const noexcept { return bytes_.subspan(ipv6_header_size); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

    /// Walks the extension headers. Never fails for a strictly parsed view; otherwise `bad_header_length`.
    [[nodiscard]] parsed<ipv6_upper_layer> upper_layer() const noexcept;

private:
    explicit ipv6_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What an IPv6 packet means. The payload is borrowed and includes the extension headers.
struct ipv6_message {
    std::uint8_t traffic_class = 0;
    std::uint32_t flow_label = 0;   ///< at most 20 bits
    std::uint8_t next_header = 59;  ///< no next header
    std::uint8_t hop_limit = 64;
    ip_address source = {};
    ip_address destination = {};
    bytes_view payload = {};

    [[nodiscard]] std::size_t size() const noexcept { return ipv6_header_size + payload.size(); }

    /// Writes the packet and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes, the flow label more than 20 bits or the payload more than 65,535 bytes. An IPv4 address is
    /// written in its mapped form. The payload may stand in `out` at its place already.
    /// `parse(emit(m)) == m` where the extension headers are well-formed, and the addresses have no scope.
    std::size_t emit(bytes_span out) const noexcept;

    [[nodiscard]] static ipv6_message from(const ipv6_view& view) noexcept;

    /// The same meaning, byte for byte, wherever the payload stands.
    friend bool operator==(const ipv6_message& a, const ipv6_message& b) noexcept;
};

}  // namespace sonde::wire
