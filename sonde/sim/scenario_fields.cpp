#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sonde/base/nearest_word.hpp>
#include <sonde/sim/scenario_fields.hpp>

namespace sonde::sim {

namespace {

constexpr duration longest_delay = std::chrono::hours{1};

std::string quoted(std::string_view text) {
    return fmt::format("'{}'", shown(text));
}

struct split_number {
    double number;
    std::string_view unit;
};

std::optional<split_number> leading_number(std::string_view text) {
    double number = 0;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
    return split_number{number, text.substr(static_cast<std::size_t>(rest - text.data()))};
}

}  // namespace

void file_complaint::error(std::uint32_t line, std::string_view what, std::string_view expected) {
    if (!error_) error_ = at_line(line, fmt::format("{}; {}", what, expected));
}

void file_complaint::error(std::uint32_t line, std::string_view whole) {
    if (!error_) error_ = at_line(line, whole);
}

std::string file_complaint::at_line(std::uint32_t line, std::string_view what) const {
    return fmt::format("{}:{}: {}", file_, line, what);
}

failure file_complaint::take() const {
    return {error_.value_or(""), {}, std::make_error_code(std::errc::invalid_argument)};
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    if (const auto near = nearest(word, known)) return fmt::format("did you mean {}?", quoted(*near));
    constexpr std::size_t most = 30;
    if (known.empty()) return "expected none";
    if (known.size() > most) return fmt::format("expected one of the {} that the file names", known.size());
    return fmt::format("expected one of {}", fmt::join(known, ", "));
}

std::optional<double> parse_bandwidth(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, double>, 10> units{{{"", 1},
                                                                                {"bit", 1},
                                                                                {"kbit", 1e3},
                                                                                {"Mbit", 1e6},
                                                                                {"Gbit", 1e9},
                                                                                {"Tbit", 1e12},
                                                                                {"bit/s", 1},
                                                                                {"kbit/s", 1e3},
                                                                                {"Mbit/s", 1e6},
                                                                                {"Gbit/s", 1e9}}};
    const auto split = leading_number(text);
    if (!split) return std::nullopt;
    for (const auto& [name, factor] : units) {
        if (split->unit == name) return split->number * factor;
    }
    return std::nullopt;
}

std::optional<double> parse_share(std::string_view text) {
    const auto split = leading_number(text);
    if (!split || (split->unit != "%" && !split->unit.empty())) return std::nullopt;
    const double share = split->unit.empty() ? split->number : split->number / 100;
    return share <= 1 ? std::optional{share} : std::nullopt;
}

result<interface_address> parse_interface_address(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return failure{fmt::format("{} is no address of an interface: {}", quoted(text), why)};
    };
    if (text.find('%') != std::string_view::npos) return bad("it has a zone");
    const auto slash = text.find('/');
    const auto address = ip_address::parse(text.substr(0, slash));
    if (!address) return failure{fmt::format("{} is not an IP address", quoted(text.substr(0, slash)))};
    const unsigned longest = address->is_v4() ? 32 : 128;
    interface_address out{*address, static_cast<std::uint8_t>(longest)};
    if (slash != std::string_view::npos) {
        const auto whole = prefix::parse(text);
        if (!whole) return bad(fmt::format("the length after '/' is not a number from 0 to {}", longest));
        out.length = static_cast<std::uint8_t>(whole->length());
        // RFC 3021: a prefix of two addresses has neither a network nor a broadcast address.
        if (address->is_v4() && out.length < 31) {
            const std::uint32_t host = load_be<std::uint32_t>(address->bytes(), 0) & (~std::uint32_t{0} >> out.length);
            if (host == 0) return bad("it is the network's own");
            if (host == (~std::uint32_t{0} >> out.length)) return bad("it is the broadcast address");
        }
    }
    if (address->is_unspecified()) return bad("it is unspecified");
    if (address->is_multicast()) return bad("it is a multicast address");
    if (address->is_limited_broadcast()) return bad("it is the broadcast address");
    if (address->is_loopback()) return bad("it is a loopback address");
    if (address->needs_scope()) return bad("it is a link-local one");
    return out;
}

result<std::vector<prefix>> parse_destination(std::string_view text) {
    if (text == "default") return std::vector{*prefix::parse("0.0.0.0/0"), *prefix::parse("::/0")};
    if (text.find('%') != std::string_view::npos) return failure{fmt::format("{} has a zone", quoted(text))};
    if (text.find('/') != std::string_view::npos) {
        const auto read = prefix::parse(text);
        if (!read) return failure{fmt::format("{} is not a prefix", quoted(text))};
        return std::vector{*read};
    }
    const auto address = ip_address::parse(text);
    if (!address) return failure{fmt::format("{} is neither a prefix nor an IP address", quoted(text))};
    return std::vector{*prefix::parse(fmt::format("{}/{}", text, address->is_v4() ? 32 : 128))};
}

scenario_fields::scenario_fields(file_complaint& complaint, const toml_value& value, std::string what)
    : complaint_(complaint), table_(value.as<toml_table>()), line_(value.line), what_(std::move(what)) {
    static const toml_table nothing;
    if (table_ != nullptr) return;
    complaint_.error(line_, fmt::format("{} is {}", what_, value.kind()), "expected a table");
    table_ = &nothing;
}

bool scenario_fields::has(std::string_view key) const noexcept {
    return std::ranges::any_of(*table_, [&](const toml_member& m) { return m.key == key; });
}

const toml_value* scenario_fields::take(std::string_view key) {
    if (std::ranges::find(asked_, key) == asked_.end()) asked_.emplace_back(key);
    for (const auto& member : *table_) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

std::vector<const toml_value*> scenario_fields::take_list(std::string_view key) {
    std::vector<const toml_value*> out;
    const auto* value = take(key);
    if (value == nullptr) return out;
    if (const auto* list = value->as<toml_array>()) {
        for (const auto& element : *list) out.push_back(&element);
    } else {
        out.push_back(value);
    }
    return out;
}

void scenario_fields::require(std::string_view key, std::string_view expected) {
    if (take(key) == nullptr) missing_.emplace_back(key, expected);
}

void scenario_fields::wrong(const toml_value& value, std::string_view key, std::string_view expected) {
    std::string found(value.kind());
    if (const auto* text = value.as<std::string>()) found = quoted(*text);
    if (const auto* number = value.as<std::int64_t>()) found = std::to_string(*number);
    if (const auto* real = value.as<double>()) found = fmt::format("{}", *real);
    complaint_.error(value.line, fmt::format("'{}' of {} is {}", key, what_, found), expected);
}

void scenario_fields::read(std::string_view key, bool& out) {
    const auto* value = take(key);
    if (value == nullptr) return;
    const auto* truth = value->as<bool>();
    if (truth == nullptr) return wrong(*value, key, "expected true or false");
    out = *truth;
}

void scenario_fields::read(std::string_view key, std::string& out) {
    const auto* value = take(key);
    if (value == nullptr) return;
    const auto* text = value->as<std::string>();
    if (text == nullptr) return wrong(*value, key, "expected text in quotes");
    out = *text;
}

void scenario_fields::read(std::string_view key, duration& out) {
    const auto* value = take(key);
    if (value == nullptr) return;
    constexpr std::string_view expected = "expected a duration such as \"10ms\", \"1.5s\" or \"50us\", at most an hour";
    const auto* text = value->as<std::string>();
    if (text == nullptr) return wrong(*value, key, expected);
    // A bare number would be a guess: a unit of nothing makes it one that is refused.
    const auto read = parse_duration(*text, duration{0});
    const bool bare = !text->empty() && text->find_first_not_of("0123456789.") == std::string::npos;
    if (!read || *read > longest_delay || (bare && *text != "0")) return wrong(*value, key, expected);
    out = *read;
}

std::optional<double> scenario_fields::real_number(const toml_value& value) const {
    if (const auto* number = value.as<std::int64_t>()) return static_cast<double>(*number);
    if (const auto* real = value.as<double>()) return *real;
    return std::nullopt;
}

void scenario_fields::read_share(std::string_view key, double& out) {
    const auto* value = take(key);
    if (value == nullptr) return;
    auto share = real_number(*value);
    if (const auto* text = value->as<std::string>()) share = parse_share(*text);
    if (!share || !(*share >= 0 && *share <= 1)) {
        return wrong(*value, key, "expected a percentage from \"0%\" to \"100%\", or a number from 0 to 1");
    }
    out = *share;
}

void scenario_fields::read_bandwidth(std::string_view key, double& out) {
    const auto* value = take(key);
    if (value == nullptr) return;
    constexpr double least = 1000;
    constexpr double most = 1e13;
    auto bits = real_number(*value);
    if (const auto* text = value->as<std::string>()) bits = parse_bandwidth(*text);
    if (!bits || !(*bits == 0 || (*bits >= least && *bits <= most))) {
        return wrong(*value, key, "expected bits a second such as \"10Mbit\" or \"64kbit\", at least 1kbit, or 0");
    }
    out = *bits;
}

void scenario_fields::read_rate(std::string_view key, double& out) {
    const auto* value = take(key);
    if (value == nullptr) return;
    const auto rate = real_number(*value);
    if (!rate || !(*rate >= 0 && *rate <= 1e9))
        return wrong(*value, key, "expected a number a second, or 0 for no limit");
    out = *rate;
}

void scenario_fields::read_addresses(std::string_view key, std::vector<interface_address>& out) {
    for (const auto* value : take_list(key)) {
        const auto* text = value->as<std::string>();
        if (text == nullptr) return wrong(*value, key, "expected addresses such as \"10.0.0.1\" or \"2001:db8::1/64\"");
        const auto address = parse_interface_address(*text);
        if (!address) {
            return complaint_.error(value->line, address.error().what,
                                    "expected an address such as \"10.0.0.1\" or \"2001:db8::1/64\"");
        }
        out.push_back(*address);
    }
}

void scenario_fields::read_prefixes(std::string_view key, std::vector<prefix>& out) {
    constexpr std::string_view expected = "expected a prefix such as \"10.0.0.0/8\", an address or \"default\"";
    for (const auto* value : take_list(key)) {
        const auto* text = value->as<std::string>();
        if (text == nullptr) return wrong(*value, key, expected);
        const auto prefixes = parse_destination(*text);
        if (!prefixes) return complaint_.error(value->line, prefixes.error().what, expected);
        out.insert(out.end(), prefixes->begin(), prefixes->end());
    }
}

void scenario_fields::read_names(std::string_view key, std::vector<std::string>& out) {
    for (const auto* value : take_list(key)) {
        const auto* text = value->as<std::string>();
        if (text == nullptr) return wrong(*value, key, "expected names in quotes");
        out.push_back(*text);
    }
}

std::optional<std::uint64_t> scenario_fields::whole_number(std::string_view key, std::uint64_t least,
                                                           std::uint64_t most) {
    const auto* value = take(key);
    if (value == nullptr) return std::nullopt;
    const auto* number = value->as<std::int64_t>();
    if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) < least ||
        static_cast<std::uint64_t>(*number) > most) {
        wrong(*value, key, fmt::format("expected a whole number from {} to {}", least, most));
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*number);
}

std::optional<std::size_t> scenario_fields::word_index(const toml_value& value, std::string_view key,
                                                       const std::vector<std::string>& known) {
    const auto* text = value.as<std::string>();
    if (text == nullptr) {
        wrong(value, key, fmt::format("expected one of {}", fmt::join(known, ", ")));
        return std::nullopt;
    }
    const auto found = std::ranges::find(known, *text);
    if (found == known.end()) {
        wrong(value, key, suggestion(*text, known));
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - known.begin());
}

void scenario_fields::finish() {
    for (const auto& member : *table_) {
        if (std::ranges::find(asked_, member.key) != asked_.end()) continue;
        std::vector<std::string> known = asked_;
        std::ranges::sort(known);
        complaint_.error(member.line, fmt::format("unknown key {} in {}", quoted(member.key), what_),
                         suggestion(member.key, known));
    }
    for (const auto& [key, expected] : missing_) {
        complaint_.error(line_, fmt::format("{} without '{}'", what_, key), expected);
    }
}

}  // namespace sonde::sim
