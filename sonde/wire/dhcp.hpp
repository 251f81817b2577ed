// DHCP for IPv4 (RFC 2131), and the walk over its options (RFC 2132).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/wire/option.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

inline constexpr std::size_t dhcp_header_size = 240;  ///< with the magic cookie
inline constexpr std::size_t dhcp_hardware_address_max = 16;
inline constexpr std::size_t dhcp_server_name_size = 64;
inline constexpr std::size_t dhcp_file_size = 128;
inline constexpr std::uint16_t dhcp_server_port = 67;
inline constexpr std::uint16_t dhcp_client_port = 68;

enum class dhcp_operation : std::uint8_t { request = 1, reply = 2 };

/// RFC 2132 section 9.6.
enum class dhcp_message_type : std::uint8_t {
    discover = 1,
    offer = 2,
    request = 3,
    decline = 4,
    ack = 5,
    nak = 6,
    release = 7,
    inform = 8,
};

/// Option codes that say how the others are to be read.
namespace dhcp_option {
inline constexpr std::uint8_t overload = 52;
inline constexpr std::uint8_t message_type = 53;
}  // namespace dhcp_option

/// `next_option` in DHCP's format: End ends the walk, Pad is an option. An option may come in several pieces
/// (RFC 3396).
[[nodiscard]] parsed<std::optional<option>> next_dhcp_option(bytes_view& rest) noexcept;

/// A DHCP message. Does not own the bytes, which must outlive it.
class dhcp_view {
public:
    /// Fails with `truncated`, `wrong_type` (no magic cookie: BOOTP), `bad_header_length` (a hardware address of more
    /// than 16 bytes) or `bad_option`. The options that an overload (RFC 2132 section 9.3) moves into `server_name()`
    /// and `file()` are not looked at.
    [[nodiscard]] static parsed<dhcp_view> parse(bytes_view message) noexcept;

    [[nodiscard]] dhcp_operation operation() const noexcept {
        return static_cast<dhcp_operation>(load_be<std::uint8_t>(bytes_, 0));
    }
    /// As in ARP: 1 is Ethernet.
    [[nodiscard]] std::uint8_t hardware_type() const noexcept { return load_be<std::uint8_t>(bytes_, 1); }
    [[nodiscard]] std::uint8_t hops() const noexcept { return load_be<std::uint8_t>(bytes_, 3); }
    [[nodiscard]] std::uint32_t transaction_id() const noexcept { return load_be<std::uint32_t>(bytes_, 4); }
    /// Since the client began.
    [[nodiscard]] std::uint16_t seconds() const noexcept { return load_be<std::uint16_t>(bytes_, 8); }
    /// The client cannot take unicast yet.
    [[nodiscard]] bool broadcast() const noexcept { return (load_be<std::uint16_t>(bytes_, 10) & 0x8000U) != 0; }
    [[nodiscard]] ip_address client_address() const noexcept { return address(12); }
    [[nodiscard]] ip_address your_address() const noexcept { return address(16); }
    [[nodiscard]] ip_address server_address() const noexcept { return address(20); }
    [[nodiscard]] ip_address relay_address() const noexcept { return address(24); }
    /// As many bytes as hlen says, 0 to 16.
    [[nodiscard]] bytes_view hardware_address() const noexcept {
        return bytes_.subspan(28, load_be<std::uint8_t>(bytes_, 2));
    }
    /// 64 bytes: text with a zero byte at its end, from a stranger; or options.
    [[nodiscard]] bytes_view server_name() const noexcept { return bytes_.subspan(44, dhcp_server_name_size); }
    /// 128 bytes of the same kind.
    [[nodiscard]] bytes_view file() const noexcept { return bytes_.subspan(108, dhcp_file_size); }
    /// For `next_dhcp_option`; the End option and what follows it is in it.
    [[nodiscard]] bytes_view options() const noexcept { return bytes_.subspan(dhcp_header_size); }
    /// Nothing for a message without one, or one of another length: BOOTP with RFC 1497's extensions.
    [[nodiscard]] std::optional<dhcp_message_type> message_type() const noexcept;
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit dhcp_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    [[nodiscard]] ip_address address(std::size_t offset) const noexcept {
        return ip_address::from_bytes(bytes_.subspan(offset, 4));
    }
    bytes_view bytes_;
};

/// What a DHCP message means. Everything of type `bytes_view` is borrowed.
struct dhcp_message {
    dhcp_operation operation = dhcp_operation::request;
    std::uint8_t hardware_type = 1;
    std::uint8_t hops = 0;
    std::uint32_t transaction_id = 0;
    std::uint16_t seconds = 0;
    bool broadcast = false;
    ip_address client_address = ip_address::v4(0);
    ip_address your_address = ip_address::v4(0);
    ip_address server_address = ip_address::v4(0);
    ip_address relay_address = ip_address::v4(0);
    bytes_view hardware_address = {};  ///< at most 16 bytes
    bytes_view server_name = {};       ///< at most 64 bytes; filled up with zero bytes
    bytes_view file = {};              ///< at most 128 bytes; filled up with zero bytes
    bytes_view options = {};           ///< in the form that `emit_option` writes, with the End option

    [[nodiscard]] std::size_t size() const noexcept { return dhcp_header_size + options.size(); }

    /// Writes the message and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes, an address is not IPv4 or a field is too long. The options, but nothing else that is
    /// borrowed, may stand in `out` at their place already. `parse(emit(m)) == m` where the options are well-formed.
    std::size_t emit(bytes_span out) const noexcept;

    [[nodiscard]] static dhcp_message from(const dhcp_view& view) noexcept;

    /// The same meaning, byte for byte; zero bytes at the end of names do not count.
    friend bool operator==(const dhcp_message& a, const dhcp_message& b) noexcept;
};

}  // namespace sonde::wire
