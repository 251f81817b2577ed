// What became of the pings to one target, or to all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include <sonde/base/time.hpp>
#include <sonde/stats/rtt_series.hpp>

namespace sonde::stats {

/// sent = received + lost() + pending. The 32-bit counters stop at their maximum. A value type; any thread, one at a
/// time.
struct tally {
    std::uint64_t sent = 0;      ///< left this machine
    std::uint64_t received = 0;  ///< pings that were answered, once each
    /// Sent, and without an outcome. A ping that the user cancelled stays here: nobody knows what became of it.
    std::uint32_t pending = 0;
    std::uint32_t send_failed = 0;  ///< never left: not part of `sent`
    std::uint32_t errors = 0;       ///< ICMP errors that ended a ping: part of `lost()`
    std::uint32_t duplicates = 0;
    std::uint32_t late = 0;  ///< answers after the timeout; the ping stays lost
    /// Answers of any kind whose payload differs from what was sent, or whose checksum is wrong.
    std::uint32_t corrupt = 0;
    rtt_series rtt = {};  ///< of the pings in `received`

    void on_sent() noexcept {
        ++sent;
        count(pending);
    }
    void on_reply(duration round_trip) {
        ++received;
        settle();
        rtt.add(round_trip);
    }
    void on_error() noexcept {
        settle();
        count(errors);
    }
    void on_timeout() noexcept { settle(); }
    void on_send_failed() noexcept { count(send_failed); }
    void on_duplicate() noexcept { count(duplicates); }
    void on_late() noexcept { count(late); }
    void on_corrupt() noexcept { count(corrupt); }

    void merge(const tally& other);

    /// Pings without an answer whose time is over, ICMP errors included.
    [[nodiscard]] std::uint64_t lost() const noexcept {
        const std::uint64_t known = received + pending;
        return sent > known ? sent - known : 0;
    }

    /// Pings that got none: lost, or never sent. What iputils counts as loss.
    [[nodiscard]] std::uint64_t unanswered() const noexcept { return lost() + send_failed; }

    /// Pings whose fate is known.
    [[nodiscard]] std::uint64_t settled() const noexcept { return received + unanswered(); }

    /// 0 to 100: `unanswered()` of `settled()`; 0 when none is settled.
    [[nodiscard]] double loss_percent() const noexcept {
        return settled() == 0 ? 0.0 : 100.0 * static_cast<double>(unanswered()) / static_cast<double>(settled());
    }

private:
    static void count(std::uint32_t& counter, std::uint32_t by = 1) noexcept {
        counter += std::min(by, std::numeric_limits<std::uint32_t>::max() - counter);
    }
    void settle() noexcept { pending -= pending > 0 ? 1U : 0U; }
};

}  // namespace sonde::stats
