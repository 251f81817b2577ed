// ARP (RFC 826) for IPv4 on Ethernet, with the probes and announcements of address conflict detection (RFC 5227).
#pragma once

#include <cstddef>
#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

/// For IPv4 on Ethernet.
inline constexpr std::size_t arp_packet_size = 28;

/// The opcode; others than these two occur (IANA's ARP parameters).
enum class arp_operation : std::uint16_t { request = 1, reply = 2 };

/// An ARP packet for IPv4 on Ethernet. Does not own the bytes, which must outlive it.
class arp_view {
public:
    /// Bytes after the packet (a frame's padding) are left out of the view. Fails with `truncated`, with `wrong_type`
    /// for other hardware or protocols, or with `bad_header_length` where an address length does not belong to them.
    [[nodiscard]] static parsed<arp_view> parse(bytes_view packet) noexcept;

    [[nodiscard]] arp_operation operation() const noexcept {
        return static_cast<arp_operation>(load_be<std::uint16_t>(bytes_, 6));
    }
    [[nodiscard]] mac_address sender_mac() const noexcept { return mac_address::from_bytes(bytes_.subspan(8, 6)); }
    [[nodiscard]] ip_address sender_ip() const noexcept { return ip_address::from_bytes(bytes_.subspan(14, 4)); }
    [[nodiscard]] mac_address target_mac() const noexcept { return mac_address::from_bytes(bytes_.subspan(18, 6)); }
    [[nodiscard]] ip_address target_ip() const noexcept { return ip_address::from_bytes(bytes_.subspan(24, 4)); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit arp_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What an ARP packet means. A value type, 28 bytes on the wire.
struct arp_message {
    arp_operation operation = arp_operation::request;
    mac_address sender_mac = {};
    ip_address sender_ip = ip_address::v4(0);
    mac_address target_mac = {};  ///< of no meaning in a request
    ip_address target_ip = ip_address::v4(0);

    /// RFC 5227 section 1.1: a request that asks whether an address is in use, without claiming it.
    [[nodiscard]] bool is_probe() const noexcept {
        return operation == arp_operation::request && sender_ip.is_unspecified() && !target_ip.is_unspecified();
    }
    /// RFC 5227 section 1.1: a request by which the sender claims its own address.
    [[nodiscard]] bool is_announcement() const noexcept {
        return operation == arp_operation::request && sender_ip == target_ip && !sender_ip.is_unspecified();
    }

    /// Writes the packet and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than 28 bytes or an address is not IPv4. `parse(emit(m)) == m`.
    std::size_t emit(bytes_span out) const noexcept;

    [[nodiscard]] static arp_message from(const arp_view& view) noexcept;

    friend bool operator==(const arp_message&, const arp_message&) noexcept = default;
};

}  // namespace sonde::wire
