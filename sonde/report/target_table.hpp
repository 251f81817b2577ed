// The table of many targets: one row each, in input order; as a whole at the end, or as much as fits a terminal.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <sonde/report/target_view.hpp>
#include <sonde/stats/tally.hpp>

namespace sonde::report {

struct target_row {
    target_view target;
    const stats::tally* tally = nullptr;
    std::string_view note = {};  ///< what to say behind the numbers, such as the last error
};

/// target [address] sent received loss min p50 p95 p99 max jitter; times in milliseconds, `-` where there is none. The
/// address column is there when some target's label is not its address. Labels wider than `label_limit` are cut.
/// Borrows the rows; measures them when made, so that they can be written one by one without holding the whole text.
class target_table {
public:
    explicit target_table(std::span<const target_row> rows, std::size_t label_limit = unlimited);

    void header(std::string& out) const;
    void row(std::string& out, std::size_t index) const;

    /// Terminal columns of each line, and of the label in it.
    [[nodiscard]] std::size_t width() const noexcept;
    [[nodiscard]] std::size_t label_width() const noexcept { return widths_[0]; }

    static constexpr std::size_t columns = 11;
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

private:
    using cells = std::array<std::string, columns>;
    [[nodiscard]] cells cells_of(const target_row& row) const;
    void line(std::string& out, const cells& values) const;

    std::span<const target_row> rows_;
    std::size_t label_limit_;
    std::array<std::size_t, columns> widths_{};
};

struct screen_size {
    std::size_t columns = 80;
    std::size_t lines = 24;
};

/// The live view: the header, as many rows as fit, how many do not, and `status` as the last line, without a newline
/// after it. At most `screen.lines` lines, none wider than `screen.columns`: labels give way first. `status` is
/// escaped; the cursor is the caller's matter.
void append_live_table(std::string& out, std::span<const target_row> rows, std::size_t total, std::string_view status,
                       screen_size screen);

}  // namespace sonde::report
