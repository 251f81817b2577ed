#include <algorithm>
#include <charconv>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/ping_settings.hpp>
#include <cli/vantage.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/route.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most_count = 0xffffffff;

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

result<void> read_pattern(const std::string& text, probe::payload_pattern& pattern) {
    const auto bad = [&](std::string_view why) {
        return wrong(fmt::format("'{}' is not a pattern: {}", report::escape_text(text), why));
    };
    if (text.empty() || text.size() > 2 * pattern.bytes.size()) return bad("write 1 to 16 bytes as hexadecimal digits");
    pattern.size = 0;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        std::uint8_t byte = 0;
        const char* end = text.data() + std::min(i + 2, text.size());
        const auto [stopped, error] = std::from_chars(text.data() + i, end, byte, 16);
        if (error != std::errc{} || stopped != end) return bad("not hexadecimal digits");
        pattern.bytes[pattern.size++] = std::byte{byte};
    }
    return {};
}

result<void> read_path_mtu(const std::string& word, path_mtu& mtu) {
    if (word == "do") {
        mtu = path_mtu::require;
    } else if (word == "want") {
        mtu = path_mtu::want;
    } else if (word == "dont") {
        mtu = path_mtu::dont;
    } else if (word == "probe") {
        mtu = path_mtu::probe;
    } else {
        return wrong(fmt::format("'{}' is not one of do, want, dont, probe", report::escape_text(word)));
    }
    return {};
}

// -I takes an interface or an address of this machine.
result<void> read_source(const std::string& word, ping_settings& s) {
    if (const std::uint32_t index = socket::interface_index(word); index != 0) {
        s.interface = word;
        s.profile.interface = index;
        return {};
    }
    const auto address = ip_address::parse(word);
    if (!address) {
        return wrong(
            fmt::format("'{}' is neither an interface of this machine nor an address", report::escape_text(word)));
    }
    s.profile.source = *address;
    return {};
}

result<void> read_until(const std::string& word, stop_when& until) {
    if (word != "up" && word != "down")
        return wrong(fmt::format("'{}' is not one of up, down", report::escape_text(word)));
    until = word == "up" ? stop_when::up : stop_when::down;
    return {};
}

result<void> open_lab(const std::string& path, ping_settings& s) {
    auto scenario = read_lab(path, "sonde ping");
    if (!scenario) return scenario.error();
    s.lab = *std::move(scenario);
    return {};
}

void add_probe_options(options& o, ping_settings& s) {
    o.number("-c,--count", s.count, {1, most_count}, "stop after N pings of each target");
    o.duration("-i,--interval", s.interval, 1s, "time between two pings of a target (a bare number: seconds; 1s)");
    o.duration("-W,--timeout", s.timeout, 1s, "time to wait for a reply (seconds; twice the interval, at least 1s)");
    o.duration("-w,--deadline", s.deadline, 1s,
               "stop after this time; with -c, only then or after N answers (seconds)");
    o.number("-s,--size", s.profile.payload_size, {0, probe::echo_profile::largest_payload}, "payload bytes (56)");
    o.number("-t,--ttl", s.profile.hop_limit, {1, 255}, "time to live, or hop limit");
    o.number("-Q,--tos", s.profile.traffic_class, {0, 255}, "type of service, or traffic class (DSCP and ECN)");
    o.word(
        "-I,--source,--interface", [&s](const std::string& w) { return read_source(w, s); },
        "leave by this interface, or from this address");
    o.word(
        "-M,--pmtudisc", [&s](const std::string& w) { return read_path_mtu(w, s.profile.mtu); },
        "path MTU discovery: do (never fragment), want, dont, probe");
    o.word(
        "-p,--pattern", [&s](const std::string& w) { return read_pattern(w, s.profile.pattern); },
        "fill the payload with these bytes, 1 to 16 as hexadecimal digits");
    o.word(
        "--lab", [&s](const std::string& w) { return open_lab(w, s); },
        "ask in this simulated network (docs/scenario.md), under virtual time; 4 pings unless -c or -w says");
    o.number("-m,--mark", s.mark, {0, 0xffffffff}, "SO_MARK of what is sent (needs CAP_NET_ADMIN)");
    o.app().add_flag("-b,--broadcast", s.profile.broadcast, "allow a broadcast address");
    o.app().add_flag("-f,--flood", s.flood, "send as fast as replies come, at least 100 a second");
    o.app().add_flag("-A,--adaptive", s.adaptive, "send the next ping when the reply to the last has come");
    o.word(
        "--rate",
        [&s](const std::string& w) -> result<void> {
            const auto n = parse_number(w, {1, 10'000'000});
            if (!n) return n.error();
            s.rate = static_cast<double>(*n);
            return {};
        },
        "pings a second over all targets, at most (25000 for several targets)");
}

void add_report_options(options& o, ping_settings& s) {
    o.app().add_flag("-q,--quiet", s.quiet, "only the header and the statistics");
    o.app().add_flag("-n,--numeric", s.numeric, "no names for addresses");
    o.app().add_flag("-D,--timestamp", s.timestamps, "the time before each line");
    o.app().add_flag("-O,--outstanding", s.outstanding, "say so when a ping has no answer yet");
    o.app().add_flag("-a,--audible", s.audible, "a bell for each reply");
    o.app().add_flag("-v,--verbose", s.verbose, "also the kind of socket, and what is unusual about a reply");
    o.app().add_flag("--json", s.json, "one JSON object a line (docs/sonde.schema.json)");
    o.app().add_flag("--plot", s.plot, "a histogram of the round-trip times at the end");
    o.word(
         "--fail-if",
         [&s](const std::string& w) -> result<void> {
             auto condition = stats::fail_condition::parse(w);
             if (!condition) return wrong(report::escape_text(condition.error().what));
             s.fail_if.push_back(std::move(*condition));
             return {};
         },
         "exit 1 if this holds of any target at the end: 'loss>1%', 'p95>50ms' (repeatable)")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    o.word(
        "--until", [&s](const std::string& w) { return read_until(w, s.until); },
        "stop, with exit 0, when every target is up (answered) or down (did not)");
}

// Words in the order of the command line, files after them. The complaint has been printed when there is a code.
std::optional<int> read_targets(options& o, ping_settings& s, const std::vector<std::string>& words,
                                const std::vector<std::string>& files) {
    result<void> read;
    for (const auto& word : words) {
        if (read) read = append_targets(s.targets, word);
    }
    for (const auto& file : files) {
        if (read) read = append_targets_from(s.targets, file);
    }
    if (!read) {
        print_failure(o.title(), read.error());
        return exit_trouble;
    }
    if (s.only) {
        for (const auto& target : s.targets) {
            if (!target.address || target.address->family() == *s.only) continue;
            print_error(o.title(),
                        fmt::format("'{}' is not an IPv{} address{}", target.label, static_cast<int>(*s.only),
                                    s.profile.source.is_unspecified() ? "" : ", as the source is"));
            return exit_trouble;
        }
    }
    if (!s.targets.empty()) return std::nullopt;
    print_error(o.title(), files.empty() ? "no target given; try 'sonde ping 127.0.0.1' or 'sonde ping --help'"
                                         : "the target list is empty");
    return exit_trouble;
}

}  // namespace

duration ping_settings::reply_timeout() const {
    return timeout.value_or(std::clamp<duration>(2 * interval, 1s, 10s));
}

duration ping_settings::send_interval() const {
    return flood || interval == duration::zero() ? duration{10ms} : interval;
}

std::optional<duration> ping_settings::eager_gap() const {
    if (flood || interval == duration::zero()) return duration::zero();
    if (adaptive) return duration{2ms};  // what iputils allows an unprivileged user
    return std::nullopt;
}

std::variant<ping_settings, int> read_ping_settings(int argc, char** argv) {
    options o("ping", "ask hosts whether they answer: ICMP echo to one target or many");
    ping_settings s;
    std::vector<std::string> words;
    std::vector<std::string> files;
    bool v4 = false;
    bool v6 = false;
    o.app().add_option("TARGET", words, "addresses, names or prefixes (192.0.2.0/28)");
    o.app()
        .add_option("--targets", files, "a file of targets, '-' for standard input (repeatable)")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    add_probe_options(o, s);
    add_report_options(o, s);
    auto* only_v4 = o.app().add_flag("-4,--ipv4", v4, "IPv4 only");
    o.app().add_flag("-6,--ipv6", v6, "IPv6 only")->excludes(only_v4);
    o.app().footer(
        "Several targets share one socket per family and end in a table.\n"
        "Ctrl-C prints the summary and exits; Ctrl-\\ prints it and goes on.\n"
        "Exit codes: 0 every target answered, 1 one did not or --fail-if held, 2 usage or an operation failed.");
    if (const auto done = o.parse(argc, argv)) return *done;
    if (v4 || v6) s.only = v4 ? family::v4 : family::v6;
    if (!s.profile.source.is_unspecified()) {
        const family given = s.profile.source.family();
        if (s.only && *s.only != given) {
            print_error(o.title(), fmt::format("--source: '{}' is not an IPv{} address", s.profile.source.to_string(),
                                               static_cast<int>(*s.only)));
            return exit_trouble;
        }
        s.only = given;
    }
    if (const auto done = read_targets(o, s, words, files)) return *done;
    // No time passes while nobody waits for it: without an end it would be one screen after the other.
    if (s.lab && s.count == 0 && !s.deadline && s.until == stop_when::never) s.count = 4;
    return s;
}

}  // namespace sonde::cli
