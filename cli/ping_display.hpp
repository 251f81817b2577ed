// What `sonde ping` shows of a run: iputils' lines, JSON, or a table that lives on a terminal.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cli/ping_settings.hpp>

#include <sonde/report/target_view.hpp>
#include <sonde/stats/accounting.hpp>
#include <sonde/stats/tally.hpp>

namespace sonde::cli {

/// A target and what became of its pings.
struct pinged {
    static constexpr std::uint32_t not_started = 0xffffffff;

    listed_target* target = nullptr;  ///< in the settings
    stats::tally tally;
    std::unique_ptr<std::string> note;  ///< the latest trouble, for the table; few have any
    std::uint32_t index = not_started;  ///< the listener's number for it
    std::uint32_t last_sent = 0;        ///< number of the latest ping, for -O
    bool last_settled = true;
    bool named = false;         ///< the address was looked up
    bool up = false;            ///< the latest ping that has an outcome was answered
    std::uint32_t decided = 0;  ///< the number of that ping, 0 before there is one
    std::uint32_t notices = 0;  ///< shown so far: a remote must not fill the log

    [[nodiscard]] report::target_view view() const noexcept { return {target->label, target->address}; }
};

/// How a run ended, for the last words.
struct ping_ending {
    const std::vector<pinged>& targets;
    const stats::accounting& accounting;
    duration elapsed{};
    std::uint32_t most_in_flight = 0;
    std::uint64_t notices_hidden = 0;   ///< duplicates, late and stray answers, counted but not shown
    std::uint64_t checksum_errors = 0;  ///< ICMP messages that the kernel dropped meanwhile, whoever they were for
    wall_time time{};
};

/// Appends to a text that the session writes out. Not thread-safe.
class ping_display {
public:
    virtual ~ping_display() = default;

    virtual void start(std::string& out, const pinged& first, const ip_address& source) = 0;
    virtual void event(std::string& out, const report::event_view& view) = 0;
    /// -O: the target's ping before the one that leaves now has no answer.
    virtual void outstanding(std::string& out, const report::event_view& view) = 0;
    virtual void sent(std::string& out) = 0;
    /// For SIGQUIT; goes to stderr.
    [[nodiscard]] virtual std::string status(const std::vector<pinged>& targets) = 0;
    /// Several times a second where `redraws()`.
    virtual void redraw(std::string& out, const std::vector<pinged>& targets) = 0;
    [[nodiscard]] virtual bool redraws() const noexcept = 0;
    /// The summary, in pieces, so that 10^6 targets need no text of that size; `write` says whether to go on.
    virtual void finish(const ping_ending& ending, const std::function<bool(std::string_view)>& write) = 0;
};

/// Chosen by the settings and by what stdout is.
[[nodiscard]] std::unique_ptr<ping_display> make_ping_display(const ping_settings& settings);

}  // namespace sonde::cli
