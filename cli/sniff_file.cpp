#include <csignal>
#include <filesystem>
#include <initializer_list>
#include <unistd.h>

#include <cli/command.hpp>
#include <cli/output.hpp>
#include <cli/signal_watch.hpp>
#include <cli/sniff_output.hpp>
#include <cli/sniff_session.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/capture_file.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

namespace {

constexpr std::string_view title = "sonde sniff";

volatile std::sig_atomic_t end_wanted = 0;
volatile std::sig_atomic_t counts_wanted = 0;

// A signal ends the read(2) that waits, too.
void watch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int number) {
        if (number == SIGQUIT) {
            counts_wanted = 1;
        } else {
            end_wanted = 1;
            note_end_request();
        }
    };
    for (const int signal : signals_to_watch()) ::sigaction(signal, &action, nullptr);
}

void say_counts(const report::capture_totals& totals, std::uint64_t captured, std::string_view how) {
    print_error(title, fmt::format("{}{} packet{} read, {} captured", how, totals.received,
                                   totals.received == 1 ? "" : "s", captured));
}

// Writing would empty what is about to be read.
bool is_one_file(const sniff_settings& settings) {
    const std::filesystem::path in = settings.read_path == "-" ? "/dev/stdin" : settings.read_path;
    const std::filesystem::path out = settings.write_path == "-" ? "/dev/stdout" : settings.write_path;
    std::error_code error;
    return std::filesystem::is_regular_file(in, error) && std::filesystem::equivalent(in, out, error);
}

int complain(const failure& why) {
    print_failure(title, why);
    return exit_trouble;
}

report::packet_direction direction_in(link_type link, bytes_view frame) {
    if (link == link_type::linux_cooked_v2 && frame.size() > 10) {
        return report::direction_of_packet_type(load_be<std::uint8_t>(frame, 10));
    }
    if (link == link_type::linux_cooked && frame.size() > 1 && load_be<std::uint8_t>(frame, 0) == 0) {
        return report::direction_of_packet_type(load_be<std::uint8_t>(frame, 1));
    }
    return report::packet_direction::unknown;
}

}  // namespace

int sniff_file(const sniff_settings& settings) {
    if (const auto dropped = socket::drop_all_capabilities(); !dropped) return complain(dropped.error());
    if (is_one_file(settings)) {
        print_error(title, "-r and -w are the same file: writing it would destroy it");
        return exit_trouble;
    }
    auto reader = socket::capture_reader::open(settings.read_path, &end_wanted);
    if (!reader) return complain(reader.error());
    const auto filter = socket::bpf_filter::compile(settings.filter, reader->link(), settings.snap_length);
    if (!filter) return complain(filter.error());
    sniff_output output(settings, reader->link());
    if (const auto made = output.create_file(); !made) return complain(made.error());

    watch_signals();
    const bool at_once = settings.line_buffered || settings.packet_buffered ||
                         (settings.shows() && ::isatty(STDOUT_FILENO) != 0);  // it may be a pipe that is read
    const bool all = filter->accepts_all() || settings.filter.empty();
    report::capture_totals totals;
    std::optional<failure> cut;
    bool going_on = true;
    while (going_on && end_wanted == 0 && (!settings.count || output.captured() < *settings.count)) {
        if (counts_wanted != 0) {
            counts_wanted = 0;
            say_counts(totals, output.captured(), "");
        }
        const auto next = reader->next();
        if (!next) {
            cut = next.error();
            break;
        }
        if (!*next) break;
        const socket::captured_packet& p = **next;
        ++totals.received;
        if (!all && !filter->matches(p.bytes, p.full_size)) {
            ++totals.filtered;
            continue;
        }
        const bytes_view kept = p.bytes.first(std::min<std::size_t>(p.bytes.size(), settings.snap_length));
        going_on = output.packet(
            {.frame = kept, .full_size = p.full_size, .time = p.at, .direction = direction_in(reader->link(), kept)});
        if (at_once) going_on = going_on && output.flush();
    }
    totals.captured = output.captured();
    totals.unread = totals.received - totals.filtered - totals.captured;
    const bool flushed = output.flush();
    output.summary(totals);
    const bool told = output.flush();
    if (end_wanted != 0) say_counts(totals, totals.captured, "interrupted: ");
    // What came before the damage has been shown by now.
    if (cut) return complain(*cut);
    if (output.failed()) return exit_trouble;
    if (!flushed || !told) return exit_yes;  // nobody reads any more
    return totals.captured > 0 ? exit_yes : exit_no;
}

}  // namespace sonde::cli
