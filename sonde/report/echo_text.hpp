// What `sonde echo` prints: a line per frame, and the summary.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/respond/echo_responder.hpp>

namespace sonde::report {

/// What a frame asks, as far as it can be read. A value type.
struct echo_question {
    enum class kind : std::uint8_t { echo, arp, neighbour, other };
    kind what = kind::other;
    std::optional<ip_address> from;
    std::optional<ip_address> to;  ///< the address that is asked, or asked for
    std::uint16_t identifier = 0;  ///< of echo
    std::uint16_t sequence = 0;
    std::size_t size = 0;  ///< bytes of the ICMP message, or of the frame of another kind

    [[nodiscard]] static echo_question read(link_type link, bytes_view frame);
};

/// `echo`, `arp`, `neighbour`, `other`: for programs.
[[nodiscard]] std::string_view to_string(echo_question::kind what) noexcept;

/// `bad checksum`, `not ours`: for people.
[[nodiscard]] std::string disposition_text(respond::disposition d);

/// `echo request from A to B, id 7, seq 1, 64 bytes: answered`, without a newline.
[[nodiscard]] std::string question_text(const echo_question& question, respond::disposition what);

/// Of a whole run. made = handed over + delayed (`counts`); handed over = sent + send_failed.
struct echo_totals {
    std::string interface;
    respond::echo_counts counts;
    std::uint64_t sent = 0;
    std::uint64_t send_failed = 0;
    int send_error = 0;  ///< errno of the latest that failed
    /// Frames that passed the filter and found no room, in addition to `counts.frames`.
    std::uint64_t kernel_dropped = 0;
    duration elapsed{};

    [[nodiscard]] std::uint64_t answered() const noexcept { return counts[respond::disposition::answered]; }
};

/// The statistics block at the end of a run, with newlines.
[[nodiscard]] std::string echo_summary_text(const echo_totals& totals);

/// One line: `12 answered (8 IPv4, 4 IPv6), 3 not answered, 0 dropped by the kernel`.
[[nodiscard]] std::string echo_status_text(const echo_totals& totals);

}  // namespace sonde::report
