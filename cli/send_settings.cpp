#include <chrono>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/send_layers.hpp>
#include <cli/send_settings.hpp>
#include <cli/suggestion.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most_count = 1'000'000'000'000;
constexpr std::uint64_t most_rate = 100'000'000;

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

result<void> read_door(const std::string& word, send_settings& s) {
    for (const door d : {door::link, door::network, door::transport}) {
        if (word != to_string(d)) continue;
        s.through = d;
        return {};
    }
    return wrong(fmt::format("'{}' is not one of link, network, transport{}", report::escape_text(word),
                             did_you_mean(word, {"link", "network", "transport"})));
}

result<void> read_dialect(const std::string& word, send_settings& s) {
    std::string known;
    for (const auto& rules : socket::all_dialects())
        known += fmt::format("{}{}", known.empty() ? "" : ", ", rules.name);
    s.dialect = socket::find_dialect(word);
    if (!s.dialect) return wrong(fmt::format("'{}' is not one of {}", report::escape_text(word), known));
    return {};
}

result<void> read_protocol(const std::string& word, send_settings& s) {
    s.protocol = wire::ip_protocol_number(word);
    if (s.protocol) return {};
    const auto number = parse_number(word, {0, 255});
    if (!number)
        return wrong(fmt::format("'{}' is no protocol's name and no number up to 255", report::escape_text(word)));
    s.protocol = static_cast<std::uint8_t>(*number);
    return {};
}

result<void> read_destination(const std::string& word, send_settings& s) {
    const auto address = ip_address::parse(word);
    if (!address) return wrong(fmt::format("'{}' is no address", report::escape_text(word)));
    s.destination = *address;
    return {};
}

result<void> read_interface(const std::string& word, send_settings& s) {
    auto found = socket::find_interface(word);
    if (!found) return found.error();
    s.interface = std::move(*found);
    return {};
}

void add_way_options(options& o, send_settings& s) {
    o.word(
        "--layer", [&s](const std::string& w) { return read_door(w, s); },
        "the door: link (a packet socket), network (a raw socket, IP_HDRINCL), transport (a raw socket, the kernel "
        "writes the IP header); by default what the packet begins with decides");
    o.word(
        "-i,-I,--interface", [&s](const std::string& w) { return read_interface(w, s); }, "leave by this interface");
    o.word(
        "--dst", [&s](const std::string& w) { return read_destination(w, s); },
        "where to, for the transport door when the packet has no ip layer");
    o.word(
        "--protocol", [&s](const std::string& w) { return read_protocol(w, s); },
        "the IP protocol of what begins with bytes, for the transport door: a name or a number");
}

void add_rate_options(options& o, send_settings& s) {
    o.number("-c,--count", s.count, {0, most_count}, "send it N times, a file's packets N times over; 0: no end (1)");
    o.duration("--interval", s.interval, 1s,
               "time between two packets (a bare number: seconds; 1s for one packet "
               "repeated, none for a file)");
    o.word(
        "--rate",
        [&s](const std::string& w) -> result<void> {
            const auto n = parse_number(w, {1, most_rate});
            if (!n) return n.error();
            s.rate = *n;
            return {};
        },
        "packets a second");
    o.duration("--wait", s.wait, 1s,
               "print what answers, until this long after the last packet (a bare number: seconds)");
}

void add_report_options(options& o, send_settings& s, bool& layers) {
    o.app().add_flag("--explain", s.explain,
                     "draw each header, say who wrote each field, and show the bytes as written and as they left");
    o.word(
        "--dialect", [&s](const std::string& w) { return read_dialect(w, s); },
        "with --explain: what must be written on linux, freebsd, freebsd10 or macos instead");
    o.app().add_flag("-n,--dry-run", s.dry_run, "send nothing; needs no privilege");
    o.app().add_flag("--layers", layers, "list all layers with their forms, fields, defaults and options, and exit");
    o.app().add_flag("-q,--quiet", s.quiet, "no summary");
    o.app().add_flag("--json", s.json, "one JSON object a line (docs/sonde.schema.json)");
}

std::optional<int> choose_input(options& o, send_settings& s, const std::vector<std::string>& words,
                                const std::string& hex, const std::string& file) {
    // Given and empty is not the same as not given.
    const bool has_hex = o.app().count("--hex") > 0;
    const bool has_file = o.app().count("--file") > 0;
    const int given = static_cast<int>(!words.empty()) + static_cast<int>(has_hex) + static_cast<int>(has_file);
    if (given == 0) {
        print_error(o.title(), "no packet given; try: sonde send --explain --dry-run 'ip(dst=127.0.0.1)/icmp(echo)'");
        return exit_trouble;
    }
    if (given > 1 || words.size() > 1) {
        print_error(o.title(), words.size() > 1
                                   ? "more than one packet: put it between quotes, so that the shell leaves it whole"
                                   : "a packet in words, --hex and --file exclude each other");
        return exit_trouble;
    }
    if (has_hex) {
        s.kind = input_kind::hex;
        s.input = hex;
    } else if (has_file || words.front() == "-") {
        s.kind = input_kind::file;
        s.input = has_file ? file : "-";
    } else {
        s.input = words.front();
    }
    return std::nullopt;
}

std::optional<std::string> contradiction(const send_settings& s) {
    if (s.rate && s.interval) return "--rate and --interval exclude each other";
    if (s.dry_run && s.wait) return "--dry-run sends nothing that --wait could wait for";
    if (s.dialect && !s.explain) return "--dialect is for --explain";
    if (s.protocol && s.through && *s.through != door::transport) return "--protocol is for --layer transport";
    // A whole packet says itself where to, and what it is.
    const bool without_ip = s.through == door::transport && s.destination && s.protocol;
    if (s.kind != input_kind::words && (s.destination || s.protocol) && !without_ip) {
        return "--dst and --protocol would have no effect: they are for bytes without an IP header, both together with "
               "--layer transport";
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(door through) noexcept {
    switch (through) {
        case door::link:
            return "link";
        case door::network:
            return "network";
        case door::transport:
            return "transport";
    }
    return "network";
}

duration send_settings::gap() const {
    if (rate) return duration{std::chrono::seconds{1}} / *rate;
    return interval.value_or(kind == input_kind::file ? duration::zero() : duration{1s});
}

std::variant<send_settings, int> read_send_settings(int argc, char** argv) {
    options o("send", "send any packet, and show who wrote which byte");
    send_settings s;
    std::vector<std::string> words;
    std::string hex;
    std::string file;
    bool layers = false;
    o.app().add_option("PACKET", words,
                       "in words: 'ip(dst=127.0.0.1)/icmp(echo, id=7)/\"hello\"'; '-': standard input");
    o.app().add_option("--hex", hex, "the packet's bytes as hexadecimal digits")->type_name("DIGITS");
    o.app()
        .add_option("--file", file, "the packet's bytes, or a capture file, all of whose packets are sent in order")
        ->type_name("FILE");
    add_way_options(o, s);
    add_rate_options(o, s);
    add_report_options(o, s, layers);
    o.app().footer(
        "Fields that are given stay as given, wrong ones too; the others are filled in. docs/send.md has examples.\n"
        "Exit codes: 0 sent (with --wait: and answered), 1 not answered, 2 usage or an operation failed.");
    if (const auto done = o.parse(argc, argv)) return *done;
    if (layers) return write_out(layer_listing()) ? exit_yes : exit_trouble;
    if (const auto done = choose_input(o, s, words, hex, file)) return *done;
    if (const auto why = contradiction(s)) {
        print_error(o.title(), *why);
        return exit_trouble;
    }
    return s;
}

}  // namespace sonde::cli
