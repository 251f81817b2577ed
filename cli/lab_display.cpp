#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include <cli/lab_display.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/lab_json.hpp>
#include <sonde/report/milliseconds.hpp>

namespace sonde::cli {

namespace {

constexpr std::size_t summary_rows = 100;
constexpr std::size_t overview_rows = 200;
constexpr std::size_t overview_ends = 8;  // of a LAN

std::string plural(std::size_t count, std::string_view word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string content_text(const sim::scenario& s) {
    std::string text = fmt::format("{}, {}", plural(s.nodes.size(), "node"), plural(s.links.size(), "link"));
    if (!s.populations.empty()) text += fmt::format(", {}", plural(s.populations.size(), "population"));
    return text;
}

std::string_view kind_text(sim::node_kind kind) noexcept {
    constexpr std::array<std::string_view, 5> words{"outside", "router", "host", "nat", "firewall"};
    return words[static_cast<std::size_t>(kind)];
}

std::string addresses_text(const std::vector<sim::interface_address>& addresses) {
    std::string text;
    for (const auto& a : addresses) text += fmt::format(" {}/{}", a.address.to_string(), a.length);
    return text;
}

void append_nodes(std::string& out, const sim::scenario& s) {
    std::vector<std::string> on_links(s.nodes.size());
    for (const auto& l : s.links) {
        for (const auto& end : l.ends) on_links[end.node] += addresses_text(end.addresses);
    }
    for (std::size_t i = 0; i < std::min(s.nodes.size(), overview_rows); ++i) {
        out += fmt::format("  {} ({}){}{}\n", report::escape_text(s.nodes[i].name), kind_text(s.nodes[i].kind),
                           addresses_text(s.nodes[i].addresses), on_links[i]);
    }
    if (s.nodes.size() > overview_rows) out += fmt::format("  ... and {} more\n", s.nodes.size() - overview_rows);
}

void append_links(std::string& out, const sim::scenario& s) {
    for (std::size_t i = 0; i < std::min(s.links.size(), overview_rows); ++i) {
        const sim::link& l = s.links[i];
        std::string ends;
        for (std::size_t e = 0; e < std::min(l.ends.size(), overview_ends); ++e) {
            ends += fmt::format("{}{}", e == 0 ? "" : " - ", report::escape_text(s.nodes[l.ends[e].node].name));
        }
        if (l.ends.size() > overview_ends) ends += fmt::format(" and {} more", l.ends.size() - overview_ends);
        out += fmt::format("  {}: {} ms, MTU {}{}\n", ends, report::milliseconds_text(l.behaviour.delay),
                           l.behaviour.mtu, l.behaviour.down ? ", down" : "");
    }
    if (s.links.size() > overview_rows) out += fmt::format("  ... and {} more\n", s.links.size() - overview_rows);
}

}  // namespace

lab_display::lab_display(const lab_settings& settings)
    : settings_(settings), live_(!settings.quiet && !settings.json && output_can_be_redrawn()) {}

void lab_display::ready(const sim::scenario& s, const lab_plan& plan, const std::string& device) {
    const auto routes = plan.routes(settings_.kind);
    if (settings_.json) {
        std::vector<std::string> addresses;
        for (const auto& a : plan.addresses) addresses.push_back(a.to_string());
        std::vector<std::string> ways;
        for (const auto& r : routes) ways.push_back(r.to_string());
        return write(report::lab_ready_json(
            wall_now(), {settings_.file_name(), device, to_string(settings_.kind), s, addresses, ways}));
    }
    std::string addresses;
    for (const auto& a : plan.addresses) addresses += fmt::format(" {}", a.to_string());
    write(fmt::format("lab: {} behind {}: {};{}; {}; press ^C to end\n", report::escape_text(settings_.file_name()),
                      report::escape_text(device), content_text(s), addresses, plural(routes.size(), "route")));
}

void lab_display::draw(const report::lab_view& view) {
    std::string out;
    page_.draw(out, lab_page_text(view, page_size()));
    write(out);
}

void lab_display::status(const report::lab_view& view) {
    std::string out;
    if (live_) page_.erase(out);
    write(out);
    fmt::print(stderr, "{}\n", lab_status_text(view));
}

void lab_display::finish(const report::lab_view& view) {
    std::string out;
    if (live_) page_.erase(out);
    out += settings_.json ? lab_summary_json(wall_now(), view) : lab_summary_text(view, summary_rows);
    write(out);
}

void lab_display::write(const std::string& text) {
    if (!closed_ && !text.empty()) closed_ = !write_out(text);
}

std::string lab_overview(const lab_settings& settings, const sim::scenario& s, const lab_plan& plan) {
    std::string out = fmt::format("{}: {}\n", report::escape_text(settings.file), content_text(s));
    append_nodes(out, s);
    append_links(out, s);
    for (std::size_t i = 0; i < std::min(s.populations.size(), overview_rows); ++i) {
        const sim::population& p = s.populations[i];
        out += fmt::format("  {}: {}/{} behind {}\n", report::escape_text(p.name), p.addresses.network().to_string(),
                           p.addresses.length(), report::escape_text(s.nodes[p.behind].name));
    }
    if (s.populations.size() > overview_rows) {
        out += fmt::format("  ... and {} more populations\n", s.populations.size() - overview_rows);
    }
    out += "A device for it, after which 'sonde lab' needs no privilege (as root):\n";
    const std::string name = settings.device.empty() ? "lab0" : settings.device;
    const std::string user = settings.user ? settings.user->name : "USER";
    out += fmt::format("    {}\n", fitting_device(plan, settings.kind, name, user));
    return out;
}

}  // namespace sonde::cli
