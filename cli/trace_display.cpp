#include <algorithm>
#include <unistd.h>

#include <cli/live_page.hpp>
#include <cli/text_layout.hpp>
#include <cli/trace_display.hpp>
#include <fmt/format.h>

#include <sonde/async/trace_lane.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/report/hop_table.hpp>
#include <sonde/report/path_drawing.hpp>
#include <sonde/report/trace_json.hpp>
#include <sonde/report/trace_text.hpp>
#include <sonde/report/utf8.hpp>
#include <sonde/report/verdict_text.hpp>

namespace sonde::cli {

namespace {

using probe::trace_event;
using probe::trace_event_kind;

// What no line of traceroute begins with, so that its readers pass over it.
constexpr std::string_view remark = "note: ";

/// Who asks: this machine, or the node of a lab.
std::string host_name(const trace_settings& s) {
    if (s.lab) return s.lab->nodes[s.lab->vantage().value_or(0)].name;
    std::string name(256, '\0');
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    name.resize(name.find('\0'));
    return name;
}

void add_responders(std::vector<ip_address>& needs, const probe::hop_report& hop) {
    for (const auto& p : hop.probes) {
        if (p.fate == probe::probe_fate::answered) needs.push_back(p.answer.from);
    }
}

std::vector<ip_address> responders_of(const probe::trace_record& record) {
    std::vector<ip_address> all;
    for (const auto& hop : record.hops()) {
        for (const auto& r : hop.responders) all.push_back(r.address);
    }
    if (record.paths() != nullptr) {
        for (const auto& hop : record.paths()->hops) {
            for (const auto& v : hop.vertices) all.push_back(v.address);
        }
    }
    return all;
}

bool anybody_answered(const probe::trace_record& record) {
    return std::ranges::any_of(responders_of(record), [](const ip_address& a) { return !a.is_unspecified(); });
}

bool spreads(const probe::trace_record& record) {
    return std::ranges::any_of(record.hops(), [](const auto& h) { return h.responders.size() > 1; });
}

/// How far it has come.
std::string reach_of(const probe::trace_record& record) {
    const auto& hops = record.hops();
    const auto last = std::find_if(hops.rbegin(), hops.rend(), [](const auto& h) { return !h.responders.empty(); });
    if (last == hops.rend()) return "no answer yet";
    return fmt::format("{} at hop {} ({})", record.reached() ? "reached" : "last answer", last->ttl,
                       report::escape_text(last->responders.back().address.to_string()));
}

std::string status_of(const traced& t) {
    const std::string name = report::escape_text(t.target->label);
    if (!t.record) return fmt::format("{}: not begun", name);
    const auto rounds = t.record->rounds();
    return fmt::format("{}: {} round{}, {}", name, rounds, rounds == 1 ? "" : "s", reach_of(*t.record));
}

std::string status_of_all(const std::vector<traced>& targets) {
    if (targets.size() == 1) return "\r" + status_of(targets.front()) + "\n";
    const auto over = std::ranges::count_if(targets, &traced::over);
    const auto reached = std::ranges::count_if(targets, &traced::reached);
    return fmt::format("\r{} of {} targets done, {} reached\n", over, targets.size(), reached);
}

class json_display final : public trace_display {
public:
    json_display(const trace_settings& s, const address_notebook& book) : settings_(s), book_(book), json_(s.quiet) {}

    void start(std::string&, const traced&) override {}

    std::optional<trace_piece> event(const traced& t, const trace_event& e, wall_time time) override {
        trace_piece piece;
        switch (e.kind) {
            case trace_event_kind::hop:
                if (settings_.quiet) return std::nullopt;
                add_responders(piece.needs, e.hop);
                piece.write = [this, &t, hop = e.hop, time](std::string& out) {
                    json_.hop(out, {t.view(), book_.notes(), time}, hop);
                };
                return piece;
            case trace_event_kind::paths:
                if (settings_.quiet) return std::nullopt;
                piece.needs = responders_of(*t.record);
                piece.write = [this, &t, graph = e.paths, time](std::string& out) {
                    json_.path(out, {t.view(), book_.notes(), time}, *graph);
                };
                return piece;
            case trace_event_kind::mtu:
                piece.write = [this, &t, step = e.mtu, time](std::string& out) {
                    json_.mtu(out, {t.view(), book_.notes(), time}, step);
                };
                return piece;
            case trace_event_kind::done:
                piece.needs = responders_of(*t.record);
                piece.write = [this, &t, time](std::string& out) {
                    const auto verdicts = verdicts_of(*t.record);
                    json_.summary(out, {t.view(), book_.notes(), time},
                                  {*t.record, verdicts, *t.accounting, t.mechanism});
                };
                return piece;
            case trace_event_kind::probe:
            case trace_event_kind::round:
                return std::nullopt;
        }
        return std::nullopt;
    }

    void refused(std::string& out, const traced& t) override {
        json_.summary(out, {t.view(), book_.notes(), t.ended_at}, t.refusal);
    }
    std::string status(const std::vector<traced>& targets) const override { return status_of_all(targets); }
    void redraw(std::string&, const std::vector<traced>&) override {}
    bool redraws() const noexcept override { return false; }

    void finish(std::string& out, const trace_ending& end) override {
        if (!settings_.many()) return;
        const auto reached = static_cast<std::uint64_t>(std::ranges::count_if(end.targets, &traced::reached));
        json_.total(out, end.targets.size(), reached, end.accounting, end.time);
    }

private:
    const trace_settings& settings_;
    const address_notebook& book_;
    report::trace_json json_;
};

class text_display : public trace_display {
public:
    text_display(const trace_settings& s, const address_atlas& atlas, const address_notebook& book)
        : settings_(s),
          book_(book),
          text_({.numeric = s.numeric,
                 .extensions = s.extensions,
                 .systems = atlas.knows_systems(),
                 .countries = atlas.knows_countries(),
                 .queries = s.options.queries}) {}

    void start(std::string& out, const traced& t) override {
        text_.header(out, t.view(), settings_.options.max_hops,
                     settings_.shown_size(t.target->address.value_or(ip_address{}).family()));
    }

    std::optional<trace_piece> event(const traced& t, const trace_event& e, wall_time) override {
        trace_piece piece;
        if (e.kind == trace_event_kind::hop && lines_come_at_once()) {
            add_responders(piece.needs, e.hop);
            piece.write = [this, hop = e.hop](std::string& out) { text_.hop(out, hop, book_.notes()); };
            return piece;
        }
        // Which hop's line tells of an MTU is known when all are found.
        if (e.kind == trace_event_kind::hop && settings_.options.goal == probe::trace_goal::mtu) {
            waiting_[&t].push_back(e.hop);
        }
        if (e.kind != trace_event_kind::done) return std::nullopt;
        piece.needs = responders_of(*t.record);
        piece.write = [this, &t](std::string& out) { end(out, t); };
        return piece;
    }

    void refused(std::string&, const traced&) override {}
    std::string status(const std::vector<traced>& targets) const override {
        if (!settings_.rounds() || targets.size() > 1 || !targets.front().record) return status_of_all(targets);
        std::string out = "\n";
        append_table(out, targets.front(), 0);
        return out;
    }
    void redraw(std::string&, const std::vector<traced>&) override {}
    bool redraws() const noexcept override { return false; }

    void finish(std::string& out, const trace_ending& end) override {
        if (settings_.quiet) return;
        if (settings_.many()) {
            out += fmt::format("{}{} of {} targets reached\n", remark,
                               std::ranges::count_if(end.targets, &traced::reached), end.targets.size());
        }
        if (end.accounting.kernel_drops > 0) {
            out += fmt::format("{}{} answers were dropped on this machine: its receive buffer was full\n", remark,
                               end.accounting.kernel_drops);
        }
    }

protected:
    [[nodiscard]] const trace_settings& settings() const noexcept { return settings_; }
    void append_table(std::string& out, const traced& t, std::size_t columns) const {
        report::append_hop_table(out, *t.record,
                                 {.columns = columns, .host = host_name(settings_), .notes = book_.notes()});
    }

private:
    [[nodiscard]] bool lines_come_at_once() const noexcept {
        return !settings_.rounds() && settings_.options.goal == probe::trace_goal::path;
    }

    void end(std::string& out, const traced& t) {
        if (settings_.rounds()) append_table(out, t, 0);
        if (settings_.options.goal == probe::trace_goal::mtu) append_narrowing(out, t);
        if (t.record->paths() != nullptr) {
            report::draw_paths(out, *t.record->paths(),
                               {.columns = output_columns(),
                                .ascii = !output_takes_unicode(),
                                .extensions = settings_.extensions,
                                .notes = book_.notes()});
        }
        if (settings_.quiet) return;
        // Each connection is a flow of its own, so a balancer may send every probe another way.
        if (t.mechanism == to_string(trace_mechanism::tcp_connect) && spreads(*t.record)) {
            out += fmt::format(
                "{}without CAP_NET_RAW every TCP probe is a flow of its own: hops may lie on several paths\n", remark);
        }
        if (t.record->end() == probe::trace_end::silent && !anybody_answered(*t.record)) {
            out += fmt::format(
                "{}nobody answered at all: look near this machine first, at its link, its route, and a firewall that "
                "may drop what leaves or the ICMP errors that come in\n",
                remark);
        }
        for (const auto& line : report::verdict_lines(verdicts_of(*t.record), book_.notes())) {
            out += fmt::format("{}{}\n", remark, line);
        }
    }

    // As tracepath does: `pmtu 1400` behind the hop that it begins at.
    void append_narrowing(std::string& out, const traced& t) {
        const auto& steps = t.record->mtu_steps();
        const auto at = [&steps](std::uint8_t ttl) -> std::optional<std::uint32_t> {
            const auto step = std::find_if(steps.rbegin(), steps.rend(), [ttl](const auto& s) { return s.ttl == ttl; });
            return step == steps.rend() ? std::nullopt : std::optional(step->mtu);
        };
        if (const auto here = at(0)) out += fmt::format(" 0  [localhost]  pmtu {}\n", *here);
        for (const auto& hop : waiting_[&t]) text_.hop(out, hop, book_.notes(), at(hop.ttl));
        waiting_.erase(&t);
        if (!steps.empty() && !settings_.quiet) out += fmt::format("{}path MTU {}\n", remark, steps.back().mtu);
    }

    const trace_settings& settings_;
    const address_notebook& book_;
    report::trace_text text_;
    std::unordered_map<const traced*, std::vector<probe::hop_report>> waiting_;
};

/// Rounds to one target on a terminal: mtr's page.
class live_display final : public text_display {
public:
    using text_display::text_display;

    bool redraws() const noexcept override { return true; }

    void redraw(std::string& out, const std::vector<traced>& targets) override {
        const traced& t = targets.front();
        if (!t.record) return;
        const auto size = page_size();
        std::string table;
        append_table(table, t, size.columns);
        std::string page;
        std::size_t lines = 1;  // the last one
        for (std::string_view rest = table; !rest.empty() && lines < size.lines; ++lines) {
            const std::size_t end = rest.find('\n');
            page += rest.substr(0, end);
            page += '\n';
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
        const std::string of = settings().count == 0U ? "" : fmt::format(" of {}", *settings().count);
        const std::string last = fmt::format("round {}{}, {}", t.record->rounds(), of, reach_of(*t.record));
        page += report::fit_width(last, size.columns);
        page_.draw(out, page);
        drawn_ = true;
    }

    std::optional<trace_piece> event(const traced& t, const trace_event& e, wall_time time) override {
        auto piece = text_display::event(t, e, time);
        if (!piece) return piece;
        piece->write = [this, rest = std::move(piece->write)](std::string& out) {
            if (drawn_) page_.erase(out);
            drawn_ = false;
            rest(out);
        };
        return piece;
    }

private:
    live_page page_;
    bool drawn_ = false;
};

}  // namespace

std::unique_ptr<trace_display> make_trace_display(const trace_settings& settings, const address_atlas& atlas,
                                                  const address_notebook& notebook) {
    if (settings.json) return std::make_unique<json_display>(settings, notebook);
    const bool live = settings.rounds() && !settings.many() && !settings.quiet && !settings.lab;
    if (live && output_can_be_redrawn()) return std::make_unique<live_display>(settings, atlas, notebook);
    return std::make_unique<text_display>(settings, atlas, notebook);
}

}  // namespace sonde::cli
