// The fields of the protocols' headers as data: one table per protocol, from which packets are described in words,
// drawn as the RFC draws them, shown as a tree and written as JSON. Code that decides (views, machines) uses the typed
// views beside it, and the tests hold the two against each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::wire {

/// How a field's bits are read and shown.
enum class field_kind : std::uint8_t {
    number,  ///< decimal
    hexadecimal,
    flag,   ///< one bit
    flags,  ///< a set of named bits: `SYN`, `ACK`; the names stand in `header_field::names`, TCP's with distinct
            ///< initials
    named,  ///< a number whose values have names: ethertype, protocol, type, op
    mac,    ///< 48 bits
    ipv4,   ///< 32 bits
    ipv6,   ///< 128 bits
    bytes,  ///< what is too long for a number
    text,   ///< of the network's choice: escape it before it is printed; ends at the first zero byte, or at the last
};

/// Who gives a field its value when a packet description leaves it out.
enum class field_fill : std::uint8_t {
    preset,  ///< `preset` stands
    length,  ///< of this header, or of it and what follows, in the units of the protocol
    checksum,
    next,         ///< the number of the protocol that follows (ethertype, protocol, next header)
    source,       ///< an address of this machine towards the destination
    destination,  ///< an address of the far end: without a description there is none to take (MAC: by ARP or ND)
};

/// A name for a value of a `named` field, or for a bit of a `flags` field (`value` is the bit's mask).
struct value_name {
    std::uint32_t value;
    std::string_view name;
};

struct header_field {
    std::string_view name;   ///< for programs and descriptions, stable: `ttl`
    std::string_view title;  ///< the RFC's: `Time to Live`
    std::uint16_t offset;    ///< in bits from the header's first
    std::uint16_t bits;
    field_kind kind = field_kind::number;
    field_fill fill = field_fill::preset;
    std::uint64_t preset = 0;
    std::span<const value_name> names = {};
};

/// What an option's value is; of an option with fields, what follows them.
enum class option_kind : std::uint8_t { none, number, mac, ipv4, ipv6, addresses, numbers, bytes, text };

/// One option of a protocol: `{2, "mss", "Maximum Segment Size", option_kind::number, 2}`.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the tables name the members by their order.
struct option_layout {
    std::uint8_t code;
    std::string_view name;
    std::string_view title;
    option_kind kind = option_kind::bytes;
    std::uint8_t width = 0;  ///< bytes of a number, or of each of several
    std::span<const value_name> names = {};
    /// What stands before the value; offsets count from the first bit after the option's length.
    std::span<const header_field> fields = {};
};

/// How options stand one after another.
enum class option_style : std::uint8_t {
    none,
    tcp,   ///< RFC 9293 3.1, RFC 791 3.1: code, length with both; 0 ends, 1 is one byte
    nd,    ///< RFC 4861 4.6: type, length in units of 8 bytes with both
    dhcp,  ///< RFC 2132: code, length without both; 0 pads, 255 ends
    ipv6,  ///< RFC 8200 4.2: type, length without both; 0 is one byte
};

/// A form of a header that the value of one field decides: ICMP's type, ARP's operation, OSPF's type.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): likewise.
struct header_variant {
    std::string_view name;                      ///< `echo`
    std::string_view title;                     ///< `Echo Request`
    std::uint32_t value;                        ///< of the layout's `selector` field; the first with it is the usual
    std::span<const header_field> fields = {};  ///< beyond the layout's own; offsets count from the header's first bit
    std::uint16_t size = 0;                     ///< of the header in this form, in bytes; 0: as the layout's
    /// Options follow this form: `none` for those of the layout.
    option_style options = option_style::none;
};

struct header_layout {
    protocol id;
    std::string_view name;    ///< `ip`
    std::string_view title;   ///< `Internet Protocol Version 4`
    std::string_view source;  ///< `RFC 791 section 3.1`
    std::uint16_t size;       ///< of the fixed header in bytes
    std::span<const header_field> fields;
    std::string_view selector = {};  ///< the field that decides the variant
    std::span<const header_variant> variants = {};
    option_style style = option_style::none;
    std::span<const option_layout> options = {};
    // Lists of addresses and other tails (OSPF neighbours, IGMPv3 records) are shown by `visit_fields` alone.
};

/// Every layout, in the order of the stack. Static storage; any thread.
[[nodiscard]] std::span<const header_layout> all_layouts() noexcept;
/// Null for `payload` and what else has no header.
[[nodiscard]] const header_layout* layout_of(protocol id) noexcept;
[[nodiscard]] const header_layout* find_layout(std::string_view name) noexcept;
[[nodiscard]] const header_field* find_field(const header_layout& layout, const header_variant* variant,
                                             std::string_view name) noexcept;
[[nodiscard]] const header_variant* find_variant(const header_layout& layout, std::string_view name) noexcept;
/// The variant that the bytes of a header are of; null when the selector's value has none. Where several have the same
/// value (the queries of IGMPv2 and IGMPv3, of MLDv1 and MLDv2) it is the longest that the bytes have room for.
[[nodiscard]] const header_variant* variant_of(const header_layout& layout, bytes_view header) noexcept;
/// The bytes of the fixed header in that form.
[[nodiscard]] constexpr std::size_t fixed_size(const header_layout& layout, const header_variant* variant) noexcept {
    return variant != nullptr && variant->size != 0 ? variant->size : layout.size;
}

/// Fields of at most 64 bits; nothing when the bytes end before the field does, or it is longer.
[[nodiscard]] std::optional<std::uint64_t> read_field(bytes_view header, const header_field& field) noexcept;
/// The bytes of a field that begins and ends on byte boundaries; empty when it does not, or the header is too short.
[[nodiscard]] bytes_view field_bytes(bytes_view header, const header_field& field) noexcept;
/// False when the value does not fit the field's bits, or the field the header.
[[nodiscard]] bool write_field(bytes_span header, const header_field& field, std::uint64_t value) noexcept;

/// The name of a value, or of none an empty view.
[[nodiscard]] std::string_view name_of(std::span<const value_name> names, std::uint64_t value) noexcept;

}  // namespace sonde::wire
