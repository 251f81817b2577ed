// One option after another, each a kind, a length and data: the walk that IPv4, TCP, neighbour discovery, DHCP and
// IPv6's options headers share. What differs is in `option_format`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

/// One option. `data` excludes kind and length, and is borrowed.
struct option {
    std::uint8_t kind = 0;
    bytes_view data = {};
};

/// How one protocol writes its options.
struct option_format {
    std::optional<std::uint8_t> end = {};  ///< the kind after which nothing follows; a single byte
    std::optional<std::uint8_t> pad = {};  ///< the kind that is a single byte, without a length
    bool length_covers_header = false;     ///< the length counts kind and length too
    std::uint8_t length_unit = 1;          ///< bytes that a length of one stands for
};

/// RFC 791 section 3.1 and RFC 9293 section 3.1.
inline constexpr option_format ip_and_tcp_option_format{.end = 0, .pad = 1, .length_covers_header = true};
/// RFC 4861 section 4.6.
inline constexpr option_format nd_option_format{.length_covers_header = true, .length_unit = 8};
/// RFC 2132 section 2.
inline constexpr option_format dhcp_option_format{.end = 255, .pad = 0};
/// RFC 8200 section 4.2.
inline constexpr option_format ipv6_option_format{.pad = 0};

/// Takes the first option off `rest`; nothing at the end of the bytes or at the end option, which empties `rest`.
/// Fails with `bad_option` on a length below the option's own header or past the end, and empties `rest` then too: a
/// walk always ends.
[[nodiscard]] parsed<std::optional<option>> next_option(bytes_view& rest, const option_format& format) noexcept;

/// Whether a walk over `options` reaches their end without an error.
[[nodiscard]] bool options_are_well_formed(bytes_view options, const option_format& format) noexcept;

/// The first option of that kind; nothing when there is none before the end or the first malformed one.
[[nodiscard]] std::optional<option> find_option(bytes_view options, std::uint8_t kind,
                                                const option_format& format) noexcept;

/// The bytes that `emit_option` writes; 0 for an option that the format cannot say: data too long for the length, or
/// no multiple of its unit.
[[nodiscard]] std::size_t option_size(const option& o, const option_format& format) noexcept;

/// Writes the option to the front of `out` and returns the bytes written; nothing is written and the result is 0 when
/// there is no room or `option_size` is 0. The data may not stand in `out`.
std::size_t emit_option(const option& o, const option_format& format, bytes_span out) noexcept;

}  // namespace sonde::wire
