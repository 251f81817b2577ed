#include <algorithm>
#include <vector>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/sniff_settings.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

// An empty one is a variable that nobody set: `-r "$FILE"` must not capture instead.
CLI::Option* add_name(options& o, const std::string& names, std::string& value, const std::string& help) {
    const auto read = [&value](const std::string& word) -> result<void> {
        if (word.empty()) return failure{"'' is no name", {}, std::make_error_code(std::errc::invalid_argument)};
        value = word;
        return {};
    };
    return o.word(names, read, help);
}

void add_capture_options(options& o, sniff_settings& s) {
    add_name(o, "-i,--interface", s.interface, "capture on this interface (name or index), or on 'any'");
    o.number("-c,--count", s.count, {1, 0xffffffff}, "stop after N packets");
    o.duration("--deadline", s.deadline, 1s, "stop after this time (a bare number: seconds)");
    add_name(o, "-w,--write", s.write_path, "write the packets to this capture file ('-': standard output)")
        ->type_name("FILE");
    add_name(o, "-r,--read", s.read_path, "read packets from this capture file ('-': standard input)")
        ->type_name("FILE");
    o.number("-s,--snapshot-length", s.snap_length, {0, sniff_settings::largest_snap_length},
             "keep N bytes of each packet (0: 262144, the default)");
    o.number("-B,--buffer-size", s.buffer_kib, {64, 1 << 21}, "KiB of memory shared with the kernel (32768)");
    o.app().add_flag("-p,--no-promiscuous-mode", s.no_promiscuous, "do not ask for what is meant for others");
    o.app().add_flag("-D,--list-interfaces", s.list_interfaces, "say which interfaces there are");
    o.app().add_flag("-U,--packet-buffered", s.packet_buffered, "with -w: each packet is in the file at once");
}

void add_report_options(options& o, sniff_settings& s) {
    o.app().add_flag("-n,--numeric", s.numeric,
                     "numbers for addresses and ports: sonde looks no name up, with or without it");
    o.app().add_flag("-e", s.link_header, "show the link header");
    o.app().add_flag("-v,--verbose", s.verbose, "below each packet all its fields as a tree");
    o.app().add_flag("-q,--quick,--quiet", s.quick, "show less of the protocols");
    o.app().add_flag("-S,--absolute-tcp-sequence-numbers", s.absolute_sequences, "TCP's numbers as in the header");
    o.app().add_flag_function(
        "-x", [&s](std::int64_t times) { s.hex = times > 1 ? hex_style::frame : hex_style::packet; },
        "show the bytes of each packet; -xx with the link header");
    o.app().add_flag_function(
        "-X", [&s](std::int64_t times) { s.hex = times > 1 ? hex_style::frame_text : hex_style::packet_text; },
        "the same, and what is printable beside them; -XX with the link header");
    o.app().add_flag_function(
        "-t",
        [&s](std::int64_t times) {
            constexpr auto styles = static_cast<std::int64_t>(report::packet_time_style::since_first);
            s.time = static_cast<report::packet_time_style>(std::min(times, styles));
        },
        "times: -t none, -tt since 1970, -ttt since the last packet, -tttt with the date, -ttttt since the first");
    o.app().add_flag("-l", s.line_buffered, "show each packet at once, also into a pipe");
    o.app().add_flag("--print", s.print, "with -w: show the packets too");
    o.app().add_flag("--json", s.json, "one JSON object a line (docs/sonde.schema.json)");
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        if (!text.empty()) text += ' ';
        text += word;
    }
    return text;
}

}  // namespace

std::variant<sniff_settings, int> read_sniff_settings(int argc, char** argv) {
    options o("sniff", "see what passes: capture, show, write and read packets");
    sniff_settings s;
    std::vector<std::string> words;
    o.app().add_option("FILTER", words, "which packets, in tcpdump's language: 'icmp or arp', 'host 192.0.2.1'");
    add_capture_options(o, s);
    add_report_options(o, s);
    o.app().footer(
        "Without -i: the first interface that is up and not loopback, else any.\n"
        "Ctrl-C ends it with the counts; Ctrl-\\ prints them and goes on.\n"
        "Exit codes: 0 something was captured, 1 nothing was, 2 usage or an operation failed.");
    if (const auto done = o.parse(argc, argv)) return *done;
    s.filter = joined(words);
    if (s.snap_length == 0) s.snap_length = sniff_settings::largest_snap_length;
    const auto refused = [&](std::string_view why) {
        print_error(o.title(), why);
        return exit_trouble;
    };
    if (!s.read_path.empty() && !s.interface.empty()) return refused("-r and -i exclude each other");
    if (!s.read_path.empty() && s.deadline) return refused("--deadline is for capturing, not for -r");
    if (s.print && s.write_path.empty()) return refused("--print needs -w");
    if (s.print && s.write_path == "-") return refused("--print and -w - both want standard output");
    if (s.json && s.write_path == "-") return refused("--json and -w - both want standard output");
    return s;
}

}  // namespace sonde::cli
