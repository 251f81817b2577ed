// The IPv4 options that an echo reply carries on: record route and timestamp (RFC 791 pages 20 to 23).
#pragma once

#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>

namespace sonde::respond {

/// Writes this host into the record route and timestamp options of a copied header, as RFC 1122 section 3.2.2.6 wants
/// of an echo reply; all other options stay as they are. `options` are well-formed (`wire::next_ipv4_option`), `host`
/// are the 4 bytes of the address that was asked, `milliseconds` since midnight UTC, or any time with the highest bit
/// set (RFC 791: not the standard one). False where an option is in error: room left, but too little for an entry, or a
/// pointer before the first one; such a datagram is discarded.
[[nodiscard]] bool record_host(bytes_span options, bytes_view host, std::uint32_t milliseconds) noexcept;

}  // namespace sonde::respond
