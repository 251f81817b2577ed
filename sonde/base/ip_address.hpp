// An IPv4 or IPv6 address in 20 bytes, with the scope (interface index) that a link-local IPv6 address needs.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>

namespace sonde {

enum class family : std::uint8_t { v4 = 4, v6 = 6 };

/// Size in bytes of an address of that family on the wire: 4 or 16.
[[nodiscard]] constexpr std::size_t address_size(family f) noexcept {
    return f == family::v4 ? 4 : 16;
}

/// A value type; no ownership, any thread. IPv4 is held in its IPv4-mapped form (RFC 4291 section 2.5.5.2), so
/// `::ffff:192.0.2.1` and `192.0.2.1` are the same address. The default is the IPv6 unspecified address `::`.
class ip_address {
public:
    constexpr ip_address() noexcept = default;

    /// From 4 or 16 bytes in network order; any other size gives `::`.
    [[nodiscard]] static ip_address from_bytes(bytes_view bytes, std::uint32_t scope_id = 0) noexcept;
    [[nodiscard]] static ip_address v4(std::uint32_t host_order) noexcept;

    /// Reads `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0` or `fe80::1%2`. The error says what is wrong in one line.
    [[nodiscard]] static result<ip_address> parse(std::string_view text);

    /// The short and octal forms that inet_aton(3) reads, which fingers know: `127.1` is 127.0.0.1. Nothing if it is
    /// none.
    [[nodiscard]] static std::optional<ip_address> parse_short(std::string_view text);

    [[nodiscard]] constexpr sonde::family family() const noexcept {
        for (std::size_t i = 0; i < 10; ++i) {
            if (octets_[i] != std::byte{0}) return family::v6;
        }
        return octets_[10] == std::byte{0xff} && octets_[11] == std::byte{0xff} ? family::v4 : family::v6;
    }
    [[nodiscard]] constexpr bool is_v4() const noexcept { return family() == family::v4; }

    /// The address as it stands in a packet: 4 or 16 bytes in network order, valid as long as this object.
    [[nodiscard]] constexpr bytes_view bytes() const noexcept {
        return is_v4() ? bytes_view{octets_}.subspan(12) : bytes_view{octets_};
    }
    /// Always 16 bytes, IPv4 in its mapped form: what hashes and keyed tokens run over.
    [[nodiscard]] constexpr const std::array<std::byte, 16>& mapped_bytes() const noexcept { return octets_; }
    [[nodiscard]] constexpr std::uint32_t scope_id() const noexcept { return scope_id_; }
    [[nodiscard]] constexpr ip_address with_scope(std::uint32_t scope_id) const noexcept {
        ip_address copy = *this;
        copy.scope_id_ = scope_id;
        return copy;
    }

    [[nodiscard]] bool is_unspecified() const noexcept;
    [[nodiscard]] bool is_loopback() const noexcept;
    /// 224.0.0.0/4 or ff00::/8.
    [[nodiscard]] bool is_multicast() const noexcept;
    /// 169.254.0.0/16 or fe80::/10.
    [[nodiscard]] bool is_link_local() const noexcept;
    /// IPv6 whose meaning depends on the interface: fe80::/10, ff01::/16 and ff02::/16 (RFC 4007 section 6).
    [[nodiscard]] bool needs_scope() const noexcept;
    /// 255.255.255.255; a directed broadcast cannot be told from its address alone.
    [[nodiscard]] bool is_limited_broadcast() const noexcept;

    /// The same 128 bits, whatever the scope: what arrives in a packet says nothing about scopes.
    [[nodiscard]] bool same_octets(const ip_address& other) const noexcept { return octets_ == other.octets_; }

    /// RFC 5952 text for IPv6, dotted quad for IPv4, `%name` (or `%index`) after a scoped address.
    [[nodiscard]] std::string to_string() const;

    friend constexpr auto operator<=>(const ip_address&, const ip_address&) noexcept = default;

private:
    std::array<std::byte, 16> octets_{};
    std::uint32_t scope_id_ = 0;
};

static_assert(sizeof(ip_address) == 20);

}  // namespace sonde

template <>
struct std::hash<sonde::ip_address> {
    std::size_t operator()(const sonde::ip_address& address) const noexcept;
};
