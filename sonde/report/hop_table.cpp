#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/hop_table.hpp>
#include <sonde/report/shown_address.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

constexpr std::array<std::string_view, 11> titles{"Loss%", "Snt", "Last", "Avg", "Best", "Wrst",
                                                  "StDev", "p50", "p95",  "p99", "Jttr"};
constexpr std::size_t least_name = 8;
constexpr std::size_t first_time = 2;  // of the columns: from here on they are times

struct row {
    std::string name;  // with its number, or indented as wide as one
    std::array<std::string, titles.size()> cells = {};
};

/// As mtr's, in milliseconds: a tenth, and hundredths or thousandths where these are all there is.
std::string time_text(duration d) {
    const double ms = static_cast<double>(std::max(d, duration{0}).count()) / 1e6;
    if (ms < 1) return fmt::format("{:.3f}", ms);
    return ms < 10 ? fmt::format("{:.2f}", ms) : fmt::format("{:.1f}", ms);
}

/// Never rounded to a nought or a hundred that it is not.
std::string percent_text(double percent) {
    if (percent > 0 && percent < 0.1) return "<0.1%";
    if (percent > 99.9 && percent < 100) return ">99.9%";
    return fmt::format("{:.1f}%", percent);
}

void fill_times(row& r, const stats::tally& tally, duration last, const stats::interarrival_jitter& jitter) {
    const auto rtt = tally.rtt.summary();
    if (!rtt) return;
    const std::array times{last,     rtt->mean, rtt->min, rtt->max,      rtt->stddev,
                           rtt->p50, rtt->p95,  rtt->p99, jitter.value()};
    for (std::size_t i = 0; i < times.size(); ++i) r.cells[first_time + i] = time_text(times[i]);
    if (tally.rtt.count() < 2) r.cells.back() = "-";
}

std::vector<row> rows_of(const probe::hop_record& hop, const address_notes& notes) {
    std::vector<std::size_t> order(hop.responders.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return hop.responders[a].tally.received > hop.responders[b].tally.received;
    });
    std::vector<row> rows;
    for (const std::size_t index : order) {
        const probe::responder_record& who = hop.responders[index];
        row& r = rows.emplace_back();
        r.cells.fill("-");
        r.name = shown_address(who.address, notes);
        const auto share = static_cast<double>(who.tally.received) / static_cast<double>(hop.tally.received);
        r.cells[0] = fmt::format("({:.0f}%)", 100 * share);
        r.cells[1] = fmt::format("({})", who.tally.received);
        fill_times(r, who.tally, who.last, who.jitter);
        r.name = fmt::format("     {}", r.name);
    }
    if (rows.empty()) {
        rows.emplace_back().cells.fill("-");
        rows[0].name = "     ???";
    }
    row& first = rows.front();
    first.name.replace(0, 5, fmt::format("{:>3}. ", hop.ttl));
    first.cells[0] = hop.tally.settled() == 0 ? "-" : percent_text(hop.tally.loss_percent());
    first.cells[1] = fmt::to_string(hop.tally.sent + hop.tally.send_failed);
    return rows;
}

void append_row(std::string& out, const row& r, std::size_t name_width,
                const std::array<std::size_t, titles.size()>& widths, std::size_t columns) {
    std::string line{fit_width(r.name, name_width)};
    line.append(name_width - std::min(name_width, display_width(line)), ' ');
    for (std::size_t i = 0; i < widths.size(); ++i)
        fmt::format_to(std::back_inserter(line), "  {:>{}}", r.cells[i], widths[i]);
    out += columns == 0 ? std::string_view{line} : fit_width(line, columns);
    out += '\n';
}

}  // namespace

void append_hop_table(std::string& out, const probe::trace_record& record, const hop_table_options& options) {
    std::vector<row> rows{{.name = fmt::format("HOST: {}", escape_text(options.host))}};
    std::copy(titles.begin(), titles.end(), rows[0].cells.begin());
    for (const probe::hop_record& hop : record.hops()) {
        for (row& r : rows_of(hop, options.notes)) rows.push_back(std::move(r));
    }
    std::array<std::size_t, titles.size()> widths{};
    std::size_t name_width = 0;
    for (const row& r : rows) {
        name_width = std::max(name_width, display_width(r.name));
        for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], r.cells[i].size());
    }
    const std::size_t numbers = std::accumulate(widths.begin(), widths.end(), 2 * widths.size());
    if (options.columns > 0) {
        const std::size_t room = options.columns > numbers ? options.columns - numbers : 0;
        name_width = std::min(name_width, std::max(room, least_name));
    }
    for (const row& r : rows) append_row(out, r, name_width, widths, options.columns);
}

}  // namespace sonde::report
