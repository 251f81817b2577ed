// What a router changes in a packet that it forwards, with IPv4's header checksum brought up to date and not made anew:
// what was wrong stays wrong (RFC 1624).
#pragma once

#include <cstdint>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::sim {

/// `packet` is in order, and its TTL or hop limit above 0.
void decrement_ttl(bytes_span packet, family f) noexcept;

void set_traffic_class(bytes_span packet, family f, std::uint8_t value) noexcept;

enum class address_field : std::uint8_t { source, destination };

/// Of the same family. The upper layer's checksum is the caller's business.
void set_address(bytes_span packet, address_field field, const ip_address& value) noexcept;

}  // namespace sonde::sim
