// What `sonde send` says: lines for people, or JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cli/send_preparation.hpp>
#include <cli/send_settings.hpp>

#include <sonde/base/time.hpp>
#include <sonde/craft/answers.hpp>
#include <sonde/report/packet_line.hpp>

namespace sonde::cli {

/// sent + send_failed + unsent = scheduled, but for what is still to come when the run is cut short; frames = left +
/// answers + icmp_errors + not_ours; each answered packet is one of `sent`.
struct send_accounting {
    std::uint64_t sent = 0;
    std::uint64_t bytes = 0;
    std::uint64_t send_failed = 0;
    std::uint64_t skipped = 0;  ///< of a file: cut short, or without what the door takes
    std::uint64_t frames = 0;   ///< that the watch saw
    std::uint64_t left = 0;     ///< of them: what was sent, on its way out
    std::uint64_t replies = 0;
    std::uint64_t icmp_errors = 0;
    std::uint64_t not_ours = 0;
    std::uint64_t answered = 0;  ///< packets with at least one answer
    std::uint64_t kernel_drops = 0;
};

/// One packet that was sent.
struct sent_view {
    std::uint64_t number = 0;  ///< from 1
    const prepared_packet& packet;
    bytes_view left = {};         ///< empty when it was not caught
    std::string not_caught = {};  ///< why
    wall_time time{};
};

struct answer_view {
    std::uint64_t number = 0;  ///< of the packet that it answers
    craft::answer_kind kind = craft::answer_kind::reply;
    std::optional<duration> rtt = {};  ///< nothing where several packets that look the same may be meant
    clock_source clock = clock_source::user;
    bytes_view frame = {};
    link_type link = link_type::raw_ip;
    const wire::dissection& dissection;
    wall_time time{};
};

/// Appends to a string; the caller writes it out. Not thread-safe.
class send_report {
public:
    explicit send_report(const send_settings& settings, bool colour) : settings_(settings), colour_(colour) {}

    /// Whether every packet has an event of its own.
    [[nodiscard]] bool tells_packets() const noexcept { return settings_.explain || settings_.json; }

    void sent(std::string& out, const sent_view& view);
    void answer(std::string& out, const answer_view& view);
    void send_failed(std::string& out, std::uint64_t number, const failure& why, wall_time time);
    void summary(std::string& out, const send_accounting& counts, wall_time time);

private:
    const send_settings& settings_;
    bool colour_;
    report::packet_line line_{report::packet_line_options{}};
    std::uint64_t explained_ = 0;
};

}  // namespace sonde::cli
