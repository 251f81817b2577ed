// The extension headers of IPv6 (RFC 8200 section 4): the walk over them, and what stands in each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/wire/option.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

/// The extension headers that the walk steps over. Everything else, also AH and ESP, is an upper layer to it.
enum class ipv6_extension : std::uint8_t { hop_by_hop = 0, routing = 43, fragment = 44, destination_options = 60 };

[[nodiscard]] constexpr bool is_ipv6_extension(std::uint8_t next_header) noexcept {
    return next_header == 0 || next_header == 43 || next_header == 44 || next_header == 60;
}

/// Every extension header is a multiple of 8 bytes long.
inline constexpr std::size_t ipv6_extension_unit = 8;
inline constexpr std::size_t ipv6_fragment_header_size = 8;

/// One extension header. Borrowed; at least 8 bytes, a multiple of 8.
struct ipv6_extension_header {
    ipv6_extension kind = ipv6_extension::hop_by_hop;
    std::uint8_t next_header = 0;  ///< what follows it
    bytes_view bytes = {};
};

/// Takes the header that `next_header` announces off `rest`; nothing, and `rest` as it was, when that is no extension
/// header. Fails with `bad_header_length` where it runs past the end, and empties `rest` then.
[[nodiscard]] parsed<std::optional<ipv6_extension_header>> next_ipv6_extension(std::uint8_t next_header,
                                                                               bytes_view& rest) noexcept;

/// `next_option` in the format of options headers (RFC 8200 section 4.2); Pad1 and PadN are options.
[[nodiscard]] parsed<std::optional<option>> next_ipv6_option(bytes_view& rest) noexcept;

/// What a router or host does that does not know an option: the two highest bits of its kind (RFC 8200 section 4.2).
enum class ipv6_unknown_option : std::uint8_t {
    skip,
    discard,
    discard_and_report,
    discard_and_report_unless_multicast
};
[[nodiscard]] constexpr ipv6_unknown_option when_unknown(const option& o) noexcept {
    return static_cast<ipv6_unknown_option>(o.kind >> 6);
}

/// A hop-by-hop or destination options header. Does not own the bytes, which must outlive it.
class ipv6_options_view {
public:
    /// Bytes after the header are left out of the view. Fails with `truncated`, `bad_header_length` or `bad_option`.
    [[nodiscard]] static parsed<ipv6_options_view> parse(bytes_view header) noexcept;

    [[nodiscard]] std::uint8_t next_header() const noexcept { return load_be<std::uint8_t>(bytes_, 0); }
    /// For `next_ipv6_option`; padding is in it.
    [[nodiscard]] bytes_view options() const noexcept { return bytes_.subspan(2); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit ipv6_options_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What an options header means. The options are borrowed.
struct ipv6_options_message {
    std::uint8_t next_header = 59;  ///< no next header
    bytes_view options = {};        ///< 6 bytes, or 8 more of them each time, at most 2046: padding included

    [[nodiscard]] std::size_t size() const noexcept { return 2 + options.size(); }

    /// Writes the header and returns the bytes written; nothing is written and the result is 0 when `out` is too short
    /// or the options have a wrong size. They may stand in `out` at their place already.
    std::size_t emit(bytes_span out) const noexcept;

    [[nodiscard]] static ipv6_options_message from(const ipv6_options_view& view) noexcept;

    friend bool operator==(const ipv6_options_message& a, const ipv6_options_message& b) noexcept;
};

/// Fills `out` with one padding option (RFC 8200 section 4.2: Pad1 or PadN); returns its size, or 0 above 257 bytes.
std::size_t emit_ipv6_padding(bytes_span out) noexcept;

/// A routing header. Does not own the bytes, which must outlive it.
class ipv6_routing_view {
public:
    /// Bytes after the header are left out of the view. Fails with `truncated` or `bad_header_length`.
    [[nodiscard]] static parsed<ipv6_routing_view> parse(bytes_view header) noexcept;

    [[nodiscard]] std::uint8_t next_header() const noexcept { return load_be<std::uint8_t>(bytes_, 0); }
    /// 0 is the source route (deprecated by RFC 5095), 2 Mobile IPv6, 3 RPL, 4 segment routing.
    [[nodiscard]] std::uint8_t routing_type() const noexcept { return load_be<std::uint8_t>(bytes_, 2); }
    [[nodiscard]] std::uint8_t segments_left() const noexcept { return load_be<std::uint8_t>(bytes_, 3); }
    /// What the type decides: 4 bytes or 8 more of them each time.
    [[nodiscard]] bytes_view data() const noexcept { return bytes_.subspan(4); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit ipv6_routing_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What a routing header means. The data are borrowed.
struct ipv6_routing_message {
    std::uint8_t next_header = 59;
    std::uint8_t routing_type = 0;
    std::uint8_t segments_left = 0;
    bytes_view data = {};  ///< 4 bytes, or 8 more of them each time, at most 2044

    [[nodiscard]] std::size_t size() const noexcept { return 4 + data.size(); }

    /// As `ipv6_options_message::emit`.
    std::size_t emit(bytes_span out) const noexcept;

    [[nodiscard]] static ipv6_routing_message from(const ipv6_routing_view& view) noexcept;

    friend bool operator==(const ipv6_routing_message& a, const ipv6_routing_message& b) noexcept;
};

/// A fragment header (RFC 8200 section 4.5). Does not own the bytes, which must outlive it.
class ipv6_fragment_view {
public:
    /// Bytes after the header are left out of the view. Fails with `truncated`.
    [[nodiscard]] static parsed<ipv6_fragment_view> parse(bytes_view header) noexcept;

    [[nodiscard]] std::uint8_t next_header() const noexcept { return load_be<std::uint8_t>(bytes_, 0); }
    /// In units of 8 bytes, 0 to 8191.
    [[nodiscard]] std::uint16_t fragment_offset() const noexcept {
        return static_cast<std::uint16_t>(load_be<std::uint16_t>(bytes_, 2) >> 3);
    }
    [[nodiscard]] bool more_fragments() const noexcept { return (load_be<std::uint16_t>(bytes_, 2) & 1U) != 0; }
    /// Of several: an atomic fragment (RFC 6946) is none.
    [[nodiscard]] bool is_fragment() const noexcept { return more_fragments() || fragment_offset() != 0; }
    [[nodiscard]] std::uint32_t identification() const noexcept { return load_be<std::uint32_t>(bytes_, 4); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit ipv6_fragment_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What a fragment header means. A value type, 8 bytes on the wire.
struct ipv6_fragment_message {
    std::uint8_t next_header = 59;
    std::uint16_t fragment_offset = 0;  ///< in units of 8 bytes, at most 8191
    bool more_fragments = false;
    std::uint32_t identification = 0;

    /// Writes the header and returns its 8 bytes; nothing is written and the result is 0 when `out` is too short or the
    /// offset too large.
    std::size_t emit(bytes_span out) const noexcept;

    [[nodiscard]] static ipv6_fragment_message from(const ipv6_fragment_view& view) noexcept;

    friend bool operator==(const ipv6_fragment_message&, const ipv6_fragment_message&) noexcept = default;
};

}  // namespace sonde::wire
