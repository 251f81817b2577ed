// An EUI-48 address of a link (IEEE 802).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>

namespace sonde {

/// A value type; no ownership, any thread. The default is 00:00:00:00:00:00.
class mac_address {
public:
    static constexpr std::size_t size = 6;

    constexpr mac_address() noexcept = default;
    constexpr explicit mac_address(const std::array<std::byte, size>& octets) noexcept : octets_(octets) {}

    /// From exactly 6 bytes; any other size gives the zero address.
    [[nodiscard]] static mac_address from_bytes(bytes_view bytes) noexcept;
    [[nodiscard]] static constexpr mac_address broadcast() noexcept {
        constexpr std::byte all{0xff};
        return mac_address({all, all, all, all, all, all});
    }

    /// Reads `02:00:5e:10:00:01`, with `:` or `-` between, one or two digits each. The error says what is wrong.
    [[nodiscard]] static result<mac_address> parse(std::string_view text);

    [[nodiscard]] constexpr bytes_view bytes() const noexcept { return octets_; }
    /// The group bit: multicast and broadcast.
    [[nodiscard]] constexpr bool is_group() const noexcept { return (octets_[0] & std::byte{1}) != std::byte{0}; }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == mac_address{}; }

    /// Lower case with colons: `02:00:5e:10:00:01`.
    [[nodiscard]] std::string to_string() const;

    friend constexpr auto operator<=>(const mac_address&, const mac_address&) noexcept = default;

private:
    std::array<std::byte, size> octets_{};
};

}  // namespace sonde
