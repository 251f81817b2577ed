// The command line of `sonde sniff`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <sonde/base/time.hpp>
#include <sonde/report/packet_time.hpp>

namespace sonde::cli {

/// -x and its kin: which bytes are shown below a packet, and how.
enum class hex_style : std::uint8_t {
    none,
    packet,       ///< -x: without the link header
    frame,        ///< -xx
    packet_text,  ///< -X: with what is printable
    frame_text,   ///< -XX
};

struct sniff_settings {
    static constexpr std::uint32_t largest_snap_length = 262144;

    std::string interface;  ///< as given to -i; empty: choose one
    std::string read_path;
    std::string write_path;
    std::string filter;
    std::optional<std::uint64_t> count;
    std::optional<duration> deadline;
    std::uint32_t snap_length = largest_snap_length;
    std::optional<std::uint32_t> buffer_kib;  ///< -B
    hex_style hex = hex_style::none;
    report::packet_time_style time = report::packet_time_style::time_of_day;
    bool list_interfaces = false;
    bool link_header = false;
    bool verbose = false;
    bool numeric = false;  ///< as always
    bool quick = false;
    bool absolute_sequences = false;
    bool line_buffered = false;
    bool packet_buffered = false;
    bool print = false;  ///< also with -w
    bool no_promiscuous = false;
    bool json = false;

    /// Packets are shown, not only written to a file.
    [[nodiscard]] bool shows() const noexcept { return write_path.empty() || print; }
};

/// The settings; or, when all has been said already (help, a complaint), the exit code.
[[nodiscard]] std::variant<sniff_settings, int> read_sniff_settings(int argc, char** argv);

}  // namespace sonde::cli
