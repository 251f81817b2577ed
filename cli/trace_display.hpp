// What `sonde trace` shows of a run: traceroute's lines, mtr's report, a drawing of the paths, or JSON.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/address_notebook.hpp>
#include <cli/trace_settings.hpp>

#include <sonde/probe/trace_record.hpp>
#include <sonde/report/target_view.hpp>
#include <sonde/stats/accounting.hpp>

namespace sonde::cli {

/// A target and what is known of the path to it.
struct traced {
    listed_target* target = nullptr;  ///< in the settings
    /// From its start on. Of many targets it goes when all has been said.
    std::shared_ptr<probe::trace_record> record = {};
    std::shared_ptr<const stats::accounting> accounting = {};  ///< when it is over
    std::string_view mechanism = {};                           ///< how its probes leave
    std::string refusal = {};                                  ///< why it could not be traced
    wall_time ended_at{};
    bool begun = false;
    bool over = false;
    bool reached = false;  ///< when it is over

    [[nodiscard]] report::target_view view() const noexcept { return {target->label, target->address}; }
};

/// Something to be written once the names of these addresses are there. `write` is called at most once, and before
/// what it was made from ends.
struct trace_piece {
    std::vector<ip_address> needs = {};
    std::function<void(std::string& out)> write;
};

/// How a run ended, for the last words.
struct trace_ending {
    const std::vector<traced>& targets;
    const stats::accounting& accounting;
    wall_time time{};
};

/// Appends to a text that the session writes out. Not thread-safe.
class trace_display {
public:
    virtual ~trace_display() = default;

    virtual void start(std::string& out, const traced& t) = 0;
    /// Its record has the event already. `done` makes its end.
    [[nodiscard]] virtual std::optional<trace_piece> event(const traced& t, const probe::trace_event& e,
                                                           wall_time time) = 0;
    virtual void refused(std::string& out, const traced& t) = 0;
    /// For SIGQUIT; goes to stderr.
    [[nodiscard]] virtual std::string status(const std::vector<traced>& targets) const = 0;
    /// Several times a second where `redraws()`.
    virtual void redraw(std::string& out, const std::vector<traced>& targets) = 0;
    [[nodiscard]] virtual bool redraws() const noexcept = 0;
    virtual void finish(std::string& out, const trace_ending& ending) = 0;
};

/// Chosen by the settings and by what stdout is. All that is given outlives it.
[[nodiscard]] std::unique_ptr<trace_display> make_trace_display(const trace_settings& settings,
                                                                const address_atlas& atlas,
                                                                const address_notebook& notebook);

}  // namespace sonde::cli
