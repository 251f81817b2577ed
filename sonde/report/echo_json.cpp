#include <chrono>

#include <sonde/report/echo_json.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/report/json_line.hpp>

namespace sonde::report {

namespace {

std::string line(const json& object) {
    std::string out;
    append_json_line(out, object);
    return out;
}

json address(const std::optional<ip_address>& a) {
    return a ? json(a->to_string()) : json(nullptr);
}

}  // namespace

std::string echo_listening_json(wall_time time, std::string_view interface, const mac_address& mac,
                                std::span<const std::string> answers) {
    json event = json_event("echo_listening", time);
    event["interface"] = escape_text(interface);
    event["mac"] = mac.is_zero() ? json(nullptr) : json(mac.to_string());
    event["answers"] = json::array();
    for (const auto& a : answers) event["answers"].push_back(a);
    return line(event);
}

std::string echo_request_json(wall_time time, const echo_question& q, respond::disposition what) {
    json event = json_event("echo_request", time);
    event["kind"] = to_string(q.what);
    event["from"] = address(q.from);
    event["to"] = address(q.to);
    if (q.what == echo_question::kind::echo) {
        event["id"] = q.identifier;
        event["seq"] = q.sequence;
    }
    event["bytes"] = q.size;
    event["outcome"] = respond::to_string(what);
    return line(event);
}

std::string echo_notice_json(wall_time time, std::string_view code, std::string_view text) {
    json event = json_event("echo_notice", time);
    event["code"] = code;
    event["text"] = escape_text(text);
    return line(event);
}

std::string echo_total_json(wall_time time, const echo_totals& t) {
    json event = json_event("echo_total", time);
    event["interface"] = escape_text(t.interface);
    event["elapsed_ms"] = std::chrono::duration<double, std::milli>{t.elapsed}.count();
    event["frames"] = t.counts.frames;
    json by;
    for (std::size_t i = 0; i < respond::disposition_count; ++i) {
        const auto d = static_cast<respond::disposition>(i);
        by[std::string(respond::to_string(d))] = t.counts[d];
    }
    event["by_outcome"] = by;
    event["answered_v4"] = t.counts.v4;
    event["answered_v6"] = t.counts.v6;
    event["replies_made"] = t.counts.replies_made;
    event["sent"] = t.sent;
    event["send_failed"] = t.send_failed;
    event["delayed"] = t.counts.delayed;
    event["duplicated"] = t.counts.duplicated;
    event["corrupted"] = t.counts.corrupted;
    event["kernel_dropped"] = t.kernel_dropped;
    return line(event);
}

}  // namespace sonde::report
