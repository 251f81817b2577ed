#include <chrono>
#include <iterator>
#include <system_error>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/milliseconds.hpp>
#include <sonde/report/ping_text.hpp>
#include <sonde/report/utf8.hpp>
#include <sonde/wire/icmp_names.hpp>

namespace sonde::report {
namespace {

constexpr std::size_t icmp_header_size = 8;
constexpr std::size_t ipv4_header_size = 20;
// iputils puts its time stamp, a struct timeval, in front of the pattern; its dump begins behind it.
constexpr std::size_t dump_start = 16;
constexpr std::size_t dump_line = 32;

template <class... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

std::string address_text(const ip_address& address, std::string_view name) {
    const std::string numeric = escape_text(address.to_string());
    return name.empty() ? numeric : fmt::format("{} ({})", escape_text(name), numeric);
}

void append_dump(std::string& out, const probe::corruption& corrupt) {
    append(out, "\nwrong data byte #{} should be 0x{:x} but was 0x{:x}", corrupt.offset, corrupt.expected,
           corrupt.actual);
    const std::size_t start = corrupt.offset < dump_start ? 0 : dump_start;
    for (std::size_t i = start; i < corrupt.payload.size(); ++i) {
        if (i % dump_line == start) append(out, "\n#{}\t", i);
        append(out, "{:x} ", std::to_integer<unsigned>(corrupt.payload[i]));
    }
}

bool is_group(probe::answer_kind kind) noexcept {
    return kind == probe::answer_kind::broadcast || kind == probe::answer_kind::multicast;
}

}  // namespace

void ping_text::pattern(std::string& out, std::span<const std::byte> bytes) const {
    out += "PATTERN: 0x";
    for (const std::byte byte : bytes) append(out, "{:02x}", std::to_integer<unsigned>(byte));
    out += '\n';
}

void ping_text::header(std::string& out, const target_view& target, const ping_header& header) const {
    const ip_address address = target.address.value_or(ip_address{});
    const bool v4 = address.is_v4();
    append(out, "PING {}", escape_text(target.label));
    append(out, "{}({}) ", v4 ? " " : "", address_text(address, v4 ? std::string_view{} : header.address_name));
    if (header.source) append(out, "from {} {}: ", address_text(*header.source, {}), escape_text(header.interface));
    if (v4) {
        append(out, "{}({}) bytes of data.\n", header.payload, header.payload + icmp_header_size + ipv4_header_size);
    } else {
        append(out, "{} data bytes\n", header.payload);
    }
}

void ping_text::header(std::string& out, std::size_t targets, std::size_t payload) const {
    append(out, "PING {} targets, {} data bytes each\n", targets, payload);
}

void ping_text::sent(std::string& out) const {
    if (options_.flood && !options_.quiet) out += '.';
}

void ping_text::prefix(std::string& out, const event_view& view) const {
    if (options_.timestamps) {
        const auto since_epoch = std::chrono::floor<std::chrono::microseconds>(view.time).time_since_epoch().count();
        append(out, "[{}.{:06}] ", since_epoch / 1'000'000, since_epoch % 1'000'000);
    }
    if (options_.labels) {
        const std::string label = escape_text(view.target.label);
        const std::size_t width = display_width(label);
        out += label;
        out.append(options_.label_width > width ? options_.label_width - width : 0, ' ');
        out += " : ";
    }
}

void ping_text::answer(std::string& out, const event_view& view) const {
    using probe::event_kind;
    const probe::event& event = view.event;
    prefix(out, view);
    append(out, "{} bytes from {}: icmp_seq={}", event.size, address_text(event.from, view.from_name),
           shown_sequence(event));
    if (event.has_hop_limit) append(out, " ttl={}", event.hop_limit);
    if (has_round_trip(event.kind)) append(out, " time={} ms", reply_time_text(event.rtt));
    if (event.truncated) out += " (truncated)";
    const bool further = event.kind == event_kind::duplicate;
    if (further && (event.answer != probe::answer_kind::multicast || options_.verbose)) out += " (DUP!)";
    if (event.bad_checksum || event.kind == event_kind::damaged) out += " (BAD CHECKSUM!)";
    if (event.kind == event_kind::wrong_source) out += " (DIFFERENT ADDRESS!)";
    if (is_group(event.answer)) out += event.answer == probe::answer_kind::broadcast ? " (broadcast)" : " (multicast)";
    if (event.answer == probe::answer_kind::anycast) out += " (anycast)";
    if (event.kind == event_kind::late) out += " (late)";
    if (event.unverified && options_.verbose) out += " (unverified)";
    if (event.corrupt) append_dump(out, *event.corrupt);
    if (options_.audible) out += '\a';
    out += '\n';
}

void ping_text::flood_event(std::string& out, const probe::event& event) const {
    using probe::event_kind;
    switch (event.kind) {
        case event_kind::reply:
        case event_kind::duplicate:
        case event_kind::late:
            out += event.bad_checksum ? "\bC" : "\b \b";
            if (options_.audible) out += '\a';
            return;
        case event_kind::damaged:
            out += "\bC";
            return;
        case event_kind::icmp_error:
            out += "\bE";
            return;
        case event_kind::send_failed:
        case event_kind::local_drop:
            out += 'E';
            return;
        default:
            return;
    }
}

void ping_text::event(std::string& out, const event_view& view) const {
    using probe::event_kind;
    const probe::event& event = view.event;
    if (options_.quiet) return;
    if (options_.flood) return flood_event(out, event);
    switch (event.kind) {
        case event_kind::reply:
        case event_kind::duplicate:
        case event_kind::late:
        case event_kind::damaged:
        case event_kind::wrong_source:
            return answer(out, view);
        case event_kind::icmp_error:
        case event_kind::advice:
            prefix(out, view);
            append(out, "From {} icmp_seq={} {}\n", address_text(event.from, view.from_name), shown_sequence(event),
                   wire::icmp_error_text(event.target.family(), event.icmp_type, event.icmp_code, event.info));
            return;
        case event_kind::timed_out:
            if (!options_.outstanding) return;
            prefix(out, view);
            append(out, "no answer yet for icmp_seq={}{}\n", shown_sequence(event),
                   event.uncertain ? " (this machine dropped packets meanwhile)" : "");
            return;
        case event_kind::send_failed:
        case event_kind::local_drop:
            prefix(out, view);
            append(out, "icmp_seq={} send failed: {}\n", shown_sequence(event),
                   std::generic_category().message(event.error_number));
            return;
        case event_kind::cancelled:
        case event_kind::closed:
        case event_kind::settled:
        case event_kind::sent:
            return;
    }
}

void ping_text::statistics(std::string& out, std::string_view label, const stats::tally& tally,
                           const ping_run& run) const {
    // iputils counts a send that failed as transmitted, and scripts read loss from here.
    const std::uint64_t transmitted = tally.sent + tally.send_failed;
    append(out, "\n--- {} ping statistics ---\n", escape_text(label));
    append(out, "{} packets transmitted, {} received", transmitted, tally.received);
    if (tally.duplicates > 0) append(out, ", +{} duplicates", tally.duplicates);
    if (tally.corrupt > 0) append(out, ", +{} corrupted", tally.corrupt);
    if (tally.errors > 0) append(out, ", +{} errors", tally.errors);
    if (transmitted > 0) {
        const auto elapsed = std::chrono::round<std::chrono::milliseconds>(run.elapsed).count();
        append(out, ", {:g}% packet loss, time {}ms", static_cast<float>(tally.loss_percent()), elapsed);
    }
    out += '\n';

    std::string_view separator;
    const auto rtt = tally.rtt.summary();
    if (rtt) {
        append(out, "rtt min/avg/max/mdev = {}/{}/{}/{} ms", milliseconds_text(rtt->min), milliseconds_text(rtt->mean),
               milliseconds_text(rtt->max), milliseconds_text(rtt->stddev));
        separator = ", ";
    }
    if (run.pipe > 1) {
        append(out, "{}pipe {}", separator, run.pipe);
        separator = ", ";
    }
    if (rtt && (options_.flood || options_.adaptive) && transmitted > 1) {
        append(out, "{}ipg/ewma {}/{} ms", separator,
               milliseconds_text(run.elapsed / static_cast<duration::rep>(transmitted - 1)),
               milliseconds_text(tally.rtt.ewma()));
    }
    out += '\n';
    if (rtt) {
        append(out, "p50/p90/p95/p99/jitter = {}/{}/{}/{}/{} ms\n", milliseconds_text(rtt->p50),
               milliseconds_text(rtt->p90), milliseconds_text(rtt->p95), milliseconds_text(rtt->p99),
               milliseconds_text(rtt->jitter));
    }
    if (tally.pending > 0) append(out, "{} packets pending\n", tally.pending);
    if (tally.send_failed > 0) append(out, "{} packets could not be sent\n", tally.send_failed);
    if (tally.late > 0) append(out, "{} packets late\n", tally.late);
}

void ping_text::status(std::string& out, const stats::tally& tally) const {
    append(out, "\r{}/{} packets, {}% loss", tally.received, tally.sent + tally.send_failed,
           static_cast<int>(tally.loss_percent()));
    if (tally.rtt.count() > 0) {
        append(out, ", min/avg/ewma/max = {}/{}/{}/{} ms", milliseconds_text(tally.rtt.min()),
               milliseconds_text(tally.rtt.mean()), milliseconds_text(tally.rtt.ewma()),
               milliseconds_text(tally.rtt.max()));
    }
    out += '\n';
}

}  // namespace sonde::report
