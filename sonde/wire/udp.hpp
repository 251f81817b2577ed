// UDP (RFC 768; over IPv6 RFC 8200 section 8.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/parse_error.hpp>
#include <sonde/wire/pseudo_header.hpp>

namespace sonde::wire {

inline constexpr std::size_t udp_header_size = 8;

/// A UDP datagram. Does not own the bytes, which must outlive it.
class udp_view {
public:
    /// Bytes after the length are left out of the view. `addresses` are only needed to verify. Fails with `truncated`,
    /// `bad_total_length` or, asked to verify, `bad_checksum`: over IPv4 a checksum of zero is none, and right; over
    /// IPv6 it is wrong.
    [[nodiscard]] static parsed<udp_view> parse(bytes_view datagram, checksum_check check,
                                                const pseudo_header& addresses = {}) noexcept;

    /// A datagram as ICMP errors quote it, cut short after the header. The length counts where it lies between the
    /// header and the end of the bytes. Fails with `truncated`.
    [[nodiscard]] static parsed<udp_view> parse_lax(bytes_view quoted) noexcept;

    [[nodiscard]] std::uint16_t source_port() const noexcept { return load_be<std::uint16_t>(bytes_, 0); }
    [[nodiscard]] std::uint16_t destination_port() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    /// As it stands on the wire, the header included.
    [[nodiscard]] std::uint16_t length() const noexcept { return load_be<std::uint16_t>(bytes_, 4); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 6); }
    [[nodiscard]] bytes_view payload() const noexcept { return bytes_.subspan(udp_header_size); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit udp_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What a UDP datagram means. The payload is borrowed.
struct udp_message {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    bytes_view payload = {};

    [[nodiscard]] std::size_t size() const noexcept { return udp_header_size + payload.size(); }

    /// Writes the datagram and returns the bytes written; nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes, or that is more than 65,535. The payload may stand in `out` at its place already.
    /// `addresses` are only needed to compute the checksum. `parse(emit(m)) == m`.
    std::size_t emit(bytes_span out, checksum_fill fill, const pseudo_header& addresses = {}) const noexcept;

    [[nodiscard]] static udp_message from(const udp_view& view) noexcept;

    /// The same meaning, byte for byte, wherever the payload stands.
    friend bool operator==(const udp_message& a, const udp_message& b) noexcept;
};

}  // namespace sonde::wire
