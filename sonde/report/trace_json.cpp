#include <algorithm>
#include <iterator>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/json_figures.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/report/trace_json.hpp>

namespace sonde::report {
namespace {

using probe::probe_fate;

json begin(std::string_view name, const trace_json::about& what) {
    json line = json_event(name, what.time);
    line["target"] = escape_text(what.target.label);
    line["address"] = what.target.address ? json(escape_text(what.target.address->to_string())) : json(nullptr);
    return line;
}

json address_or_null(const ip_address& address) {
    return address.is_unspecified() ? json(nullptr) : json(escape_text(address.to_string()));
}

void add_notes(json& object, const address_notes& notes, const ip_address& address) {
    const address_note* note = notes ? notes(address) : nullptr;
    object["name"] = note == nullptr || note->name.empty() ? json(nullptr) : json(escape_text(note->name));
    if (note == nullptr) return;
    if (note->autonomous_system != 0) {
        object["as"] = note->autonomous_system;
        if (!note->organization.empty()) object["organization"] = escape_text(note->organization);
    }
    if (!note->country.empty()) object["country"] = escape_text(note->country);
}

json mpls_list(const std::vector<wire::mpls_label>& stack) {
    json list = json::array();
    for (const auto& l : stack) {
        list.push_back({{"label", l.label},
                        {"traffic_class", l.traffic_class},
                        {"bottom_of_stack", l.bottom_of_stack},
                        {"ttl", l.ttl}});
    }
    return list;
}

std::string_view role_name(wire::interface_role role) noexcept {
    switch (role) {
        case wire::interface_role::incoming:
            return "incoming";
        case wire::interface_role::sub_ip:
            return "sub_ip";
        case wire::interface_role::outgoing:
            return "outgoing";
        case wire::interface_role::next_hop:
            return "next_hop";
    }
    return "incoming";
}

json interface_object(const probe::hop_interface& i) {
    json object{{"interface", role_name(i.role)}};
    if (i.index) object["index"] = *i.index;
    if (i.address) object["address"] = escape_text(i.address->to_string());
    if (!i.name.empty()) object["name"] = escape_text(i.name);
    if (i.mtu) object["mtu"] = *i.mtu;
    return object;
}

json other_object(const probe::hop_object& o) {
    std::string data;
    for (const std::byte b : o.data) fmt::format_to(std::back_inserter(data), "{:02x}", std::to_integer<unsigned>(b));
    return {{"class", o.class_number}, {"type", o.c_type}, {"data", data}};
}

void add_extensions(json& object, const std::shared_ptr<const probe::hop_extensions>& extensions) {
    if (extensions == nullptr) return;
    if (!extensions->mpls.empty()) object["mpls"] = mpls_list(extensions->mpls);
    json list = json::array();
    for (const auto& i : extensions->interfaces) list.push_back(interface_object(i));
    for (const auto& o : extensions->others) list.push_back(other_object(o));
    if (!list.empty()) object["extensions"] = std::move(list);
    if (extensions->bad) object["bad_extensions"] = true;
}

std::string_view kind_name(probe::answer_from kind) noexcept {
    switch (kind) {
        case probe::answer_from::hop:
            return "hop";
        case probe::answer_from::destination:
            return "destination";
        case probe::answer_from::unreachable:
            return "unreachable";
    }
    return "hop";
}

std::string_view fate_name(probe_fate fate) noexcept {
    switch (fate) {
        case probe_fate::answered:
            return "answered";
        case probe_fate::timed_out:
            return "timed_out";
        case probe_fate::send_failed:
            return "send_failed";
        case probe_fate::cancelled:
            return "cancelled";
    }
    return "timed_out";
}

std::string_view end_name(probe::trace_end end) noexcept {
    switch (end) {
        case probe::trace_end::reached:
            return "reached";
        case probe::trace_end::unreachable:
            return "unreachable";
        case probe::trace_end::silent:
            return "silent";
        case probe::trace_end::failed:
            return "failed";
        case probe::trace_end::cancelled:
        case probe::trace_end::closed:
            return "cancelled";
    }
    return "silent";
}

void add_icmp(json& object, std::uint8_t type, std::uint8_t code) {
    object["from_icmp"] = {{"type", type}, {"code", code}};
}

json reply_object(const probe::probe_result& p, const address_notes& notes) {
    json object{{"query", p.query}};
    if (p.fate != probe_fate::answered) {
        object["address"] = nullptr;
        object["rtt_ms"] = nullptr;
        object["fate"] = fate_name(p.fate);
        if (p.uncertain) object["uncertain"] = true;
        if (p.fate == probe_fate::send_failed) {
            object["errno"] = p.error_number;
            object["error"] = std::generic_category().message(p.error_number);
        }
        return object;
    }
    const probe::hop_answer& a = p.answer;
    object["address"] = escape_text(a.from.to_string());
    add_notes(object, notes, a.from);
    object["rtt_ms"] = json_milliseconds(a.rtt);
    object["clock"] = to_string(a.clock);
    object["kind"] = kind_name(a.kind);
    if (a.from_icmp) add_icmp(object, a.type, a.code);
    if (a.info != 0) object["info"] = a.info;
    if (a.tcp_open) object["tcp_open"] = true;
    if (a.hop_limit) object["reply_ttl"] = *a.hop_limit;
    if (a.quoted_ttl) object["quoted_ttl"] = *a.quoted_ttl;
    if (a.quoted_class) object["quoted_class"] = *a.quoted_class;
    if (a.nat) object["nat"] = true;
    if (a.inferred) object["inferred"] = true;
    add_extensions(object, a.extensions);
    return object;
}

json vertex_object(const probe::path_vertex& v, const address_notes& notes) {
    json object{{"address", address_or_null(v.address)}};
    if (!v.address.is_unspecified()) {
        add_notes(object, notes, v.address);
        object["rtt_ms"] = json_milliseconds(v.rtt);
    }
    object["flows"] = v.flows;
    if (v.destination) object["destination"] = true;
    if (v.per_packet) object["per_packet"] = true;
    add_extensions(object, v.extensions);
    return object;
}

json graph_hop(std::size_t ttl, const probe::path_graph::hop& hop, const address_notes& notes) {
    json vertices = json::array();
    for (const auto& v : hop.vertices) vertices.push_back(vertex_object(v, notes));
    json edges = json::array();
    for (const auto& e : hop.edges) edges.push_back({e.from, e.to});
    return {{"ttl", ttl}, {"vertices", std::move(vertices)}, {"edges", std::move(edges)}};
}

json responder_object(const probe::responder_record& r, const address_notes& notes) {
    json object{{"address", escape_text(r.address.to_string())}};
    add_notes(object, notes, r.address);
    object["received"] = r.tally.received;
    object["rtt_ms"] = rtt_object(r.tally.rtt);
    object["last_ms"] = json_milliseconds(r.last);
    object["kind"] = kind_name(r.kind);
    if (r.from_icmp) add_icmp(object, r.type, r.code);
    if (r.hop_limit) object["reply_ttl"] = *r.hop_limit;
    if (r.nat) object["nat"] = true;
    object["first_round"] = r.first_round;
    object["last_round"] = r.last_round;
    add_extensions(object, r.extensions);
    return object;
}

json hop_statistics(const probe::hop_record& h, const address_notes& notes) {
    json object{{"ttl", h.ttl},
                {"sent", h.tally.sent},
                {"received", h.tally.received},
                {"lost", h.tally.lost()},
                {"pending", h.tally.pending},
                {"loss_percent", h.tally.loss_percent()},
                {"rtt_ms", rtt_object(h.tally.rtt)}};
    json responders = json::array();
    for (const auto& r : h.responders) responders.push_back(responder_object(r, notes));
    object["responders"] = std::move(responders);
    return object;
}

json verdict_object(const probe::verdict& v) {
    json object{
        {"kind", to_string(v.kind)}, {"ttl", v.ttl}, {"address", address_or_null(v.address)}, {"value", v.value}};
    if (v.asked > 0) {
        object["answered"] = v.answered;
        object["asked"] = v.asked;
    }
    return object;
}

}  // namespace

void trace_json::hop(std::string& out, const about& what, const probe::hop_report& hop) const {
    if (quiet_) return;
    json line = begin("hop", what);
    line["ttl"] = hop.ttl;
    line["round"] = hop.round;
    json replies = json::array();
    for (const auto& p : hop.probes) replies.push_back(reply_object(p, what.notes));
    line["replies"] = std::move(replies);
    append_json_line(out, line);
}

void trace_json::path(std::string& out, const about& what, const probe::path_graph& graph) const {
    if (quiet_) return;
    json line = begin("path", what);
    line["reached"] = graph.reached;
    line["confidence"] = graph.confidence;
    line["confidence_each"] = graph.confidence_each;
    line["probes"] = graph.probes;
    if (graph.bounded) line["bounded"] = true;
    json hops = json::array();
    for (std::size_t i = 0; i < graph.hops.size(); ++i) {
        hops.push_back(graph_hop(graph.first_hop + i, graph.hops[i], what.notes));
    }
    line["hops"] = std::move(hops);
    append_json_line(out, line);
}

void trace_json::mtu(std::string& out, const about& what, const probe::mtu_step& step) const {
    if (quiet_) return;
    json line = begin("mtu", what);
    line["ttl"] = step.ttl;
    line["from"] = address_or_null(step.from);
    line["mtu"] = step.mtu;
    append_json_line(out, line);
}

void trace_json::summary(std::string& out, const about& what, const ending& end) const {
    json line = begin("summary", what);
    const probe::trace_record& r = end.record;
    line["reached"] = r.reached();
    line["end"] = end_name(r.end().value_or(probe::trace_end::cancelled));
    line["method"] = to_string(r.options().method);
    if (!end.mechanism.empty()) line["mechanism"] = end.mechanism;
    line["hops"] = r.destination_hop() ? json(*r.destination_hop()) : json(nullptr);
    line["rounds"] = r.rounds();
    if (!r.mtu_steps().empty()) line["mtu"] = r.mtu_steps().back().mtu;
    json verdicts = json::array();
    for (const auto& v : end.verdicts) verdicts.push_back(verdict_object(v));
    line["verdicts"] = std::move(verdicts);
    json statistics = json::array();
    for (const auto& h : r.hops()) statistics.push_back(hop_statistics(h, what.notes));
    line["statistics"] = std::move(statistics);
    line["accounting"] = accounting_object(end.accounting);
    append_json_line(out, line);
}

void trace_json::summary(std::string& out, const about& what, std::string_view why_not) const {
    json line = begin("summary", what);
    line["reached"] = false;
    line["end"] = "failed";
    line["error"] = escape_text(why_not);
    line["hops"] = nullptr;
    line["verdicts"] = json::array();
    append_json_line(out, line);
}

void trace_json::total(std::string& out, std::uint64_t targets, std::uint64_t reached,
                       const stats::accounting& accounting, wall_time time) const {
    json line = json_event("total", time);
    line["targets"] = targets;
    line["reached"] = reached;
    line["accounting"] = accounting_object(accounting);
    append_json_line(out, line);
}

}  // namespace sonde::report
