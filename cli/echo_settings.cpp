#include <charconv>
#include <cmath>

#include <cli/command.hpp>
#include <cli/echo_settings.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/interface.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

/// An option that `parse` reads into `value`.
template <class Value, class Parse, class Store>
CLI::Option* add_word(options& o, const std::string& names, Parse parse, Store store, const std::string& help) {
    return o.word(
        names,
        [parse, store](const std::string& word) -> result<void> {
            const result<Value> read = parse(word);
            if (!read) return wrong(report::escape_text(read.error().what));
            store(*read);
            return {};
        },
        help);
}

void add_faults(options& o, respond::echo_faults& f) {
    const auto probability = [&o](const std::string& name, double& value, const std::string& help) {
        add_word<double>(
            o, name, parse_probability, [&value](double p) { value = p; }, help)
            ->type_name("P");
    };
    o.number("--truncate", f.truncate, {0, 65535}, "replies keep at most N bytes of payload");
    o.app().add_flag("--zero-payload", f.zero_payload, "the payload of replies is all zeros");
    probability("--corrupt", f.corrupt, "change one payload byte of a reply, with this probability (0.1 or 10%)");
    probability("--drop", f.drop, "do not answer, with this probability");
    probability("--duplicate", f.duplicate, "answer twice, with this probability");
    add_word<delay_range>(
        o, "--delay", parse_delay,
        [&f](const delay_range& d) {
            f.delay = d.middle;
            f.jitter = d.jitter;
        },
        "answer later by this time: 100ms, or 100ms±20ms (also 100ms+-20ms) for any time in between")
        ->type_name("TIME");
    add_word<ip_address>(
        o, "--wrong-source", ip_address::parse, [&f](const ip_address& a) { f.wrong_source = a; },
        "replies of its family come from this address")
        ->type_name("ADDRESS");
    o.number("--seed", f.seed, {}, "of what happens by chance (1)");
}

/// Given, there, and no loopback. The complaint has been printed when there is a code.
std::optional<int> check_interface(const options& o, const std::string& name) {
    if (name.empty()) {
        const auto all = socket::interfaces();
        std::string names;
        if (all) {
            for (const auto& i : *all) names += (names.empty() ? "" : ", ") + report::escape_text(i.name);
        }
        print_error(o.title(), fmt::format("which interface? -i one of: {}", names));
        return exit_trouble;
    }
    const auto found = socket::find_interface(name);
    if (!found) {
        print_failure(o.title(), found.error());
        return exit_trouble;
    }
    if (found->loopback) {
        print_error(o.title(), fmt::format("{} is the loopback interface: nobody but this machine itself asks there",
                                           report::escape_text(found->name)));
        return exit_trouble;
    }
    return std::nullopt;
}

}  // namespace

result<double> parse_probability(std::string_view text) {
    const auto bad = [&] {
        return wrong(fmt::format("'{}' is not a probability: write 0 to 1, or 0% to 100%", report::escape_text(text)));
    };
    const bool percent = text.ends_with('%');
    const std::string_view digits = percent ? text.substr(0, text.size() - 1) : text;
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value)) return bad();
    if (percent) value /= 100;
    if (value < 0 || value > 1 || std::signbit(value)) return bad();
    return value;
}

result<delay_range> parse_delay(std::string_view text) {
    std::size_t at = text.find("\u00b1");
    std::size_t sign = 2;
    if (at == std::string_view::npos) at = text.find("+-");
    if (at == std::string_view::npos) sign = 0;
    const auto middle = parse_duration(text.substr(0, at), 1ms);
    if (!middle) return middle.error();
    if (sign == 0) return delay_range{*middle, {}};
    const auto jitter = parse_duration(text.substr(at + sign), 1ms);
    if (!jitter) return jitter.error();
    return delay_range{*middle, *jitter};
}

result<prefix> parse_prefix_or_address(std::string_view text) {
    if (text.find('/') != std::string_view::npos) return prefix::parse(text);
    const auto address = ip_address::parse(text);
    if (!address) return address.error();
    return prefix::parse(fmt::format("{}/{}", text, address->is_v4() ? 32 : 128));
}

std::variant<echo_settings, int> read_echo_settings(int argc, char** argv) {
    options o("echo", "answer echo requests, ARP and neighbour solicitations beside the kernel");
    echo_settings s;
    o.word(
         "-i,--interface",
         [&s](const std::string& word) -> result<void> {
             s.interface = word;
             return {};
         },
         "the interface to answer on")
        ->type_name("NAME");
    add_word<prefix>(
        o, "--address", parse_prefix_or_address, [&s](const prefix& p) { s.prefixes.push_back(p); },
        "answer for every address of this prefix (repeatable), instead of for the interface's own addresses")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("PREFIX");
    o.app().add_flag("--only", s.only,
                     "nobody but sonde answers: silence the kernel's echo replies while it runs, on all interfaces");
    o.number("-c,--count", s.count, {1, 1'000'000'000'000}, "stop after N echo replies");
    o.duration("-w,--deadline", s.deadline, 1s, "stop after this time");
    add_faults(o, s.faults);
    o.app().add_flag("-q,--quiet", s.quiet, "no live line");
    o.app().add_flag("-v,--verbose", s.verbose, "a line for each request");
    o.app().add_flag("--json", s.json, "one JSON object a line (docs/sonde.schema.json)");
    o.app().footer(
        "Ctrl-C prints the summary and exits; Ctrl-\\ prints it and goes on.\n"
        "Exit codes: 0 something was answered, 1 nothing was, 2 usage or an operation failed.\n"
        "Example: sonde echo -i eth0 --address 10.99.0.0/16");
    if (const auto done = o.parse(argc, argv)) return *done;
    if (const auto done = check_interface(o, s.interface)) return *done;
    return s;
}

}  // namespace sonde::cli
