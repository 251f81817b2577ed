// What the options of a TCP header say: maximum segment size (RFC 9293 section 3.2), window scale and timestamps
// (RFC 7323), selective acknowledgment (RFC 2018).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

/// Option kinds.
namespace tcp_option {
inline constexpr std::uint8_t maximum_segment_size = 2;
inline constexpr std::uint8_t window_scale = 3;
inline constexpr std::uint8_t sack_permitted = 4;
inline constexpr std::uint8_t sack = 5;
inline constexpr std::uint8_t timestamps = 8;
}  // namespace tcp_option

/// RFC 7323 section 3.2, in units of the sender's clock.
struct tcp_timestamps {
    std::uint32_t value = 0;
    std::uint32_t echo_reply = 0;

    friend constexpr bool operator==(const tcp_timestamps&, const tcp_timestamps&) noexcept = default;
};

/// Bytes that have arrived: from `left_edge` to before `right_edge` (RFC 2018 section 3).
struct tcp_sack_block {
    std::uint32_t left_edge = 0;
    std::uint32_t right_edge = 0;

    friend constexpr bool operator==(const tcp_sack_block&, const tcp_sack_block&) noexcept = default;
};

/// The options together. A value type. Unknown options are left out; of one that occurs twice the last one counts.
struct tcp_options {
    static constexpr std::size_t sack_blocks_max = 4;

    std::optional<std::uint16_t> maximum_segment_size = {};
    std::optional<std::uint8_t> window_scale = {};  ///< a shift count; above 14 it counts as 14
    bool sack_permitted = false;
    std::optional<tcp_timestamps> timestamps = {};
    std::array<tcp_sack_block, sack_blocks_max> sack_blocks = {};  ///< the first `sack_block_count` of them
    std::size_t sack_block_count = 0;

    /// The bytes that `emit` writes: a multiple of 4, maybe more than a header has room for (40).
    [[nodiscard]] std::size_t size() const noexcept;
    /// Writes the options, in this order, filled up with No-Operation, and returns the bytes written. Nothing is
    /// written and the result is 0 when `out` has fewer than `size()` bytes or there are more than four blocks.
    /// `from(emit(o)) == o`.
    std::size_t emit(bytes_span out) const noexcept;

    /// `bad_option` on a malformed walk, or a known option of a wrong length.
    [[nodiscard]] static parsed<tcp_options> from(bytes_view options) noexcept;

    friend bool operator==(const tcp_options& a, const tcp_options& b) noexcept;
};

}  // namespace sonde::wire
