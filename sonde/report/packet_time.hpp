// The moments before tcpdump's lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <sonde/base/time.hpp>
#include <sonde/report/line_writer.hpp>

namespace sonde::report {

/// As often as tcpdump's -t is given.
enum class packet_time_style : std::uint8_t {
    time_of_day,     ///< `12:34:56.789012`, the default
    none,            ///< -t
    since_epoch,     ///< -tt: `1700000000.789012`
    since_previous,  ///< -ttt
    date_and_time,   ///< -tttt
    since_first,     ///< -ttttt
};

/// Writes microseconds, cut off, as tcpdump does. Keeps what it wrote of a second for the packets of that second. Not
/// thread-safe.
class packet_time {
public:
    /// `utc_offset` gives the local time's distance from UTC in seconds at a moment given in seconds since 1970; it is
    /// asked once for every quarter of an hour of packet time, the grid on which such distances change.
    using utc_offset = std::int32_t (*)(std::int64_t);
    packet_time(packet_time_style style, utc_offset offset) noexcept : style_(style), offset_(offset) {}

    /// The moment and a blank; nothing with `none`.
    void write(line_writer& line, wall_time at);

private:
    void write_local(line_writer& line, std::int64_t second);
    static void write_difference(line_writer& line, wall_time at, wall_time reference);

    packet_time_style style_;
    utc_offset offset_;
    bool first_seen_ = false;
    wall_time first_{};
    wall_time previous_{};
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();
    std::int64_t quarter_ = never;
    std::int32_t quarter_offset_ = 0;
    std::int64_t cached_second_ = never;
    std::array<char, 48> cached_{};
    std::size_t cached_size_ = 0;
};

}  // namespace sonde::report
