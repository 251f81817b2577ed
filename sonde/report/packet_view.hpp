// A packet as it was seen, for the renderers of `sonde sniff`.
#pragma once

#include <cstdint>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/time.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::report {

/// For whom a frame was, or that it left this machine.
enum class packet_direction : std::uint8_t { unknown, in, broadcast, multicast, other_host, out };

/// `in`, `broadcast`, `multicast`, `other`, `out`; empty when unknown.
[[nodiscard]] std::string_view to_string(packet_direction direction) noexcept;

/// The direction by the packet type of Linux's cooked headers (0 to 4); unknown for other values.
[[nodiscard]] packet_direction direction_of_packet_type(std::uint8_t type) noexcept;

/// Everything is borrowed.
struct packet_view {
    wall_time time{};
    link_type link = link_type::ethernet;
    bytes_view frame = {};        ///< as captured
    std::uint32_t full_size = 0;  ///< of the frame on the wire
    const wire::dissection& dissection;
    std::string_view interface = {};  ///< its name; empty when it is not known
    packet_direction direction = packet_direction::unknown;
    bool checksum_unfinished = false;  ///< left to the device: nothing of it is wrong
};

}  // namespace sonde::report
