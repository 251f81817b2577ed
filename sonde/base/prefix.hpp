// An address prefix (CIDR, RFC 4632): a network address and its length in bits.
#pragma once

#include <cstdint>
#include <string_view>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde {

/// A value type. The address keeps only its network bits.
class prefix {
public:
    /// Reads `192.0.2.0/28` or `2001:db8::/120`; host bits may be set and are cleared.
    [[nodiscard]] static result<prefix> parse(std::string_view text);

    [[nodiscard]] const ip_address& network() const noexcept { return network_; }
    [[nodiscard]] unsigned length() const noexcept { return length_; }

    /// How many host addresses it holds: for IPv4 shorter than /31 without the network and the broadcast address, for
    /// IPv6 shorter than /127 without the subnet-router anycast address (RFC 4291 section 2.6.1). Saturates at 2^64-1.
    [[nodiscard]] std::uint64_t host_count() const noexcept;

    /// The host address number `index`, `0 <= index < host_count()`. Trap: the IPv6 prefixes around ::ffff:0:0/96 hold
    /// addresses that are IPv4 to `ip_address`; they come out as such, and `contains` denies them.
    [[nodiscard]] ip_address host(std::uint64_t index) const noexcept;

    [[nodiscard]] bool contains(const ip_address& address) const noexcept;

private:
    [[nodiscard]] unsigned host_bits() const noexcept;
    [[nodiscard]] unsigned skipped_first() const noexcept;

    ip_address network_;
    unsigned length_ = 128;
};

}  // namespace sonde
