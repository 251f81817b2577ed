#include <algorithm>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/milliseconds.hpp>
#include <sonde/report/target_table.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

constexpr std::array<std::string_view, target_table::columns> titles{
    "target", "address", "sent", "received", "loss", "min", "p50", "p95", "p99", "max", "jitter"};
constexpr std::size_t label_column = 0;
constexpr std::size_t address_column = 1;
constexpr std::size_t first_number = 2;
constexpr std::string_view gap = "  ";
constexpr std::string_view unit = "  ms";

/// Never rounded to a nought or a hundred that it is not.
std::string loss_text(const stats::tally& tally) {
    if (tally.settled() == 0) return "-";
    const double percent = tally.loss_percent();
    if (tally.unanswered() == 0 || tally.received == 0) return fmt::format("{:.0f}%", percent);
    if (percent < 0.1) return "<0.1%";
    if (percent > 99.9) return ">99.9%";
    return fmt::format("{:.1f}%", percent);
}

std::string cut(std::string label, std::size_t limit) {
    if (display_width(label) <= limit) return label;
    return std::string{fit_width(label, limit - std::min<std::size_t>(limit, 1))} + '~';
}

void append_line_within(std::string& out, std::string_view line, std::size_t columns) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    out += fit_width(line, columns);
    out += '\n';
}

}  // namespace

target_table::target_table(std::span<const target_row> rows, std::size_t label_limit)
    : rows_(rows), label_limit_(label_limit) {
    for (std::size_t column = 0; column < columns; ++column) {
        if (column != address_column) widths_[column] = titles[column].size();
    }
    for (const target_row& row : rows_) {
        const cells row_cells = cells_of(row);
        for (std::size_t column = 0; column < columns; ++column) {
            if (column == address_column && !row.target.address) continue;
            widths_[column] = std::max(widths_[column], display_width(row_cells[column]));
        }
    }
    if (widths_[address_column] > 0) {
        widths_[address_column] = std::max(widths_[address_column], titles[address_column].size());
    }
}

target_table::cells target_table::cells_of(const target_row& row) const {
    cells made;
    made.fill("-");
    made[0] = cut(escape_text(row.target.label), label_limit_);
    if (row.target.address) {
        made[1] = escape_text(row.target.address->to_string());
        if (row.target.label == made[1]) made[1].clear();
    }
    if (row.tally == nullptr) return made;
    const stats::tally& tally = *row.tally;
    made[2] = fmt::to_string(tally.sent);
    made[3] = fmt::to_string(tally.received);
    made[4] = loss_text(tally);
    const auto rtt = tally.rtt.summary();
    if (!rtt) return made;
    made[5] = milliseconds_text(rtt->min);
    made[6] = milliseconds_text(rtt->p50);
    made[7] = milliseconds_text(rtt->p95);
    made[8] = milliseconds_text(rtt->p99);
    made[9] = milliseconds_text(rtt->max);
    if (tally.rtt.count() > 1) made[10] = milliseconds_text(rtt->jitter);
    return made;
}

void target_table::line(std::string& out, const cells& values) const {
    for (std::size_t column = 0; column < columns; ++column) {
        const std::size_t width = widths_[column];
        if (width == 0) continue;
        const std::size_t used = display_width(values[column]);
        const std::size_t padding = width > used ? width - used : 0;
        if (column != label_column) out += gap;
        if (column >= first_number) out.append(padding, ' ');
        out += values[column];
        if (column < first_number) out.append(padding, ' ');
    }
}

std::size_t target_table::width() const noexcept {
    std::size_t sum = 0;
    for (const std::size_t width : widths_) sum += width > 0 ? width + gap.size() : 0;
    return sum - gap.size() + unit.size();
}

void target_table::header(std::string& out) const {
    cells names;
    std::copy(titles.begin(), titles.end(), names.begin());
    line(out, names);
    out += unit;
    out += '\n';
}

void target_table::row(std::string& out, std::size_t index) const {
    line(out, cells_of(rows_[index]));
    if (!rows_[index].note.empty()) {
        out += gap;
        out += escape_text(rows_[index].note);
    }
    out += '\n';
}

void append_live_table(std::string& out, std::span<const target_row> rows, std::size_t total, std::string_view status,
                       screen_size screen) {
    constexpr std::size_t least_label = 15;
    const std::size_t body = screen.lines > 2 ? screen.lines - 2 : 0;
    const std::size_t room = total <= body ? body : body - std::min<std::size_t>(body, 1);
    const std::size_t shown = std::min(rows.size(), room);
    const auto visible = rows.first(shown);

    target_table table(visible);
    if (table.width() > screen.columns) {
        const std::size_t excess = table.width() - screen.columns;
        const std::size_t label = table.label_width() > excess ? table.label_width() - excess : 0;
        table = target_table(visible, std::max(label, least_label));
    }
    if (shown > 0) {
        std::string line;
        table.header(line);
        append_line_within(out, line, screen.columns);
        for (std::size_t i = 0; i < shown; ++i) {
            line.clear();
            table.row(line, i);
            append_line_within(out, line, screen.columns);
        }
        if (shown < total) append_line_within(out, fmt::format("... and {} more", total - shown), screen.columns);
    }
    const std::string last = escape_text(status);
    out += fit_width(last, screen.columns);
}

}  // namespace sonde::report
