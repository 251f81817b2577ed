// TCP (RFC 9293): the header, its options and what it carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/option.hpp>
#include <sonde/wire/parse_error.hpp>
#include <sonde/wire/pseudo_header.hpp>

namespace sonde::wire {

inline constexpr std::size_t tcp_header_size = 20;
inline constexpr std::size_t tcp_options_max = 40;

/// The control bits (RFC 9293 section 3.1).
namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01;
inline constexpr std::uint8_t syn = 0x02;
inline constexpr std::uint8_t rst = 0x04;
inline constexpr std::uint8_t psh = 0x08;
inline constexpr std::uint8_t ack = 0x10;
inline constexpr std::uint8_t urg = 0x20;
inline constexpr std::uint8_t ece = 0x40;
inline constexpr std::uint8_t cwr = 0x80;
}  // namespace tcp_flag

/// `next_option` in TCP's format: End of Option List ends the walk, No-Operation is an option. What the known options
/// say is in <sonde/wire/tcp_options.hpp>.
[[nodiscard]] parsed<std::optional<option>> next_tcp_option(bytes_view& rest) noexcept;

/// A TCP segment. Does not own the bytes, which must outlive it.
class tcp_view {
public:
    /// A whole segment: the IP header alone says where it ends. `addresses` are only needed to verify. Fails with
    /// `truncated`, `bad_header_length`, `bad_option` or, asked to verify, `bad_checksum`.
    [[nodiscard]] static parsed<tcp_view> parse(bytes_view segment, checksum_check check,
                                                const pseudo_header& addresses = {}) noexcept;

    /// A segment as ICMP errors quote it, cut short after the fixed header: there may be fewer options than the data
    /// offset says, and they may be malformed. Fails with `truncated` or `bad_header_length`.
    [[nodiscard]] static parsed<tcp_view> parse_lax(bytes_view quoted) noexcept;

    [[nodiscard]] std::uint16_t source_port() const noexcept { return load_be<std::uint16_t>(bytes_, 0); }
    [[nodiscard]] std::uint16_t destination_port() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    [[nodiscard]] std::uint32_t sequence_number() const noexcept { return load_be<std::uint32_t>(bytes_, 4); }
    [[nodiscard]] std::uint32_t acknowledgment_number() const noexcept { return load_be<std::uint32_t>(bytes_, 8); }
    /// The header's length in 32-bit words, 5 to 15.
    [[nodiscard]] std::uint8_t data_offset() const noexcept {
        return static_cast<std::uint8_t>(load_be<std::uint8_t>(bytes_, 12) >> 4);
    }
    /// In bytes; a quoted segment may have fewer.
    [[nodiscard]] std::size_t header_size() const noexcept { return std::size_t{4} * data_offset(); }
    /// Four bits, zero but for those that experiment.
    [[nodiscard]] std::uint8_t reserved() const noexcept { return load_be<std::uint8_t>(bytes_, 12) & 0x0fU; }
    /// Bits of `tcp_flag`.
    [[nodiscard]] std::uint8_t flags() const noexcept { return load_be<std::uint8_t>(bytes_, 13); }
    /// As it stands on the wire, not scaled (RFC 7323 section 2).
    [[nodiscard]] std::uint16_t window() const noexcept { return load_be<std::uint16_t>(bytes_, 14); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 16); }
    [[nodiscard]] std::uint16_t urgent_pointer() const noexcept { return load_be<std::uint16_t>(bytes_, 18); }
    /// 0 to 40 bytes, for `next_tcp_option`.
    [[nodiscard]] bytes_view options() const noexcept {
        return bytes_.subspan(tcp_header_size, present_header_size() - tcp_header_size);
    }
    [[nodiscard]] bytes_view payload() const noexcept { return bytes_.subspan(present_header_size()); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit tcp_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    [[nodiscard]] std::size_t present_header_size() const noexcept {
        return header_size() < bytes_.size() ? header_size() : bytes_.size();
    }
    bytes_view bytes_;
};

/// What a TCP segment means. Options and payload are borrowed.
struct tcp_message {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint32_t sequence_number = 0;
    std::uint32_t acknowledgment_number = 0;
    std::uint8_t reserved = 0;  ///< four bits
    std::uint8_t flags = 0;     ///< bits of `tcp_flag`
    std::uint16_t window = 65535;
    std::uint16_t urgent_pointer = 0;
    bytes_view options = {};  ///< a multiple of 4 bytes, at most 40
    bytes_view payload = {};

    [[nodiscard]] std::size_t header_size() const noexcept { return tcp_header_size + options.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return header_size() + payload.size(); }

    /// Writes the segment and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes, the options have a wrong size or `reserved` more than four bits. The payload, but not the
    /// options, may stand in `out` at its place already. `addresses` are only needed to compute the checksum.
    /// `parse(emit(m)) == m` where the options are well-formed.
    std::size_t emit(bytes_span out, checksum_fill fill, const pseudo_header& addresses = {}) const noexcept;

    [[nodiscard]] static tcp_message from(const tcp_view& view) noexcept;

    /// The same meaning, byte for byte, wherever options and payload stand.
    friend bool operator==(const tcp_message& a, const tcp_message& b) noexcept;
};

}  // namespace sonde::wire
