// Bytes and byte order. Every multi-byte field of every packet is read and written through this header, so that byte
// order lives in one place and packet memory is never cast.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sonde {

using bytes_view = std::span<const std::byte>;
using bytes_span = std::span<std::byte>;

/// Reads a big-endian (network order, RFC 1700) integer that starts at `offset`.
/// The caller has checked that `offset + sizeof(T) <= bytes.size()`.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T load_be(bytes_view bytes, std::size_t offset) noexcept {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>((value << (sizeof(T) > 1 ? 8 : 0)) | std::to_integer<T>(bytes[offset + i]));
    }
    return value;
}

/// Writes `value` in big-endian order at `offset`; the caller has checked the room.
template <std::unsigned_integral T>
constexpr void store_be(bytes_span bytes, std::size_t offset, T value) noexcept {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        bytes[offset + i] = static_cast<std::byte>(value >> (8 * (sizeof(T) - 1 - i)));
    }
}

}  // namespace sonde
