// What forwarding and answering ask of a packet's headers, read once when it is made and kept beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>

namespace sonde::sim {

/// Of one IP packet that is in order. Offsets count from its first byte.
struct packet_facts {
    sonde::family family = family::v4;
    std::uint8_t protocol = 0;    ///< of the upper layer, behind IPv6's extension headers
    std::uint16_t upper = 0;      ///< where that begins
    bool fragment = false;        ///< of several
    bool later_fragment = false;  ///< not the first: there is no upper-layer header
};

struct packet_reading {
    packet_facts facts;
    std::uint32_t size = 0;  ///< by its own length field: what follows is padding
};

/// Nothing where a router drops without a word: too short, a wrong version, length, option or header checksum, an
/// extension header past the end, an IPv4-mapped address in an IPv6 header (RFC 4291 section 2.5.5.2 gives them no
/// place on the wire).
[[nodiscard]] std::optional<packet_reading> read_packet(bytes_view bytes) noexcept;

/// Of a packet whose facts were read.
[[nodiscard]] inline ip_address source_of(bytes_view packet, family f) noexcept {
    return f == family::v4 ? ip_address::from_bytes(packet.subspan(12, 4))
                           : ip_address::from_bytes(packet.subspan(8, 16));
}
[[nodiscard]] inline ip_address destination_of(bytes_view packet, family f) noexcept {
    return f == family::v4 ? ip_address::from_bytes(packet.subspan(16, 4))
                           : ip_address::from_bytes(packet.subspan(24, 16));
}
[[nodiscard]] inline std::uint8_t ttl_of(bytes_view packet, family f) noexcept {
    return load_be<std::uint8_t>(packet, f == family::v4 ? 8 : 7);
}

}  // namespace sonde::sim
