// The packets that the user gives, one after another: in words, as digits, from a file of bytes, or from a capture
// file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <cli/send_preparation.hpp>
#include <cli/send_settings.hpp>

#include <sonde/base/error.hpp>
#include <sonde/socket/capture_file.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::cli {

/// A capture file is read packet by packet, whatever its size; all else is one packet.
class send_input {
public:
    /// Reads what is one packet, opens what is a capture file. Both outlive this.
    [[nodiscard]] static result<send_input> open(const send_settings& settings, packet_preparer& preparer);

    /// Whether there is but one packet, the same every time.
    [[nodiscard]] bool is_single() const noexcept { return !reader_; }

    /// The next packet; null at the end. What cannot go through the door is left out and counted.
    [[nodiscard]] result<std::shared_ptr<const prepared_packet>> next();

    /// From the first packet again.
    [[nodiscard]] result<void> rewind();

    [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }

private:
    send_input(const send_settings& settings, packet_preparer& preparer) noexcept
        : settings_(&settings), preparer_(&preparer) {}
    [[nodiscard]] result<void> read_file();
    [[nodiscard]] result<void> read_capture();
    [[nodiscard]] result<void> take_bytes(std::vector<std::byte> bytes, const std::string& what);

    const send_settings* settings_;
    packet_preparer* preparer_;
    std::shared_ptr<const prepared_packet> single_;
    socket::descriptor file_;  // that can be read more than once
    std::int64_t begin_ = 0;   // where its packets begin
    std::optional<socket::capture_reader> reader_;
    bool given_ = false;  // the single packet, in this round
    std::uint64_t skipped_ = 0;
};

}  // namespace sonde::cli
