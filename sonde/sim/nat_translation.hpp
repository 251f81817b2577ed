// What a NAT changes in a packet (RFC 3022 section 4), and in the packet that an ICMP error quotes (RFC 5508 section
// 4).
#pragma once

#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/sim/header_edit.hpp>
#include <sonde/sim/nat_table.hpp>
#include <sonde/sim/packet_facts.hpp>

namespace sonde::sim {

/// What the packet's sender or receiver is called: its address, and its port or, of an ICMP query, the identifier. The
/// port is 0 where the protocol has none, or the packet ends before it.
[[nodiscard]] transport_end end_of(bytes_view packet, const packet_facts& facts, address_field which) noexcept;

/// Puts another address and port in the place of that end. The upper layer's checksum stays as right or wrong as it
/// was; where the packet, because it is a quote, is cut short before the checksum, that is all the same.
void set_end(bytes_span packet, const packet_facts& facts, address_field which, const transport_end& to) noexcept;

/// Whether it is an ICMP message that quotes a packet.
[[nodiscard]] bool is_icmp_error_packet(bytes_view packet, const packet_facts& facts) noexcept;

/// The packet that an ICMP error quotes, with its facts as far as the quote goes.
struct quoted_packet {
    std::size_t at = 0;  ///< in the packet that is the error
    packet_facts facts;
};
[[nodiscard]] std::optional<quoted_packet> quoted_in(bytes_view packet, const packet_facts& facts) noexcept;

/// Changes an end of the quoted packet, and brings the error's own checksum up to date.
void set_quoted_end(bytes_span packet, const packet_facts& facts, const quoted_packet& quoted, address_field which,
                    const transport_end& to) noexcept;

}  // namespace sonde::sim
