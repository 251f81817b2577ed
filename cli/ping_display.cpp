#include <algorithm>
#include <string>

#include <cli/live_page.hpp>
#include <cli/ping_display.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/ping_json.hpp>
#include <sonde/report/ping_text.hpp>
#include <sonde/report/rtt_plot.hpp>
#include <sonde/report/target_table.hpp>
#include <sonde/report/utf8.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t widest_label = 40;
constexpr std::size_t piece = 64 << 10;

stats::tally total_of(const std::vector<pinged>& targets) {
    stats::tally total;
    for (const pinged& p : targets) total.merge(p.tally);
    return total;
}

std::size_t label_width(const ping_settings& s) {
    std::size_t width = 0;
    for (const auto& target : s.targets) width = std::max(width, report::display_width(target.label));
    return std::min(width, widest_label);
}

std::vector<report::target_row> rows_of(std::span<const pinged> targets) {
    std::vector<report::target_row> rows;
    rows.reserve(targets.size());
    for (const pinged& p : targets)
        rows.push_back({p.view(), &p.tally, p.note ? std::string_view(*p.note) : std::string_view{}});
    return rows;
}

class json_display final : public ping_display {
public:
    explicit json_display(const ping_settings& s) : json_(s.quiet) {}

    void start(std::string&, const pinged&, const ip_address&) override {}
    void event(std::string& out, const report::event_view& view) override { json_.event(out, view); }
    void outstanding(std::string&, const report::event_view&) override {}
    void sent(std::string&) override {}
    std::string status(const std::vector<pinged>& targets) override {
        std::string out;
        report::ping_text({}).status(out, total_of(targets));
        return out;
    }
    void redraw(std::string&, const std::vector<pinged>&) override {}
    bool redraws() const noexcept override { return false; }
    void finish(const ping_ending& end, const std::function<bool(std::string_view)>& write) override {
        std::string out;
        for (const pinged& p : end.targets) {
            json_.summary(out, p.view(), p.tally, end.time);
            if (out.size() < piece) continue;
            if (!write(out)) return;
            out.clear();
        }
        const stats::tally total = total_of(end.targets);
        json_.total(out, {.targets = end.targets.size(), .tally = total, .accounting = end.accounting}, end.time);
        write(out);
    }

private:
    report::ping_json json_;
};

class text_display : public ping_display {
public:
    explicit text_display(const ping_settings& s)
        : settings_(s),
          text_({.quiet = s.quiet,
                 .flood = s.flood && !s.many(),
                 .adaptive = s.adaptive,
                 .audible = s.audible,
                 .timestamps = s.timestamps,
                 .outstanding = s.outstanding,
                 .verbose = s.verbose,
                 .labels = s.many(),
                 .label_width = s.many() ? label_width(s) : 0}) {}

    void start(std::string& out, const pinged& first, const ip_address& source) override {
        const auto& pattern = settings_.profile.pattern;
        if (pattern.size > 0) text_.pattern(out, std::span{pattern.bytes}.first(pattern.size));
        if (settings_.many()) return text_.header(out, settings_.targets.size(), settings_.profile.payload_size);
        report::ping_header header{
            .payload = settings_.profile.payload_size, .source = {}, .interface = settings_.interface};
        if (!settings_.interface.empty() || !settings_.profile.source.is_unspecified()) header.source = source;
        text_.header(out, first.view(), header);
    }
    void event(std::string& out, const report::event_view& view) override {
        // With -O the line comes when the next ping leaves, as ping prints it.
        if (view.event.kind == probe::event_kind::timed_out) return;
        text_.event(out, view);
    }
    void outstanding(std::string& out, const report::event_view& view) override { text_.event(out, view); }
    void sent(std::string& out) override { text_.sent(out); }
    std::string status(const std::vector<pinged>& targets) override {
        std::string out;
        text_.status(out, total_of(targets));
        return out;
    }
    void redraw(std::string&, const std::vector<pinged>&) override {}
    bool redraws() const noexcept override { return false; }

    void finish(const ping_ending& end, const std::function<bool(std::string_view)>& write) override {
        std::string out;
        if (settings_.many()) {
            if (!finish_table(end, write)) return;
        } else {
            text_.statistics(out, end.targets.front().target->label, end.targets.front().tally,
                             {.elapsed = end.elapsed, .pipe = end.most_in_flight});
        }
        if (settings_.plot) {
            report::append_rtt_plot(out, total_of(end.targets).rtt,
                                    {.columns = output_columns(), .rows = 12, .ascii = !output_takes_unicode()});
        }
        const auto remark = [&out](std::uint64_t count, std::string_view what) {
            if (count > 0) out += fmt::format("{} {}\n", count, what);
        };
        remark(end.accounting.kernel_drops, "replies were dropped on this machine: its receive buffer was full");
        remark(end.checksum_errors, "ICMP messages with a wrong checksum were dropped by this machine's kernel");
        remark(end.notices_hidden, "further duplicates, late or stray answers were counted and not shown");
        write(out);
    }

protected:
    const ping_settings& settings_;

private:
    bool finish_table(const ping_ending& end, const std::function<bool(std::string_view)>& write) const {
        const auto rows = rows_of(end.targets);
        const report::target_table table(rows);
        std::string out = "\n";
        table.header(out);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            table.row(out, i);
            if (out.size() < piece) continue;
            if (!write(out)) return false;
            out.clear();
        }
        std::size_t answered = 0;
        for (const pinged& p : end.targets) answered += p.tally.received > 0 ? 1U : 0U;
        const stats::tally total = total_of(end.targets);
        out += fmt::format(
            "\n{} of {} targets answered; {} packets transmitted, {} received, {:.4g}% packet loss, time {}ms\n",
            answered, end.targets.size(), total.sent + total.send_failed, total.received, total.loss_percent(),
            std::chrono::round<std::chrono::milliseconds>(end.elapsed).count());
        return write(out);
    }

    report::ping_text text_;
};

/// Many targets on a terminal: the table in place of the lines.
class live_display final : public text_display {
public:
    using text_display::text_display;

    void event(std::string&, const report::event_view&) override {}
    void outstanding(std::string&, const report::event_view&) override {}
    bool redraws() const noexcept override { return true; }

    void redraw(std::string& out, const std::vector<pinged>& targets) override {
        std::size_t answered = 0;
        std::uint64_t sent = 0;
        std::uint64_t received = 0;
        for (const pinged& p : targets) {
            answered += p.tally.received > 0 ? 1U : 0U;
            sent += p.tally.sent;
            received += p.tally.received;
        }
        const auto size = page_size();
        const auto rows = rows_of(std::span{targets}.first(std::min(targets.size(), size.lines)));
        std::string table;
        report::append_live_table(
            table, rows, targets.size(),
            fmt::format("{} of {} targets answered, {} sent, {} received", answered, targets.size(), sent, received),
            size);
        page_.draw(out, table);
    }

    void finish(const ping_ending& end, const std::function<bool(std::string_view)>& write) override {
        std::string out;
        page_.erase(out);
        if (write(out)) text_display::finish(end, write);
    }

private:
    live_page page_;
};

}  // namespace

std::unique_ptr<ping_display> make_ping_display(const ping_settings& settings) {
    if (settings.json) return std::make_unique<json_display>(settings);
    if (settings.many() && output_can_be_redrawn() && !settings.quiet && !settings.verbose)
        return std::make_unique<live_display>(settings);
    return std::make_unique<text_display>(settings);
}

}  // namespace sonde::cli
