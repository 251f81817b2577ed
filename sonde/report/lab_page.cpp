#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/lab_page.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::report {

namespace {

using sim::fate;

std::string words(fate f) {
    std::string text(to_string(f));
    std::ranges::replace(text, '_', ' ');
    return text;
}

/// `3 expired, 2 no route`; what went well only where `also_good`.
std::string fates_text(const std::array<std::uint64_t, sim::fate_count>& ended, bool also_good) {
    std::string text;
    for (std::size_t i = 0; i < ended.size(); ++i) {
        const auto f = static_cast<fate>(i);
        const bool good = f == fate::delivered || f == fate::answered || f == fate::absorbed;
        if (ended[i] == 0 || (good && !also_good)) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", ended[i], words(f));
    }
    return text;
}

struct node_row {
    sim::node_index node = 0;
    std::uint64_t busy = 0;
};

/// The busiest first, and in the scenario's order where they are equal.
void keep_busiest(std::vector<node_row>& rows, std::size_t most) {
    const auto before = [](const node_row& a, const node_row& b) {
        return a.busy != b.busy ? a.busy > b.busy : a.node < b.node;
    };
    const auto kept = static_cast<std::ptrdiff_t>(std::min(most, rows.size()));
    std::partial_sort(rows.begin(), rows.begin() + kept, rows.end(), before);
    rows.resize(static_cast<std::size_t>(kept));
}

/// Rows of cells, the first column to the left, numbers to the right, what is behind them to the left.
class grid {
public:
    explicit grid(std::vector<std::string> titles) : numbers_(titles.size() - 2) { add(std::move(titles)); }
    void add(std::vector<std::string> row) {
        if (widths_.size() < row.size()) widths_.resize(row.size());
        for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], display_width(row[i]));
        rows_.push_back(std::move(row));
    }
    void append_to(std::vector<std::string>& lines) const {
        for (const auto& row : rows_) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i) {
                const std::string padding(widths_[i] - display_width(row[i]), ' ');
                const bool number = i > 0 && i <= numbers_;
                line += i == 0 ? "" : "  ";
                line += number ? padding + row[i] : row[i] + padding;
            }
            line.erase(line.find_last_not_of(' ') + 1);
            lines.push_back(std::move(line));
        }
    }

private:
    std::size_t numbers_;
    std::vector<std::vector<std::string>> rows_;
    std::vector<std::size_t> widths_;
};

std::uint64_t forwards_and_back(const sim::network& n, sim::link_index l, std::uint64_t sim::link_counts::*what) {
    return n.link(l).*what + n.link(l, true).*what;
}

std::string link_losses(const sim::network& n, sim::link_index l) {
    constexpr std::array<std::pair<std::uint64_t sim::link_counts::*, std::string_view>, 6> kinds{
        {{&sim::link_counts::lost, "lost"},
         {&sim::link_counts::queue_full, "queue full"},
         {&sim::link_counts::down, "down"},
         {&sim::link_counts::duplicated, "duplicated"},
         {&sim::link_counts::reordered, "reordered"},
         {&sim::link_counts::corrupted, "corrupted"}}};
    std::string text;
    for (const auto& [what, word] : kinds) {
        const std::uint64_t count = forwards_and_back(n, l, what);
        if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word);
    }
    return text;
}

void append_nodes(std::vector<std::string>& lines, const sim::network& n, std::size_t most) {
    const auto& nodes = n.scenario().nodes;
    std::vector<node_row> active;
    for (sim::node_index i = 0; i < nodes.size(); ++i) {
        const auto& c = n.node(i);
        if (c.received + c.originated > 0) active.push_back({i, c.received + c.originated});
    }
    const std::size_t all = active.size();
    keep_busiest(active, most);
    if (active.empty()) return;
    grid table({"node", "received", "forwarded", "made", "ended there"});
    for (const auto& row : active) {
        const auto& c = n.node(row.node);
        std::string ended = fates_text(c.ended, false);
        if (c.errors_held_back > 0) {
            ended += fmt::format("{}{} errors held back", ended.empty() ? "" : ", ", c.errors_held_back);
        }
        table.add({escape_text(nodes[row.node].name), fmt::to_string(c.received), fmt::to_string(c.forwarded),
                   fmt::to_string(c.originated), std::move(ended)});
    }
    table.append_to(lines);
    if (active.size() < all) lines.push_back(fmt::format("... and {} more", all - active.size()));
}

void append_links(std::vector<std::string>& lines, const sim::network& n, std::size_t most) {
    const auto& links = n.scenario().links;
    std::vector<node_row> active;
    for (sim::link_index i = 0; i < links.size(); ++i) {
        const std::uint64_t packets = forwards_and_back(n, i, &sim::link_counts::packets);
        if (packets > 0) active.push_back({i, packets});
    }
    const std::size_t all = active.size();
    keep_busiest(active, most);
    if (active.empty()) return;
    grid table({"link", "there", "back", "kbytes", "on it", "on the way"});
    for (const auto& row : active) {
        const auto l = static_cast<sim::link_index>(row.node);
        table.add({escape_text(links[l].name), fmt::to_string(n.link(l).packets),
                   fmt::to_string(n.link(l, true).packets),
                   fmt::to_string(forwards_and_back(n, l, &sim::link_counts::bytes) / 1000),
                   fmt::to_string(forwards_and_back(n, l, &sim::link_counts::on_the_way)), link_losses(n, l)});
    }
    table.append_to(lines);
    if (active.size() < all) lines.push_back(fmt::format("... and {} more", all - active.size()));
}

std::string seconds_text(duration d) {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(d).count());
}

std::string endings_line(const lab_view& v) {
    const std::string ended = fates_text(v.network.counts().ended, true);
    return fmt::format("ended: {}", ended.empty() ? "none yet" : ended);
}

std::string joined(const std::vector<std::string>& lines, std::size_t columns) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        text += i == 0 ? "" : "\n";
        text += fit_width(lines[i], columns);
    }
    return text;
}

}  // namespace

std::string lab_status_text(const lab_view& v) {
    const auto& c = v.network.counts();
    return fmt::format("{} behind {}, {}: {} packets in, {} out, {} forwarded, {} on the way", escape_text(v.scenario),
                       escape_text(v.device), seconds_text(v.elapsed), v.counts.injected, v.counts.written, c.forwarded,
                       c.on_the_way);
}

std::string lab_page_text(const lab_view& v, screen_size screen) {
    // The status, a blank line, two tables with their heads and "more" lines and a blank line between, the endings.
    constexpr std::size_t around = 9;
    const std::size_t body = screen.lines > around ? screen.lines - around : 0;
    std::vector<std::string> lines{lab_status_text(v)};
    if (body >= 2) {
        lines.emplace_back();
        append_nodes(lines, v.network, (body + 1) / 2);
        lines.emplace_back();
        append_links(lines, v.network, body / 2);
        lines.emplace_back();
    }
    lines.push_back(endings_line(v));
    lines.resize(std::min(lines.size(), std::max<std::size_t>(screen.lines, 1)));
    return joined(lines, screen.columns);
}

std::string lab_summary_text(const lab_view& v, std::size_t rows) {
    const auto& c = v.network.counts();
    std::vector<std::string> lines{{}, fmt::format("--- {} lab statistics ---", escape_text(v.scenario))};
    append_nodes(lines, v.network, rows);
    append_links(lines, v.network, rows);
    const auto plural = [](std::uint64_t n, std::string_view word) {
        return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
    };
    std::string line = fmt::format("{} from {}, {} to it", plural(v.counts.injected, "packet"), escape_text(v.device),
                                   v.counts.written);
    if (v.counts.write_failed > 0) line += fmt::format(" ({} more it did not take)", v.counts.write_failed);
    if (v.counts.neighbours > 0)
        line += fmt::format(", {} answered", plural(v.counts.neighbours, "neighbour question"));
    if (v.counts.ignored > 0) line += fmt::format(", {} of this machine's own chatter", v.counts.ignored);
    lines.push_back(
        line + fmt::format(", time {}ms", std::chrono::duration_cast<std::chrono::milliseconds>(v.elapsed).count()));
    lines.push_back(fmt::format("{} + {} made inside: {} forwarded, {}, {} still on the way",
                                plural(c.injected, "packet"), c.originated, c.forwarded, endings_line(v),
                                c.on_the_way));
    return joined(lines, static_cast<std::size_t>(-1)) + '\n';
}

}  // namespace sonde::report
