// ICMP (RFC 792) and ICMPv6 (RFC 4443): one code path, the family is a parameter, the type numbers are in `icmp_types`.
// ICMP's checksum covers the message; ICMPv6's adds a pseudo-header, whose sum the caller passes in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

inline constexpr std::size_t icmp_header_size = 8;

/// The type numbers of one family. What a family lacks is -1.
struct icmp_types {
    int echo_request;
    int echo_reply;
    int destination_unreachable;
    int packet_too_big;
    int time_exceeded;
    int parameter_problem;
    int source_quench;
    int redirect;
};

[[nodiscard]] constexpr icmp_types icmp_types_of(family f) noexcept {
    return f == family::v4 ? icmp_types{8, 0, 3, -1, 11, 12, 4, 5} : icmp_types{128, 129, 1, 2, 3, 4, -1, 137};
}

/// A message that reports an error about a datagram it quotes.
[[nodiscard]] bool is_icmp_error(family f, std::uint8_t type) noexcept;

/// An error after which no reply is to be expected. Source quench and redirect are advice only.
[[nodiscard]] bool is_final_icmp_error(family f, std::uint8_t type) noexcept;

/// How an ICMP message's checksum is verified or computed.
struct icmp_checksum {
    /// `pseudo_header_sum` for ICMPv6, 0 for ICMP.
    std::uint16_t pseudo_sum = 0;
};

/// Any ICMP or ICMPv6 message of at least 8 bytes. Does not own the bytes, which must outlive it.
class icmp_view {
public:
    /// Fails with `truncated` or, asked to verify, `bad_checksum`.
    [[nodiscard]] static parsed<icmp_view> parse(bytes_view message, checksum_check check,
                                                 icmp_checksum sum = {}) noexcept;

    [[nodiscard]] std::uint8_t type() const noexcept { return load_be<std::uint8_t>(bytes_, 0); }
    [[nodiscard]] std::uint8_t code() const noexcept { return load_be<std::uint8_t>(bytes_, 1); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    /// The four bytes whose meaning the type decides: id and sequence, MTU, pointer, gateway.
    [[nodiscard]] std::uint32_t rest() const noexcept { return load_be<std::uint32_t>(bytes_, 4); }
    /// What follows the first 8 bytes.
    [[nodiscard]] bytes_view body() const noexcept { return bytes_.subspan(icmp_header_size); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit icmp_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What the second word of an error says: the next-hop MTU (RFC 1191 section 4, RFC 4443 section 3.2) or the pointer of
/// a parameter problem; 0 where it says nothing.
[[nodiscard]] std::uint32_t icmp_error_info(family f, const icmp_view& error) noexcept;

/// What an echo request or reply means (RFC 792 page 14, RFC 4443 section 4). The payload is borrowed.
struct icmp_echo_message {
    bool reply = false;
    std::uint16_t identifier = 0;
    std::uint16_t sequence = 0;
    bytes_view payload = {};

    [[nodiscard]] std::size_t size() const noexcept { return icmp_header_size + payload.size(); }

    /// Writes the message; `out` has at least `size()` bytes, and may hold the payload at its place already.
    /// Returns the bytes written.
    std::size_t emit(family f, bytes_span out, checksum_fill fill, icmp_checksum sum = {}) const noexcept;

    /// Reads the message back; `wrong_type` when it is no echo request or reply of that family.
    [[nodiscard]] static parsed<icmp_echo_message> from(family f, const icmp_view& view) noexcept;
};

}  // namespace sonde::wire
