#include <chrono>
#include <iterator>

#include <cli/send_explanation.hpp>
#include <cli/send_fields.hpp>
#include <cli/send_report.hpp>
#include <fmt/format.h>

#include <sonde/report/hexdump.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/report/line_writer.hpp>
#include <sonde/report/milliseconds.hpp>
#include <sonde/report/packet_view.hpp>

namespace sonde::cli {

namespace {

using report::json;

std::string hex_of(bytes_view bytes) {
    std::string out;
    report::append_hex_digits(out, bytes);
    return out;
}

std::string_view author_word(craft::author by) noexcept {
    return by == craft::author::user ? "user" : by == craft::author::kernel ? "kernel" : "sonde";
}

json layers_of(const sent_view& view) {
    json out = json::array();
    for (const auto& layer : explain_fields(view.packet, view.left)) {
        json one = {{"name", layer.name}, {"offset", layer.offset}, {"size", layer.bytes.size()}};
        if (layer.layout == nullptr) {
            one["author"] = author_word(layer.by);
        } else {
            json fields = json::array();
            for (const auto& f : layer.fields) {
                if (f.name.empty()) continue;
                json field = {{"name", f.name}, {"value", f.value}, {"author", author_word(f.by)}};
                if (f.overwritten) {
                    field["written"] = *f.overwritten;
                    field["overwritten_by"] = "kernel";
                }
                fields.push_back(std::move(field));
            }
            one["fields"] = std::move(fields);
        }
        out.push_back(std::move(one));
    }
    return out;
}

json sent_line(const sent_view& view, bool explain, bool dry_run) {
    json line = report::json_event(dry_run ? "built" : "sent", view.time);
    line["number"] = view.number;
    line["door"] = to_string(view.packet.through);
    const bool has_destination = view.packet.through != door::link;
    line["destination"] = has_destination ? json(view.packet.destination.to_string()) : json(nullptr);
    line["size"] = view.packet.written.size();
    line["bytes"] = hex_of(view.packet.written);
    line["layers"] = layers_of(view);
    if (explain && !dry_run) line["left"] = view.left.empty() ? json(nullptr) : json(hex_of(view.left));
    return line;
}

double milliseconds(duration value) {
    return std::chrono::duration<double, std::milli>{value}.count();
}

std::string count_of(std::uint64_t n, std::string_view noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace

void send_report::sent(std::string& out, const sent_view& view) {
    if (settings_.json) {
        report::append_json_line(out, sent_line(view, settings_.explain, settings_.dry_run));
        return;
    }
    if (!settings_.explain) return;
    if (explained_++ > 0) out += "\n----\n\n";
    append_explanation(
        out, view.packet, view.left,
        {.dialect = settings_.dialect, .colour = colour_, .not_caught = view.not_caught, .dry_run = settings_.dry_run});
}

void send_report::answer(std::string& out, const answer_view& view) {
    if (settings_.json) {
        json line = report::json_event("answer", view.time);
        line["number"] = view.number;
        line["kind"] = view.kind == craft::answer_kind::error ? "icmp_error" : "reply";
        line["rtt_ms"] = view.rtt ? json(milliseconds(*view.rtt)) : json(nullptr);
        line["clock"] = to_string(view.clock);
        line["size"] = view.frame.size();
        line["bytes"] = hex_of(view.frame);
        report::append_json_line(out, line);
        return;
    }
    report::line_writer writer;
    const report::packet_view packet{.time = view.time,
                                     .link = view.link,
                                     .frame = view.frame,
                                     .full_size = static_cast<std::uint32_t>(view.frame.size()),
                                     .dissection = view.dissection};
    (void)line_.write(writer, packet);
    const bool many = settings_.count != 1 || settings_.kind == input_kind::file;
    fmt::format_to(std::back_inserter(out), "{}{}{}: {}\n", many ? fmt::format("packet {}: ", view.number) : "",
                   view.kind == craft::answer_kind::error ? "error" : "reply",
                   view.rtt ? fmt::format(" after {:.3f} ms", milliseconds(*view.rtt)) : std::string{}, writer.text());
}

void send_report::send_failed(std::string& out, std::uint64_t number, const failure& why, wall_time time) {
    if (!settings_.json) return;
    json line = report::json_event("send_failed", time);
    line["number"] = number;
    line["errno"] = why.code.value();
    line["error"] = why.what;
    report::append_json_line(out, line);
}

void send_report::summary(std::string& out, const send_accounting& counts, wall_time time) {
    if (settings_.json) {
        json line = report::json_event("total", time);
        line["accounting"] = {{"sent", counts.sent},
                              {"bytes", counts.bytes},
                              {"send_failed", counts.send_failed},
                              {"skipped", counts.skipped},
                              {"answered", counts.answered},
                              {"frames", counts.frames},
                              {"left", counts.left},
                              {"replies", counts.replies},
                              {"icmp_errors", counts.icmp_errors},
                              {"not_ours", counts.not_ours},
                              {"kernel_drops", counts.kernel_drops}};
        report::append_json_line(out, line);
        return;
    }
    if (settings_.quiet) return;
    auto into = std::back_inserter(out);
    if (settings_.explain) out += '\n';
    fmt::format_to(into, "{} sent, {}", count_of(counts.sent, "packet"), count_of(counts.bytes, "byte"));
    if (settings_.wait) {
        fmt::format_to(into, "; {} answered, {}, {}", counts.answered,
                       counts.replies == 1 ? "1 reply" : fmt::format("{} replies", counts.replies),
                       count_of(counts.icmp_errors, "ICMP error"));
    }
    if (counts.send_failed > 0) fmt::format_to(into, "; {} could not be sent", counts.send_failed);
    if (counts.skipped > 0) fmt::format_to(into, "; {} left out", counts.skipped);
    if (counts.kernel_drops > 0)
        fmt::format_to(into, "; {} dropped by this machine unseen", count_of(counts.kernel_drops, "frame"));
    out += '\n';
}

}  // namespace sonde::cli
