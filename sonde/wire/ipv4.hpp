// IPv4 (RFC 791): the header, its options and what it carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/option.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

inline constexpr std::size_t ipv4_header_size = 20;
inline constexpr std::size_t ipv4_options_max = 40;

/// `next_option` in IPv4's format (RFC 791 page 15): End of Option List ends the walk, No Operation is an option.
[[nodiscard]] parsed<std::optional<option>> next_ipv4_option(bytes_view& rest) noexcept;

/// An IPv4 datagram. Does not own the bytes, which must outlive it.
class ipv4_view {
public:
    /// A whole datagram. Bytes after the total length (an Ethernet frame's padding) are left out of the view.
    /// Fails with `truncated`, `bad_version`, `bad_header_length`, `bad_total_length`, `bad_option` or, asked to
    /// verify, `bad_checksum`. A raw socket's datagrams come verified by the kernel.
    [[nodiscard]] static parsed<ipv4_view> parse(bytes_view datagram, checksum_check check) noexcept;

    /// A datagram as ICMP errors quote it: cut short after the header, with a header that routers have changed. Only
    /// the version and the header's own length must be right (`truncated`, `bad_version`, `bad_header_length`). The
    /// total length counts where it lies between the header and the end of the bytes: old BSD kernels quote it less the
    /// header's length or in host order. The options may be malformed.
    [[nodiscard]] static parsed<ipv4_view> parse_lax(bytes_view quoted) noexcept;

    /// The header's length in 32-bit words, 5 to 15.
    [[nodiscard]] std::uint8_t ihl() const noexcept { return load_be<std::uint8_t>(bytes_, 0) & 0x0fU; }
    [[nodiscard]] std::size_t header_size() const noexcept { return std::size_t{4} * ihl(); }
    [[nodiscard]] std::uint8_t tos() const noexcept { return load_be<std::uint8_t>(bytes_, 1); }
    /// RFC 2474: the upper six bits of what RFC 791 calls type of service.
    [[nodiscard]] std::uint8_t dscp() const noexcept { return static_cast<std::uint8_t>(tos() >> 2); }
    /// RFC 3168: the lower two.
    [[nodiscard]] std::uint8_t ecn() const noexcept { return tos() & 0x03U; }
    /// As it stands on the wire; a strictly parsed view has exactly that many `bytes()`.
    [[nodiscard]] std::uint16_t total_length() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    [[nodiscard]] std::uint16_t identification() const noexcept { return load_be<std::uint16_t>(bytes_, 4); }
    [[nodiscard]] bool reserved_flag() const noexcept { return (flags_and_offset() & 0x8000U) != 0; }
    [[nodiscard]] bool dont_fragment() const noexcept { return (flags_and_offset() & 0x4000U) != 0; }
    [[nodiscard]] bool more_fragments() const noexcept { return (flags_and_offset() & 0x2000U) != 0; }
    /// In units of 8 bytes, 0 to 8191.
    [[nodiscard]] std::uint16_t fragment_offset() const noexcept { return flags_and_offset() & 0x1fffU; }
    [[nodiscard]] bool is_fragment() const noexcept { return more_fragments() || fragment_offset() != 0; }
    [[nodiscard]] std::uint8_t ttl() const noexcept { return load_be<std::uint8_t>(bytes_, 8); }
    [[nodiscard]] std::uint8_t protocol() const noexcept { return load_be<std::uint8_t>(bytes_, 9); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 10); }
    [[nodiscard]] ip_address source() const noexcept { return ip_address::from_bytes(bytes_.subspan(12, 4)); }
    [[nodiscard]] ip_address destination() const noexcept { return ip_address::from_bytes(bytes_.subspan(16, 4)); }
    /// 0 to 40 bytes, for `next_ipv4_option`.
    [[nodiscard]] bytes_view options() const noexcept {
        return bytes_.subspan(ipv4_header_size, header_size() - ipv4_header_size);
    }
    /// What the datagram carries. Only the first fragment begins with the protocol's header.
    [[nodiscard]] bytes_view payload() const noexcept { return bytes_.subspan(header_size()); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit ipv4_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    [[nodiscard]] std::uint16_t flags_and_offset() const noexcept { return load_be<std::uint16_t>(bytes_, 6); }
    bytes_view bytes_;
};

/// What an IPv4 datagram means. Options and payload are borrowed.
struct ipv4_message {
    std::uint8_t tos = 0;
    std::uint16_t identification = 0;
    bool reserved_flag = false;
    bool dont_fragment = false;
    bool more_fragments = false;
    std::uint16_t fragment_offset = 0;  ///< in units of 8 bytes, at most 8191
    std::uint8_t ttl = 64;
    std::uint8_t protocol = 0;
    ip_address source = ip_address::v4(0);
    ip_address destination = ip_address::v4(0);
    bytes_view options = {};  ///< a multiple of 4 bytes, at most 40
    bytes_view payload = {};

    [[nodiscard]] std::size_t header_size() const noexcept { return ipv4_header_size + options.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return header_size() + payload.size(); }

    /// Writes the datagram and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes or no header can say it: an address that is not IPv4, options of a wrong size, a fragment
    /// offset over 8191, more than 65,535 bytes. The payload, but not the options, may stand in `out` at its place
    /// already. `parse(emit(m)) == m` where the options are well-formed.
    std::size_t emit(bytes_span out, checksum_fill fill) const noexcept;

    [[nodiscard]] static ipv4_message from(const ipv4_view& view) noexcept;

    /// The same meaning, byte for byte, wherever options and payload stand.
    friend bool operator==(const ipv4_message& a, const ipv4_message& b) noexcept;
};

}  // namespace sonde::wire
