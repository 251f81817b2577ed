// Where packets go: onto stdout as lines, trees or JSON, and into a capture file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cli/sniff_settings.hpp>

#include <sonde/base/link_type.hpp>
#include <sonde/report/line_writer.hpp>
#include <sonde/report/packet_json.hpp>
#include <sonde/report/packet_line.hpp>
#include <sonde/report/packet_time.hpp>
#include <sonde/report/packet_view.hpp>
#include <sonde/socket/capture_file.hpp>

namespace sonde::cli {

/// A packet from an interface or a file. Everything is borrowed.
struct sniffed_packet {
    bytes_view frame = {};
    std::uint32_t full_size = 0;
    wall_time time{};
    std::string_view interface = {};
    report::packet_direction direction = report::packet_direction::unknown;
    bool checksum_unfinished = false;
};

/// One thread at a time. The settings must outlive it.
class sniff_output {
public:
    sniff_output(const sniff_settings& settings, link_type link);

    /// Makes the file of -w, if there is to be one.
    [[nodiscard]] result<void> create_file();

    /// False when there is no going on: the reader of stdout has gone (also that of -w -), or the file cannot be
    /// written, which has been said then.
    [[nodiscard]] bool packet(const sniffed_packet& p);
    /// What has been gathered goes out, into the file too. False as above.
    [[nodiscard]] bool flush();

    /// The last words of --json. `totals` without `written`, which is known here.
    void summary(report::capture_totals totals);

    [[nodiscard]] std::uint64_t captured() const noexcept { return captured_; }
    /// The file could not be written.
    [[nodiscard]] bool failed() const noexcept { return failed_; }

private:
    void show(const sniffed_packet& p);
    void show_line(const report::packet_view& view);
    void show_bytes(const report::packet_view& view);
    [[nodiscard]] bool trouble(const failure& why);
    [[nodiscard]] bool flush_text();

    const sniff_settings& settings_;
    link_type link_;
    std::optional<socket::capture_writer> file_;
    report::packet_time time_;
    report::packet_line lines_;
    report::line_writer line_;
    std::string out_;
    std::uint64_t captured_ = 0;
    bool checksums_;
    bool failed_ = false;
};

}  // namespace sonde::cli
