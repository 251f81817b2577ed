#include <algorithm>
#include <optional>
#include <utility>

#include <cli/command.hpp>
#include <cli/doctor_table.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/report/json_line.hpp>

namespace sonde::cli {

namespace {

using socket::mechanism;
using socket::verdict;

/// Who needs a mechanism: subcommands that are there, and those that are planned.
struct users {
    std::vector<std::string_view> now;
    std::vector<std::string_view> later;
};

users split_users(const mechanism& m) {
    users split;
    for (const auto name : m.needed_by) (find_command(name) != nullptr ? split.now : split.later).push_back(name);
    return split;
}

std::string users_text(const mechanism& m) {
    const users split = split_users(m);
    std::string text = split.now.empty() ? "nothing yet" : fmt::format("{}", fmt::join(split.now, ", "));
    if (!split.later.empty()) text += fmt::format("; later {}", fmt::join(split.later, ", "));
    return text;
}

struct styled_line {
    std::string text;
    colour style = colour::none;
};

struct cell {
    std::size_t columns = 0;
    std::vector<styled_line> lines = {};

    void add(std::string_view text, colour style) {
        for (auto& line : wrap(text, columns)) lines.push_back({std::move(line), style});
    }
};

std::string row(const std::vector<cell>& cells, bool takes_colour) {
    constexpr std::string_view gap = "  ";
    std::size_t height = 0;
    for (const auto& c : cells) height = std::max(height, c.lines.size());
    std::string text;
    for (std::size_t i = 0; i < height; ++i) {
        std::string line;
        std::string blank;
        for (const auto& c : cells) {
            const styled_line part = i < c.lines.size() ? c.lines[i] : styled_line{};
            const std::string padded = pad(part.text, c.columns);
            if (!part.text.empty()) line += std::exchange(blank, {}) + paint(part.text, part.style, takes_colour);
            blank += padded.substr(part.text.size());
            blank += gap;
        }
        text += line + '\n';
    }
    return text;
}

colour verdict_colour(verdict v, bool needed) {
    if (v == verdict::works) return colour::green;
    return v == verdict::fails && needed ? colour::red : colour::yellow;
}

class table {
public:
    table(const doctor_layout& layout, bool ping_works) : layout_(layout), ping_works_(ping_works) {
        constexpr std::size_t widest = 150;
        constexpr std::size_t beside_each_other = 112;
        const std::size_t rest = std::min(layout.columns, widest) - title_columns - verdict_columns - 2 * gap;
        wide_ = layout.columns >= beside_each_other;
        if (!wide_) {
            why_columns_ = rest;
            return;
        }
        users_columns_ = 22;
        cost_columns_ = (rest - users_columns_ - 2 * gap) * 2 / 5;
        why_columns_ = rest - users_columns_ - cost_columns_ - 2 * gap;
    }

    [[nodiscard]] std::string head() const {
        auto cells = empty_row();
        cells[0].add("MECHANISM", colour::bold);
        cells[1].add("HERE", colour::bold);
        cells[2].add(wide_ ? "WHY" : "WHY, WHAT IT COSTS, WHAT IT IS FOR", colour::bold);
        if (wide_) {
            cells[3].add("COST", colour::bold);
            cells[4].add("NEEDED BY", colour::bold);
        }
        return row(cells, layout_.colour);
    }

    [[nodiscard]] std::string line(const mechanism& m) const {
        auto cells = empty_row();
        cells[0].add(m.title, colour::bold);
        cells[1].add(to_string(m.found), verdict_colour(m.found, !ping_works_));
        cells[2].add(m.why, colour::none);
        cells[wide_ ? 3 : 2].add(wide_ ? m.cost : "cost: " + m.cost, colour::dim);
        cells[wide_ ? 4 : 2].add(wide_ ? users_text(m) : "for:  " + users_text(m), colour::dim);
        return row(cells, layout_.colour);
    }

private:
    static constexpr std::size_t title_columns = 20;
    static constexpr std::size_t verdict_columns = 7;
    static constexpr std::size_t gap = 2;

    [[nodiscard]] std::vector<cell> empty_row() const {
        std::vector<cell> cells{{title_columns}, {verdict_columns}, {why_columns_}};
        if (wide_) cells.insert(cells.end(), {{cost_columns_}, {users_columns_}});
        return cells;
    }

    doctor_layout layout_;
    bool ping_works_;
    bool wide_ = false;
    std::size_t why_columns_ = 0;
    std::size_t cost_columns_ = 0;
    std::size_t users_columns_ = 0;
};

/// Mechanisms that the same commands grant.
struct grant_group {
    std::vector<std::string_view> titles;
    std::vector<std::string> commands;
};

std::vector<grant_group> group_grants(const std::vector<mechanism>& found) {
    std::vector<grant_group> groups;
    for (const auto& m : found) {
        if (m.grant.empty()) continue;
        const auto same = std::find_if(groups.begin(), groups.end(), [&](const grant_group& g) {
            return std::all_of(m.grant.begin(), m.grant.end(), [&](const std::string& command) {
                return std::find(g.commands.begin(), g.commands.end(), command) != g.commands.end();
            });
        });
        if (same != groups.end()) {
            same->titles.push_back(m.title);
        } else {
            groups.push_back({{m.title}, m.grant});
        }
    }
    return groups;
}

std::string grants_text(const std::vector<mechanism>& found, const doctor_layout& layout) {
    const auto groups = group_grants(found);
    if (groups.empty()) return {};
    std::string text = paint("To grant what is missing (any one of the lines):", colour::bold, layout.colour) + '\n';
    for (const auto& group : groups) {
        const auto titles = wrap(fmt::format("{}", fmt::join(group.titles, ", ")), layout.columns - 2);
        for (const auto& line : titles) text += "  " + line + '\n';
        for (const auto& command : group.commands) text += "      " + command + '\n';
    }
    return text + '\n';
}

std::string_view path_title(std::string_view name) {
    return name.starts_with("icmp-datagram") ? "ICMP datagram sockets" : "raw sockets";
}

}  // namespace

std::string ping_prognosis(const std::vector<mechanism>& found) {
    const auto paths = find_ping_paths(found);
    if (!paths.any()) {
        return "sonde ping cannot work here: neither ICMP datagram nor raw sockets are usable.";
    }
    if (paths.v4 && paths.v6 && path_title(*paths.v4) == path_title(*paths.v6)) {
        return fmt::format("sonde ping can work here: IPv4 and IPv6 through {}.", path_title(*paths.v4));
    }
    const auto family_part = [](std::string_view word, const std::optional<std::string_view>& path) {
        return path ? fmt::format("{} through {}", word, path_title(*path)) : fmt::format("{} not", word);
    };
    return fmt::format("sonde ping can work here: {}, {}.", family_part("IPv4", paths.v4),
                       family_part("IPv6", paths.v6));
}

std::string doctor_table(const std::vector<mechanism>& found, const doctor_layout& layout) {
    const bool ping_works = find_ping_paths(found).any();
    const table rows(layout, ping_works);
    std::string text = rows.head();
    for (const auto& m : found) text += rows.line(m);
    text += '\n' + grants_text(found, layout);
    for (const auto& line : wrap(ping_prognosis(found), layout.columns)) {
        text += paint(line, ping_works ? colour::green : colour::red, layout.colour) + '\n';
    }
    return text;
}

std::string doctor_json(const std::vector<mechanism>& found, wall_time time) {
    std::string text;
    for (const auto& m : found) {
        const users split = split_users(m);
        auto line = report::json_event("mechanism", time);
        line["name"] = m.name;
        line["title"] = m.title;
        line["works"] = m.found != verdict::fails;
        line["verdict"] = to_string(m.found);
        line["why"] = m.why;
        line["cost"] = m.cost;
        line["grant"] = m.grant;
        line["needed_by"] = split.now;
        line["needed_later_by"] = split.later;
        report::append_json_line(text, line);
    }
    const auto paths = find_ping_paths(found);
    const auto or_null = [](const std::optional<std::string_view>& path) {
        return path ? report::json(*path) : report::json(nullptr);
    };
    auto total = report::json_event("total", time);
    total["ping"] = paths.any();
    total["ping_v4"] = or_null(paths.v4);
    total["ping_v6"] = or_null(paths.v6);
    report::append_json_line(text, total);
    return text;
}

}  // namespace sonde::cli
