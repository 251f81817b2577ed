#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/trace_settings.hpp>
#include <cli/vantage.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/route.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
using probe::trace_goal;
using probe::trace_method;

constexpr std::uint16_t dns_port = 53;  // of traceroute -U
constexpr double longest_factor = 1e6;  // beyond it the longest wait decides anyway
// Headers of a probe, and a payload that tells probes apart.
constexpr std::uint64_t smallest_packet_v4 = 28 + 4;
constexpr std::uint64_t smallest_packet_v6 = 48 + 4;
constexpr std::uint64_t largest_packet = 65'535;

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

std::optional<double> parse_real(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

// traceroute's -w MAX[,HERE[,NEAR]], with a comma or a slash: one number alone switches the other two off.
result<void> read_wait(const std::string& word, probe::trace_options& o) {
    std::array<std::string_view, 3> parts{};
    std::size_t count = 0;
    for (std::string_view rest = word; count < parts.size(); ++count) {
        const std::size_t end = rest.find_first_of(",/");
        parts[count] = rest.substr(0, end);
        if (end == std::string_view::npos) {
            ++count;
            break;
        }
        rest.remove_prefix(end + 1);
        if (count == 2)
            return wrong(fmt::format("'{}' has more than three parts: MAX,HERE,NEAR", report::escape_text(word)));
    }
    const auto longest = parse_duration(parts[0], 1s);
    if (!longest) return failure{report::escape_text(longest.error().what), {}, longest.error().code};
    if (*longest <= duration::zero()) return wrong("the longest wait must be above zero");
    std::array<double, 2> factors{0, 0};
    for (std::size_t i = 1; i < count; ++i) {
        const auto factor = parse_real(parts[i]);
        if (!factor || *factor < 0) {
            return wrong(fmt::format("'{}' is not a factor: HERE and NEAR are numbers of round-trip times, 0 for off",
                                     report::escape_text(parts[i])));
        }
        factors[i - 1] = *factor;
    }
    const auto bounded = [](double factor) { return factor == 0 ? longest_factor : std::min(factor, longest_factor); };
    o.wait = *longest;
    o.here = bounded(factors[0]);
    o.near = bounded(factors[1]);
    o.tail = factors[1] == 0 ? *longest : std::min(o.tail, *longest);
    return {};
}

// A bare number above 10 is in milliseconds, as with traceroute.
result<void> read_send_wait(const std::string& word, duration& wait) {
    const auto bare = parse_real(word);
    const auto read = parse_duration(word, bare && *bare > 10 ? duration{1ms} : duration{1s});
    if (!read) return failure{report::escape_text(read.error().what), {}, read.error().code};
    wait = *read;
    return {};
}

result<void> read_source(const std::string& word, ip_address& source) {
    const auto address = ip_address::parse(word);
    if (!address) return wrong(report::escape_text(address.error().what));
    source = *address;
    return {};
}

result<void> read_interface(const std::string& word, std::uint32_t& index) {
    index = socket::interface_index(word);
    if (index == 0) return wrong(fmt::format("'{}' is not an interface of this machine", report::escape_text(word)));
    return {};
}

// 0.95 or 95%.
result<void> read_confidence(const std::string& word, double& confidence) {
    const bool percent = word.ends_with('%');
    const auto read = parse_real(percent ? std::string_view(word).substr(0, word.size() - 1) : std::string_view(word));
    const double value = read ? *read / (percent ? 100 : 1) : 0;
    if (value < 0.5 || value > 0.9999) {
        return wrong(
            fmt::format("'{}' is not a confidence: write 0.5 to 0.9999, or 50% to 99.99%", report::escape_text(word)));
    }
    confidence = value;
    return {};
}

result<void> open_lab(const std::string& path, trace_settings& s) {
    auto scenario = read_lab(path, "sonde trace");
    if (!scenario) return scenario.error();
    s.lab = *std::move(scenario);
    return {};
}

struct choices {
    bool v4 = false;
    bool v6 = false;
    bool icmp = false;
    bool tcp = false;
    bool udp = false;
    bool paths = false;
    bool mtu = false;
    std::optional<std::uint16_t> port;
    std::vector<std::string> words;
    std::vector<std::string> files;
};

void add_probe_options(options& o, trace_settings& s, choices& c) {
    auto* icmp = o.app().add_flag("-I,--icmp", c.icmp, "ask by ICMP echo");
    auto* tcp = o.app().add_flag("-T,--tcp", c.tcp, "ask by TCP SYN, port 80");
    o.app()
        .add_flag("-U,--udp", c.udp, "ask by UDP, port 53 (without this letter too, port 33434)")
        ->excludes(icmp, tcp);
    tcp->excludes(icmp);
    o.number("-p,--port", c.port, {1, 65'535}, "the destination's port, one for all probes");
    o.number("-q,--queries", s.options.queries, {1, 10}, "probes per hop (3)");
    o.number("-f,--first", s.options.first_hop, {1, 255}, "begin with this hop (1)");
    o.number("-m,--max-hops,--ttl", s.options.max_hops, {1, 255}, "end with this hop (30)");
    o.word(
         "-w,--wait,--timeout", [&s](const std::string& w) { return read_wait(w, s.options); },
         "wait for an answer so long at most, HERE times another one's time of the same hop, NEAR times one of a later "
         "hop (5s,3,10; one value alone switches the others off)")
        ->type_name("MAX,HERE,NEAR");
    o.word(
         "-z,--sendwait", [&s](const std::string& w) { return read_send_wait(w, s.options.send_wait); },
         "time between two probes of a target (a bare number: seconds, above 10 milliseconds)")
        ->type_name("TIME");
    o.number("--retries", s.options.retries, {0, 10}, "ask a hop that was silent so often again (1)");
    o.number("--size", s.options.packet_size, {smallest_packet_v4, largest_packet},
             "bytes of the IP packet (60, IPv6 80)");
    o.number("-t,--tos", s.options.traffic_class, {0, 255}, "type of service, or traffic class (DSCP and ECN)");
    o.word(
         "-s,--source", [&s](const std::string& w) { return read_source(w, s.options.source); },
         "leave from this address")
        ->type_name("ADDRESS");
    o.word(
         "-i,--interface", [&s](const std::string& w) { return read_interface(w, s.options.interface); },
         "leave by this interface")
        ->type_name("NAME");
    o.app().add_flag("-F,--dont-fragment", s.options.dont_fragment, "no router may fragment the probes");
    o.word(
         "--rate",
         [&s](const std::string& w) -> result<void> {
             const auto n = parse_number(w, {1, 10'000'000});
             if (!n) return n.error();
             s.rate = static_cast<double>(*n);
             return {};
         },
         "probes a second over all targets, at most (1000; 5000 for several)")
        ->type_name("N");
}

void add_goal_options(options& o, trace_settings& s, choices& c) {
    auto* count = o.number("-c,--count", s.count, {0, 0xffffffff},
                           "ask the path N times and report as mtr does; 0: until Ctrl-C");
    o.duration("--interval", s.options.round_interval, 1s, "time between two of these rounds (seconds; 1s)");
    auto* paths = o.app().add_flag("--paths", c.paths, "find all equal-cost paths, and draw them")->excludes(count);
    o.word(
         "--confidence", [&s](const std::string& w) { return read_confidence(w, s.options.confidence); },
         "of --paths: that no next hop of a load balancer was missed (95%)")
        ->type_name("P");
    o.app().add_flag("--mtu", c.mtu, "find the path MTU, and where it shrinks")->excludes(count, paths);
}

void add_report_options(options& o, trace_settings& s) {
    o.app().add_flag("-n,--numeric", s.numeric, "no names for addresses");
    o.app().add_flag("-e,--extensions", s.extensions, "show ICMP extensions: MPLS labels, interfaces");
    o.app().add_flag("-A,--as", s.systems, "show autonomous systems, from --mmdb or the system's GeoLite2-ASN.mmdb");
    o.app()
        .add_option("--mmdb", s.databases, "a MaxMind database of autonomous systems or countries (repeatable)")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    o.app().add_flag("--quiet", s.quiet, "no remarks below the path; with --json only the summaries");
    o.app().add_flag("--json", s.json, "one JSON object a line (docs/sonde.schema.json)");
    o.word(
         "--lab", [&s](const std::string& w) { return open_lab(w, s); },
         "trace in this simulated network (docs/scenario.md), under virtual time")
        ->type_name("FILE");
}

// What a single option cannot see. The complaint, or nothing.
std::optional<std::string> contradiction(const trace_settings& s) {
    const auto& o = s.options;
    if (o.first_hop > o.max_hops) {
        return fmt::format("--first: hop {} lies beyond the last one, {} (--max-hops)", o.first_hop, o.max_hops);
    }
    // No time passes while nobody waits for it.
    if (s.lab && s.count == 0U) return "--count: without an end a lab would run as fast as it can for ever";
    if (s.lab && o.interface != 0) return "--interface: a lab has none of this machine's interfaces";
    if (o.packet_size != 0 && o.method == trace_method::tcp) return "--size: a TCP SYN has the size that it has";
    const bool v6 = s.only == family::v6 || std::ranges::any_of(s.targets, [](const listed_target& t) {
                        return t.address && !t.address->is_v4();
                    });
    if (v6 && o.packet_size != 0 && o.packet_size < smallest_packet_v6) {
        return fmt::format("--size: '{}' is too small for IPv6: write {} to {}", o.packet_size, smallest_packet_v6,
                           largest_packet);
    }
    if (o.goal == trace_goal::mtu && o.method == trace_method::tcp) {
        return "--mtu: a TCP SYN cannot be as large as a path takes; ask by UDP or ICMP (-I)";
    }
    if (!o.source.is_unspecified() && s.only && *s.only != o.source.family()) {
        return fmt::format("--source: '{}' is not an IPv{} address", o.source.to_string(), static_cast<int>(*s.only));
    }
    const auto family_of_source = o.source.is_unspecified() ? s.only : std::optional(o.source.family());
    for (const auto& target : s.targets) {
        if (!target.address || !family_of_source || target.address->family() == *family_of_source) continue;
        return fmt::format("'{}' is not an IPv{} address{}", target.label, static_cast<int>(*family_of_source),
                           o.source.is_unspecified() ? "" : ", as the source is");
    }
    return std::nullopt;
}

std::optional<std::string> read_targets(trace_settings& s, const choices& c) {
    for (const auto& word : c.words) {
        // traceroute's second argument; as a short form of an address, 0.0.5.120, it is nobody's.
        if (!word.empty() && word.find_first_not_of("0123456789") == std::string::npos) {
            return fmt::format("'{0}' is not a host; the size of the packets is an option: --size {0}",
                               word.substr(0, 20));
        }
        if (const auto read = append_targets(s.targets, word); !read) return read.error().what;
    }
    for (const auto& file : c.files) {
        if (const auto read = append_targets_from(s.targets, file); !read) return read.error().what;
    }
    if (!s.targets.empty()) return std::nullopt;
    return c.files.empty() ? "no target given; try 'sonde trace 127.0.0.1' or 'sonde trace --help'"
                           : "the target list is empty";
}

void settle(trace_settings& s, const choices& c) {
    auto& o = s.options;
    o.method = c.icmp ? trace_method::icmp : c.tcp ? trace_method::tcp : trace_method::udp;
    o.goal = c.paths ? trace_goal::paths : c.mtu ? trace_goal::mtu : trace_goal::path;
    o.port = c.port.value_or(c.udp ? dns_port : 0);
    if (c.v4 || c.v6) s.only = c.v4 ? family::v4 : family::v6;
    if (s.count) o.rounds = *s.count;
}

}  // namespace

std::size_t trace_settings::shown_size(family f) const noexcept {
    if (options.packet_size != 0) return options.packet_size;
    return f == family::v4 ? 60 : 80;
}

std::variant<trace_settings, int> read_trace_settings(int argc, char** argv) {
    options o("trace", "find the path to hosts: traceroute's letters, all hops at once, no privilege");
    trace_settings s;
    choices c;
    o.app().add_option("TARGET", c.words, "addresses, names or prefixes (192.0.2.0/28)");
    o.app()
        .add_option("--targets", c.files, "a file of targets, '-' for standard input (repeatable)")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    add_probe_options(o, s, c);
    add_goal_options(o, s, c);
    add_report_options(o, s);
    auto* only_v4 = o.app().add_flag("-4,--ipv4", c.v4, "IPv4 only");
    o.app().add_flag("-6,--ipv6", c.v6, "IPv6 only")->excludes(only_v4);
    o.app().footer(
        "Marks: !H !N !P host, network, protocol unreachable; !X prohibited; !F-1400 larger than this MTU; !<N> other "
        "codes.\n"
        "Ctrl-C ends with what is known so far; Ctrl-\\ shows it and goes on.\n"
        "Exit codes: 0 every target was reached, 1 one was not, 2 usage or an operation failed.");
    if (const auto done = o.parse(argc, argv)) return *done;
    settle(s, c);
    auto complaint = read_targets(s, c);
    if (!complaint) complaint = contradiction(s);
    if (complaint) {
        print_error(o.title(), *complaint);
        return exit_trouble;
    }
    if (!s.options.source.is_unspecified()) s.only = s.options.source.family();
    return s;
}

}  // namespace sonde::cli
