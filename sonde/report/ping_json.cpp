#include <algorithm>
#include <chrono>
#include <string_view>
#include <system_error>

#include <sonde/report/escape.hpp>
#include <sonde/report/json_figures.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/report/ping_json.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_names.hpp>

namespace sonde::report {
namespace {

using probe::event_kind;

void add_target(json& line, const target_view& target) {
    line["target"] = escape_text(target.label);
    line["address"] = target.address ? json(escape_text(target.address->to_string())) : json(nullptr);
}

json begin_event(std::string_view name, const event_view& view) {
    json line = json_event(name, view.time);
    add_target(line, view.target);
    line["seq"] = shown_sequence(view.event);
    return line;
}

void add_source(json& line, const event_view& view) {
    line["from"] = escape_text(view.event.from.to_string());
    if (!view.from_name.empty()) line["from_name"] = escape_text(view.from_name);
}

std::string_view answer_name(probe::answer_kind answer) noexcept {
    switch (answer) {
        case probe::answer_kind::unicast:
            return "unicast";
        case probe::answer_kind::broadcast:
            return "broadcast";
        case probe::answer_kind::multicast:
            return "multicast";
        case probe::answer_kind::anycast:
            return "anycast";
    }
    return "unicast";
}

json answer_line(std::string_view name, const event_view& view) {
    const probe::event& event = view.event;
    json line = begin_event(name, view);
    if (has_round_trip(event.kind)) line["rtt_ms"] = json_milliseconds(event.rtt);
    line["ttl"] = event.has_hop_limit ? json(event.hop_limit) : json(nullptr);
    line["bytes"] = event.size;
    line["clock"] = to_string(event.clock);
    add_source(line, view);
    if (event.answer != probe::answer_kind::unicast) line["answer"] = answer_name(event.answer);
    if (event.truncated) line["truncated"] = true;
    if (event.bad_checksum) line["bad_checksum"] = true;
    if (event.unverified) line["unverified"] = true;
    return line;
}

json corrupt_line(const event_view& view) {
    json line = begin_event("corrupt", view);
    add_source(line, view);
    if (view.event.kind == event_kind::damaged) line["bad_checksum"] = true;
    if (view.event.corrupt) {
        line["offset"] = view.event.corrupt->offset;
        line["expected"] = view.event.corrupt->expected;
        line["actual"] = view.event.corrupt->actual;
    }
    return line;
}

json icmp_line(std::string_view name, const event_view& view) {
    const probe::event& event = view.event;
    const family family = event.target.family();
    json line = begin_event(name, view);
    if (event.kind == event_kind::icmp_error) line["rtt_ms"] = json_milliseconds(event.rtt);
    line["clock"] = to_string(event.clock);
    add_source(line, view);
    line["icmp_type"] = event.icmp_type;
    line["icmp_code"] = event.icmp_code;
    line["error"] = wire::icmp_error_name(family, event.icmp_type, event.icmp_code);
    if (event.info != 0) line["info"] = event.info;
    return line;
}

json timeout_line(const event_view& view) {
    json line = begin_event("timeout", view);
    line["rtt_ms"] = nullptr;
    if (view.event.uncertain) line["uncertain"] = true;
    return line;
}

json send_failed_line(const event_view& view) {
    json line = begin_event("send_failed", view);
    line["errno"] = view.event.error_number;
    line["error"] = std::generic_category().message(view.event.error_number);
    if (view.event.kind == event_kind::local_drop) line["local_drop"] = true;
    return line;
}

void add_tally(json& line, const stats::tally& tally) {
    line["sent"] = tally.sent;
    line["received"] = tally.received;
    line["lost"] = tally.lost();
    line["pending"] = tally.pending;
    line["send_failed"] = tally.send_failed;
    line["errors"] = tally.errors;
    line["duplicates"] = tally.duplicates;
    line["late"] = tally.late;
    line["corrupt"] = tally.corrupt;
    line["loss_percent"] = tally.loss_percent();
    line["rtt_ms"] = rtt_object(tally.rtt);
}

}  // namespace

void ping_json::event(std::string& out, const event_view& view) const {
    if (quiet_) return;
    switch (view.event.kind) {
        case event_kind::reply:
            append_json_line(out, answer_line("reply", view));
            break;
        case event_kind::duplicate:
            append_json_line(out, answer_line("duplicate", view));
            break;
        case event_kind::late:
            append_json_line(out, answer_line("late", view));
            break;
        case event_kind::wrong_source:
            append_json_line(out, answer_line("wrong_source", view));
            break;
        case event_kind::icmp_error:
            append_json_line(out, icmp_line("icmp_error", view));
            break;
        case event_kind::advice:
            append_json_line(out, icmp_line("advice", view));
            break;
        case event_kind::timed_out:
            append_json_line(out, timeout_line(view));
            break;
        case event_kind::send_failed:
        case event_kind::local_drop:
            append_json_line(out, send_failed_line(view));
            break;
        case event_kind::damaged:
        case event_kind::cancelled:
        case event_kind::closed:
        case event_kind::settled:
        case event_kind::sent:
            break;
    }
    if (view.event.corrupt || view.event.kind == event_kind::damaged) append_json_line(out, corrupt_line(view));
}

void ping_json::summary(std::string& out, const target_view& target, const stats::tally& tally, wall_time time) const {
    json line = json_event("summary", time);
    add_target(line, target);
    add_tally(line, tally);
    append_json_line(out, line);
}

void ping_json::total(std::string& out, const total_view& total, wall_time time) const {
    json line = json_event("total", time);
    line["targets"] = total.targets;
    add_tally(line, total.tally);
    line["accounting"] = accounting_object(total.accounting);
    append_json_line(out, line);
}

}  // namespace sonde::report
