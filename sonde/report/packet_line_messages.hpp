// The parts of a packet's line that come from messages with forms of their own: ICMP, ICMPv6, IGMP, TCP options.
#pragma once

#include <cstdint>
#include <span>

#include <sonde/report/line_writer.hpp>
#include <sonde/report/packet_view.hpp>

namespace sonde::report {

/// A message as far as it was captured, `size` bytes of it on the wire, and the layers behind its own: those of the
/// packet that an error quotes.
struct shown_message {
    bytes_view bytes;
    std::uint32_t size = 0;
    std::span<const wire::layer> behind = {};
};

void put_icmp(line_writer& line, const shown_message& m);
void put_icmpv6(line_writer& line, const shown_message& m);
void put_igmp(line_writer& line, const shown_message& m);

/// `mss 1460,sackOK,nop`. Edges of SACK blocks count from `acknowledged_from`.
void put_tcp_options(line_writer& line, bytes_view options, std::uint32_t acknowledged_from);

}  // namespace sonde::report
