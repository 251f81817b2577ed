// Signals that end a run or ask how it is going, for loops that wait in ppoll(2).
#pragma once

#include <csignal>
#include <optional>
#include <poll.h>
#include <span>
#include <vector>

#include <sonde/base/time.hpp>

namespace sonde::cli {

/// SIGINT, SIGTERM, SIGQUIT; and SIGHUP, unless it is ignored: nohup(1) has it so, and means it. For every command that
/// has a summary to give before it ends.
[[nodiscard]] std::vector<int> signals_to_watch();

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT arrive only while `wait` waits, as long as this lives: none is lost between
/// looking and waiting. One at a time, in the main thread.
class signal_watch {
public:
    signal_watch() noexcept;
    signal_watch(const signal_watch&) = delete;
    signal_watch& operator=(const signal_watch&) = delete;
    ~signal_watch();

    /// poll(2) with those signals let in; without a time it waits for ever. What was ready is in `revents`.
    void wait(std::span<pollfd> what, std::optional<duration> longest) noexcept;

    /// A signal that ends the run has come.
    [[nodiscard]] bool end_wanted() const noexcept;
    /// SIGQUIT has come since it was last asked.
    [[nodiscard]] bool take_status_wanted() noexcept;

private:
    sigset_t former_mask_{};
    struct sigaction former_[4]{};
};

}  // namespace sonde::cli
