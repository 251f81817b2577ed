// OSPF version 2 (RFC 2328): the header of every packet, and the hello.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

inline constexpr std::size_t ospf_header_size = 24;
inline constexpr std::size_t ospf_hello_size = 20;  ///< of the body, without neighbors
inline constexpr std::size_t ospf_authentication_size = 8;

/// RFC 2328 section A.3.1.
enum class ospf_type : std::uint8_t {
    hello = 1,
    database_description = 2,
    link_state_request = 3,
    link_state_update = 4,
    link_state_acknowledgment = 5,
};

/// RFC 2328 appendix D.
enum class ospf_authentication_type : std::uint16_t { none = 0, simple_password = 1, cryptographic = 2 };

/// An OSPF packet. Router and area are 32-bit numbers that are written as IPv4 addresses are. Does not own the bytes,
/// which must outlive it.
class ospf_view {
public:
    /// Bytes after the packet length (a digest, RFC 2328 section D.4.3, or a data block, RFC 5613) are left out of the
    /// view. Fails with `truncated`, `bad_version`, `bad_total_length` or, asked to verify, `bad_checksum`; a packet
    /// with cryptographic authentication has no checksum.
    [[nodiscard]] static parsed<ospf_view> parse(bytes_view packet, checksum_check check) noexcept;

    [[nodiscard]] ospf_type type() const noexcept { return static_cast<ospf_type>(load_be<std::uint8_t>(bytes_, 1)); }
    /// As it stands on the wire, which is what `bytes()` has.
    [[nodiscard]] std::uint16_t packet_length() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    [[nodiscard]] ip_address router_id() const noexcept { return ip_address::from_bytes(bytes_.subspan(4, 4)); }
    [[nodiscard]] ip_address area_id() const noexcept { return ip_address::from_bytes(bytes_.subspan(8, 4)); }
    /// Over the packet without the 8 bytes of authentication.
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 12); }
    [[nodiscard]] ospf_authentication_type authentication_type() const noexcept {
        return static_cast<ospf_authentication_type>(load_be<std::uint16_t>(bytes_, 14));
    }
    /// 8 bytes: a password, or what section D.3 makes of them.
    [[nodiscard]] bytes_view authentication() const noexcept { return bytes_.subspan(16, ospf_authentication_size); }
    /// What the type decides.
    [[nodiscard]] bytes_view body() const noexcept { return bytes_.subspan(ospf_header_size); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit ospf_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What an OSPF packet means. The body is borrowed.
struct ospf_message {
    ospf_type type = ospf_type::hello;
    ip_address router_id = ip_address::v4(0);
    ip_address area_id = ip_address::v4(0);
    ospf_authentication_type authentication_type = ospf_authentication_type::none;
    std::array<std::byte, ospf_authentication_size> authentication = {};
    bytes_view body = {};

    [[nodiscard]] std::size_t size() const noexcept { return ospf_header_size + body.size(); }

    /// Writes the packet and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes, that is more than 65,535, or an id is no IPv4 address. The body may stand in `out` at its
    /// place already. With cryptographic authentication the checksum is zero and the digest is left to the caller.
    /// `parse(emit(m)) == m`.
    std::size_t emit(bytes_span out, checksum_fill fill) const noexcept;

    [[nodiscard]] static ospf_message from(const ospf_view& view) noexcept;

    /// The same meaning, byte for byte, wherever the body stands.
    friend bool operator==(const ospf_message& a, const ospf_message& b) noexcept;
};

/// What the body of a hello means (RFC 2328 section A.3.2). The neighbors are borrowed.
struct ospf_hello {
    ip_address network_mask = ip_address::v4(0);
    std::uint16_t hello_interval = 10;        ///< seconds
    std::uint8_t options = 0x02;              ///< RFC 2328 section A.2; 0x02 is the E-bit, external routes
    std::uint8_t router_priority = 1;         ///< 0: never a designated router
    std::uint32_t router_dead_interval = 40;  ///< seconds
    ip_address designated_router = ip_address::v4(0);
    ip_address backup_designated_router = ip_address::v4(0);
    bytes_view neighbors = {};  ///< router ids, 4 bytes each

    [[nodiscard]] std::size_t size() const noexcept { return ospf_hello_size + neighbors.size(); }

    /// Writes the body and returns the bytes written; nothing is written and the result is 0 when `out` is too short,
    /// an address is not IPv4 or the neighbors are no multiple of 4 bytes. They may not stand in `out`.
    std::size_t emit(bytes_span out) const noexcept;

    /// `wrong_type` when the packet is no hello, `truncated` when its body is too short, `bad_total_length` when the
    /// neighbors are no multiple of 4 bytes.
    [[nodiscard]] static parsed<ospf_hello> from(const ospf_view& view) noexcept;

    /// The same meaning, byte for byte, wherever the neighbors stand.
    friend bool operator==(const ospf_hello& a, const ospf_hello& b) noexcept;
};

}  // namespace sonde::wire
