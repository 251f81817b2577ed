// `trace --json`: one JSON object a line, as docs/sonde.schema.json describes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <sonde/base/time.hpp>
#include <sonde/probe/trace_record.hpp>
#include <sonde/report/address_note.hpp>
#include <sonde/report/target_view.hpp>
#include <sonde/stats/accounting.hpp>

namespace sonde::report {

/// Appends to the caller's text; what it writes is valid UTF-8 and ends with a newline. With `quiet` only `summary` and
/// `total` write anything.
class trace_json {
public:
    explicit trace_json(bool quiet) noexcept : quiet_(quiet) {}

    /// What an event is about. Borrows.
    struct about {
        const target_view& target;
        const address_notes& notes;
        wall_time time{};
    };

    void hop(std::string& out, const about& what, const probe::hop_report& hop) const;
    void path(std::string& out, const about& what, const probe::path_graph& graph) const;
    void mtu(std::string& out, const about& what, const probe::mtu_step& step) const;

    struct ending {
        const probe::trace_record& record;
        std::span<const probe::verdict> verdicts;
        const stats::accounting& accounting;  ///< of this target's probes
        std::string_view mechanism = {};      ///< how they left; empty where nobody knows
    };
    void summary(std::string& out, const about& what, const ending& end) const;
    /// A target that could not be traced at all: its name did not resolve, there is no route to it.
    void summary(std::string& out, const about& what, std::string_view why_not) const;

    void total(std::string& out, std::uint64_t targets, std::uint64_t reached, const stats::accounting& accounting,
               wall_time time) const;

private:
    bool quiet_;
};

}  // namespace sonde::report
