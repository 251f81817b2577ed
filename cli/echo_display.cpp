#include <chrono>
#include <cstdio>
#include <unistd.h>

#include <cli/echo_display.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <fmt/format.h>

#include <sonde/report/echo_json.hpp>
#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view title = "sonde echo";
constexpr std::size_t write_at = 64 << 10;

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

}  // namespace

echo_display::echo_display(const echo_settings& settings)
    : json_(settings.json),
      verbose_(settings.verbose),
      live_(!settings.quiet && ::isatty(STDERR_FILENO) != 0 && !(settings.verbose && ::isatty(STDOUT_FILENO) != 0)) {}

void echo_display::listening(std::string_view interface, const mac_address& mac,
                             const std::vector<std::string>& answers) {
    if (json_) {
        out_ += report::echo_listening_json(wall_now(), interface, mac, answers);
    } else {
        const std::string station = mac.is_zero() ? "" : fmt::format(" ({})", mac.to_string());
        out_ += fmt::format("ECHO {}{}: answering for {}\n", report::escape_text(interface), station,
                            answers.empty() ? "nothing yet, it has no address" : joined(answers));
    }
    flush();
}

void echo_display::request(link_type link, bytes_view frame, respond::disposition what) {
    const auto question = report::echo_question::read(link, frame);
    out_ +=
        json_ ? report::echo_request_json(wall_now(), question, what) : report::question_text(question, what) + '\n';
    if (out_.size() >= write_at) flush();
}

void echo_display::notice(std::string_view code, const std::string& text, const std::string& remedy) {
    if (json_) {
        out_ += report::echo_notice_json(wall_now(), code, text);
        return flush();
    }
    clear_live();
    print_failure(title, {report::escape_text(text), remedy, {}});
}

void echo_display::live(time_point now, const report::echo_totals& totals) {
    if (!live_) return;
    using respond::disposition;
    const std::uint64_t asked =
        totals.answered() + totals.counts[disposition::fault_dropped] + totals.counts[disposition::delayed_overflow];
    if (rate_since_ == time_point{} || now - rate_since_ >= 1s) {
        const std::chrono::duration<double> passed = now - rate_since_;
        rate_ = rate_since_ == time_point{} ? 0 : static_cast<double>(asked - rate_from_) / passed.count();
        rate_from_ = asked;
        rate_since_ = now;
    }
    fmt::print(stderr, "\r{:.0f} requests/s, {} answered, {} dropped by the kernel\x1b[K", rate_, totals.answered(),
               totals.kernel_dropped);
    live_shown_ = true;
}

void echo_display::status(const report::echo_totals& totals) {
    clear_live();
    fmt::print(stderr, "{}\n", report::echo_status_text(totals));
}

void echo_display::finish(const report::echo_totals& totals) {
    clear_live();
    out_ += json_ ? report::echo_total_json(wall_now(), totals) : report::echo_summary_text(totals);
    flush();
}

void echo_display::flush() {
    if (out_.empty()) return;
    if (live_shown_ && ::isatty(STDOUT_FILENO) != 0) clear_live();
    if (!closed_) closed_ = !write_out(out_);
    out_.clear();
}

void echo_display::clear_live() {
    if (live_shown_) fmt::print(stderr, "\r\x1b[K");
    live_shown_ = false;
}

}  // namespace sonde::cli
