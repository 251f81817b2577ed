#include <algorithm>
#include <charconv>

#include <cli/command.hpp>
#include <cli/options.hpp>
#include <cli/output.hpp>
#include <cli/recv_settings.hpp>
#include <cli/suggestion.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/wire/header_layout.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t raw_protocol = 255;

failure wrong(std::string why) {
    return {std::move(why), {}, std::make_error_code(std::errc::invalid_argument)};
}

bool is_number(std::string_view word) {
    return !word.empty() && word.front() >= '0' && word.front() <= '9';
}

std::string lower(std::string_view word) {
    std::string out(word);
    std::ranges::transform(out, out.begin(), [](char c) {
        if (c == '_' || c == ' ') return '-';
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::vector<std::string> protocol_names() {
    std::vector<std::string> names;
    for (unsigned n = 0; n < raw_protocol; ++n) {
        const auto name = report::message_protocol_name(static_cast<std::uint8_t>(n));
        if (!name.empty()) names.push_back(lower(name));
    }
    names.emplace_back("icmp6");
    return names;
}

// A prefix, or an address, which is a prefix of all its bits.
result<void> read_prefix(const std::string& word, std::vector<prefix>& into) {
    std::string text = word;
    if (text.find('/') == std::string::npos) {
        const auto address = ip_address::parse(word);
        if (!address) return wrong(report::escape_text(address.error().what));
        text = fmt::format("{}/{}", address->with_scope(0).to_string(), address->bytes().size() * 8);
    }
    const auto read = prefix::parse(text);
    if (!read) return wrong(report::escape_text(read.error().what));
    into.push_back(*read);
    return {};
}

bool within(const std::vector<prefix>& wanted, const ip_address& address) {
    return wanted.empty() ||
           std::ranges::any_of(wanted, [&](const prefix& p) { return p.contains(address.with_scope(0)); });
}

void add_options(options& o, recv_settings& s, std::vector<std::string>& types) {
    o.app()
        .add_option("--type", types, "only messages of this type, by number or name (repeatable): 8, echo-request")
        ->type_name("TYPE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    o.word(
         "--from", [&s](const std::string& w) { return read_prefix(w, s.from); },
         "only from these addresses (repeatable)")
        ->type_name("PREFIX")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    o.word(
         "--to", [&s](const std::string& w) { return read_prefix(w, s.to); }, "only to these addresses (repeatable)")
        ->type_name("PREFIX")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    o.word(
        "-I,--interface",
        [&s](const std::string& w) -> result<void> {
            const auto found = socket::find_interface(w);
            if (!found) return wrong(report::escape_text(found.error().what));
            s.interface = found->name;
            s.interface_index = found->index;
            return {};
        },
        "only what comes in there");
    o.word(
         "--join",
         [&s](const std::string& w) -> result<void> {
             const auto group = ip_address::parse(w);
             if (!group) return wrong(report::escape_text(group.error().what));
             if (std::ranges::find(s.groups, *group, &group_membership::group) == s.groups.end()) {
                 s.groups.push_back({*group});
             }
             return {};
         },
         "join this multicast group, by the interface of -I or of the routing table (repeatable)")
        ->type_name("GROUP")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    o.number("-c,--count", s.count, {1, 0xffffffff}, "stop after N datagrams");
    o.duration("-w,--deadline", s.deadline, 1s, "stop after this time (a bare number: seconds)");
    o.app().add_flag("--bytes", s.bytes,
                     "the bytes of each datagram in a row instead of a line; with -v both, and rows of sixteen");
    o.app().add_flag("-q,--quiet", s.quiet, "only the summary");
    o.app().add_flag("-v,--verbose", s.verbose, "also say what a raw socket sees here, and what it does not");
    o.app().add_flag("--json", s.json, "one JSON object a line (docs/sonde.schema.json)");
}

}  // namespace

result<std::uint8_t> read_protocol(std::string_view word) {
    std::uint8_t number = 0;
    if (is_number(word)) {
        const auto read = parse_number(word, {0, 255});
        if (!read) return wrong(read.error().what);
        number = static_cast<std::uint8_t>(*read);
    } else if (const auto known = wire::ip_protocol_number(word)) {
        number = *known;
    } else {
        return wrong(fmt::format("unknown protocol '{}'{}", report::escape_text(word),
                                 did_you_mean(lower(word), protocol_names(), "; write a name or a number, 0 to 255")));
    }
    if (number == raw_protocol) {
        return wrong("protocol 255 is IPPROTO_RAW, a socket for sending alone: it receives nothing");
    }
    if (number == 0) return wrong("protocol 0 stands for 'any' in socket(2), and no raw socket can be opened for it");
    return number;
}

result<std::vector<family>> families_of(std::uint8_t protocol, std::optional<family> wish) {
    if (protocol == wire::ip_protocol::icmp) {
        if (wish == family::v6) return wrong("ICMP goes over IPv4 alone; for ICMPv6 write 'sonde recv icmp6'");
        return std::vector{family::v4};
    }
    if (protocol == wire::ip_protocol::icmpv6) {
        if (wish == family::v4) return wrong("ICMPv6 goes over IPv6 alone; for ICMP write 'sonde recv icmp'");
        return std::vector{family::v6};
    }
    if (wish) return std::vector{*wish};
    if (protocol == wire::ip_protocol::igmp) return std::vector{family::v4};
    return std::vector{family::v4, family::v6};
}

result<std::uint8_t> read_message_type(std::uint8_t protocol, std::string_view word) {
    const wire::header_field* field = report::message_type_field(protocol);
    if (field == nullptr) {
        const auto name = report::message_protocol_name(protocol);
        return wrong(fmt::format("{} has no message types; those of icmp, icmp6, igmp and ospf are known",
                                 name.empty() ? fmt::format("protocol {}", protocol) : std::string(name)));
    }
    if (is_number(word)) {
        const auto read = parse_number(word, {0, 255});
        if (!read) return wrong(read.error().what);
        return static_cast<std::uint8_t>(*read);
    }
    const std::string wanted = lower(word);
    std::vector<std::string> known;
    for (const auto& name : field->names) {
        known.push_back(lower(name.name));
        if (known.back() == wanted) return static_cast<std::uint8_t>(name.value);
    }
    for (const auto& variant : report::message_layout(protocol)->variants) {
        known.push_back(lower(variant.name));
        if (known.back() == wanted) return static_cast<std::uint8_t>(variant.value);
    }
    return wrong(fmt::format("'{}' is no message type of {}{}", report::escape_text(word),
                             report::message_protocol_name(protocol),
                             did_you_mean(wanted, known, "; write its number, 0 to 255")));
}

result<void> check_group(const ip_address& group, const std::vector<family>& families, std::uint32_t interface) {
    const std::string text = report::escape_text(group.to_string());
    if (!group.is_multicast()) return wrong(fmt::format("{} is no multicast group", text));
    if (std::ranges::find(families, group.family()) == families.end()) {
        return wrong(
            fmt::format("{} is a group of {}, which is not received here", text, group.is_v4() ? "IPv4" : "IPv6"));
    }
    if (interface != 0 && group.scope_id() != 0 && group.scope_id() != interface) {
        return wrong(fmt::format("{} is on another interface than that of -I", text));
    }
    return {};
}

recv_verdict judge(const recv_settings& s, const report::datagram_view& view, std::uint32_t interface) {
    if (s.interface_index != 0 && interface != 0 && interface != s.interface_index)
        return recv_verdict::other_interface;
    if (!s.types.empty()) {
        const auto type = view.type();
        if (!type) return recv_verdict::malformed;
        if (std::ranges::find(s.types, *type) == s.types.end()) return recv_verdict::other_type;
    }
    if (!within(s.from, view.source)) return recv_verdict::other_source;
    if (s.to.empty()) return recv_verdict::show;
    if (!view.destination) return recv_verdict::malformed;
    return within(s.to, *view.destination) ? recv_verdict::show : recv_verdict::other_destination;
}

std::variant<recv_settings, int> read_recv_settings(int argc, char** argv) {
    options o("recv", "a raw socket's view: the datagrams of one protocol that come in here");
    recv_settings s;
    std::string protocol;
    std::vector<std::string> types;
    bool v4 = false;
    bool v6 = false;
    o.app().add_option("PROTOCOL", protocol, "icmp, icmp6, tcp, udp, igmp, ospf, another name, or a number");
    add_options(o, s, types);
    auto* only_v4 = o.app().add_flag("-4,--ipv4", v4, "IPv4 only");
    o.app().add_flag("-6,--ipv6", v6, "IPv6 only")->excludes(only_v4);
    o.app().footer(
        "Ctrl-C ends with the summary; Ctrl-\\ prints it and goes on.\n"
        "Exit codes: 0 something was received, 1 nothing, 2 usage or an operation failed.\n"
        "Example: sonde recv icmp --bytes -c 2");
    if (const auto done = o.parse(argc, argv)) return *done;

    const auto complain = [&o](const failure& f) {
        print_failure(o.title(), f);
        return exit_trouble;
    };
    if (protocol.empty()) {
        print_error(o.title(), "no protocol given; try 'sonde recv icmp' or 'sonde recv --help'");
        return exit_trouble;
    }
    const auto number = read_protocol(protocol);
    if (!number) return complain(number.error());
    s.protocol = *number;
    const auto families = families_of(s.protocol, v4   ? std::optional(family::v4)
                                                  : v6 ? std::optional(family::v6)
                                                       : std::nullopt);
    if (!families) return complain(families.error());
    s.families = *families;
    for (const auto& membership : s.groups) {
        const auto possible = check_group(membership.group, s.families, s.interface_index);
        if (!possible) return complain({"--join: " + possible.error().what, {}, possible.error().code});
    }
    for (const auto& word : types) {
        const auto type = read_message_type(s.protocol, word);
        if (!type) return complain({"--type: " + type.error().what, {}, type.error().code});
        s.types.push_back(*type);
    }
    return s;
}

}  // namespace sonde::cli
