// The Internet checksum (RFC 1071), with the pseudo-header that ICMPv6, UDP and TCP add (RFC 8200 section 8.1).
#pragma once

#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::wire {

/// What a parser does with a checksum field.
enum class checksum_check : std::uint8_t {
    verify,  ///< a wrong checksum is an error
    trust,   ///< the kernel or the device has verified it, or it is not finished yet
};

/// What an emitter does with a checksum field.
enum class checksum_fill : std::uint8_t {
    compute,
    leave,  ///< written as zero: the kernel or the device computes it
};

/// The one's-complement sum of `bytes` as 16-bit big-endian words, folded to 16 bits and not inverted. An odd last
/// byte is padded with zero, so only the last piece of a sum in pieces may be odd. `initial` is an earlier sum.
[[nodiscard]] std::uint16_t ones_complement_sum(bytes_view bytes, std::uint16_t initial = 0) noexcept;

/// The value for a checksum field: the complement of the sum over `bytes` (the field itself counted as zero by the
/// caller). Over a datagram that carries a right checksum the result is 0.
[[nodiscard]] std::uint16_t internet_checksum(bytes_view bytes, std::uint16_t initial = 0) noexcept;

/// The checksum of bytes in which a 16-bit word `from` has become `to` (RFC 1624 equation 3).
[[nodiscard]] std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t from, std::uint16_t to) noexcept;

/// The same of an address that has become another one, in the header itself or in its pseudo-header.
[[nodiscard]] std::uint16_t updated_checksum(std::uint16_t checksum, const ip_address& from,
                                             const ip_address& to) noexcept;

/// The sum (not inverted) of the pseudo-header of an upper-layer packet: addresses, length in bytes, protocol number.
[[nodiscard]] std::uint16_t pseudo_header_sum(const ip_address& source, const ip_address& destination,
                                              std::uint32_t upper_layer_length, std::uint8_t protocol) noexcept;

}  // namespace sonde::wire
