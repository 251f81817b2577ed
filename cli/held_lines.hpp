// Lines that wait for the names of their addresses, in order, and not for ever.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>

namespace sonde::cli {

struct held_line {
    std::vector<ip_address> needs = {};
    std::function<void(std::string& out)> write;
    time_point until{};  ///< then it is written without what it needs
};

/// A queue: what waits in front holds up what is behind it. Takes no memory while it is empty. Not thread-safe.
class held_lines {
public:
    void add(held_line line) { lines_.push_back(std::move(line)); }
    /// Writes what has waited long enough, or needs to wait no longer.
    void release(std::string& out, time_point now, const std::function<bool(const ip_address&)>& settled);
    /// Writes everything.
    void release_all(std::string& out);
    [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
    /// When the first one has waited long enough; `time_point::max()` when there is none.
    [[nodiscard]] time_point next() const noexcept { return lines_.empty() ? time_point::max() : lines_.front().until; }

private:
    std::vector<held_line> lines_;
};

}  // namespace sonde::cli
