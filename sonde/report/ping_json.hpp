// `ping --json`: one JSON object a line, as docs/sonde.schema.json describes it.
#pragma once

#include <cstdint>
#include <string>

#include <sonde/base/time.hpp>
#include <sonde/report/target_view.hpp>
#include <sonde/stats/accounting.hpp>
#include <sonde/stats/tally.hpp>

namespace sonde::report {

/// Appends to the caller's text; what it writes is valid UTF-8 and ends with a newline. With `quiet` events write
/// nothing.
class ping_json {
public:
    explicit ping_json(bool quiet) noexcept : quiet_(quiet) {}

    /// One line; two (the answer, then `corrupt`) when the payload came back changed; `corrupt` alone for an answer
    /// with a bad checksum; none for cancelled, closed and settled.
    void event(std::string& out, const event_view& view) const;

    void summary(std::string& out, const target_view& target, const stats::tally& tally, wall_time time) const;

    struct total_view {
        std::uint64_t targets = 0;
        const stats::tally& tally;  ///< of all targets, merged
        const stats::accounting& accounting;
    };
    void total(std::string& out, const total_view& total, wall_time time) const;

private:
    bool quiet_;
};

}  // namespace sonde::report
