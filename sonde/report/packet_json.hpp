// `sniff --json`: one JSON object a line, as docs/sonde.schema.json describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <sonde/base/time.hpp>
#include <sonde/report/packet_view.hpp>

namespace sonde::report {

struct packet_json_options {
    bool frame = false;               ///< the whole frame in hexadecimal too
    std::size_t payload_bytes = 256;  ///< of a payload and of the trailer, at most so many are shown
};

/// Appends the event `packet`, one line. Valid UTF-8 and JSON whatever the packet holds. The members of a layer are the
/// fields of its `wire::header_layout`, by name. Pure; any thread.
void append_packet_json(std::string& out, const packet_view& packet, const packet_json_options& options = {});

/// What became of the packets: received = dropped + loopback_copies + filtered + captured + unread.
struct capture_totals {
    std::uint64_t received = 0;         ///< that the kernel's filter let pass, or that were in the file
    std::uint64_t dropped = 0;          ///< by the kernel, for want of room
    std::uint64_t loopback_copies = 0;  ///< on their way out of a loopback interface, where they come in again
    std::uint64_t filtered = 0;         ///< that the filter, running in this process, refused
    std::uint64_t captured = 0;
    std::uint64_t unread = 0;   ///< still waiting at the end
    std::uint64_t written = 0;  ///< to the capture file, of those captured
};

/// Appends the event `summary`, the last line.
void append_capture_summary_json(std::string& out, const capture_totals& totals, wall_time time);

}  // namespace sonde::report
