#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/base/nearest_word.hpp>
#include <sonde/craft/field_value.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::craft {

namespace {

using form = written_value::form;
using wire::field_kind;
using wire::option_kind;

/// As it is compared: `Time Exceeded`, `time_exceeded` and `time-exceeded` are one name.
std::string plain(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == ' ' || c == '-' || c == '_') continue;
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

std::vector<std::string> names_in(std::span<const wire::value_name> names) {
    std::vector<std::string> out;
    for (const auto& n : names) out.emplace_back(n.name);
    return out;
}

/// A few of them: protocols and ethertypes are many.
std::string some_of(std::span<const wire::value_name> names) {
    constexpr std::size_t most = 12;
    const std::string some = listing(names_in(names.first(std::min(names.size(), most))));
    return names.size() > most ? some + ", ..." : some;
}

std::string meant_name(const std::string& word, std::span<const wire::value_name> names) {
    std::vector<std::string> known;
    for (const auto& n : names) known.push_back(plain(n.name));
    return suggestion(plain(word), known);
}

description_error wrong(const written_value& value, std::string what) {
    return {value.column, std::move(what)};
}

std::optional<std::uint64_t> named_value(std::span<const wire::value_name> names, std::string_view word) {
    const std::string wanted = plain(word);
    for (const auto& n : names) {
        if (plain(n.name) == wanted) return n.value;
    }
    return std::nullopt;
}

// `SYN+ACK`, `S|A`, `SA`, or a number.
std::optional<std::uint64_t> flag_set(std::span<const wire::value_name> names, std::string_view word) {
    if (plain(word) == "none") return 0;
    std::uint64_t set = 0;
    while (!word.empty()) {
        const std::size_t end = std::min(word.find_first_of("+|"), word.size());
        const std::string_view part = word.substr(0, end);
        word.remove_prefix(std::min(end + 1, word.size()));
        if (const auto bit = named_value(names, part)) {
            set |= *bit;
            continue;
        }
        if (part.empty()) return std::nullopt;
        for (const char letter : part) {
            const std::string wanted = plain(std::string_view(&letter, 1));
            const auto named = std::ranges::find_if(
                names, [&](const wire::value_name& n) { return plain(n.name.substr(0, 1)) == wanted; });
            if (named == names.end()) return std::nullopt;
            set |= named->value;
        }
    }
    return set;
}

std::optional<std::uint64_t> truth(std::string_view word) {
    const std::string said = plain(word);
    if (said == "yes" || said == "true" || said == "on") return 1;
    if (said == "no" || said == "false" || said == "off") return 0;
    return std::nullopt;
}

std::optional<std::uint64_t> named_number(const wire::header_field& field, std::string_view word) {
    if (const auto value = named_value(field.names, word)) return value;
    if (field.bits == 8 && field.fill == wire::field_fill::next) {
        if (const auto number = wire::ip_protocol_number(word)) return *number;
    }
    return std::nullopt;
}

/// What a field takes, for its errors.
std::string wanted_for(const wire::header_field& field) {
    const std::uint64_t most = field.bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << field.bits) - 1;
    switch (field.kind) {
        case field_kind::mac:
            return "a link address like 02:00:5e:10:00:01";
        case field_kind::ipv4:
            return "an IPv4 address";
        case field_kind::ipv6:
            return "an IPv6 address";
        case field_kind::flag:
            return "0 or 1";
        case field_kind::flags:
            return fmt::format("flags ({}) or a number up to {}", some_of(field.names), most);
        case field_kind::named:
            return fmt::format("a name ({}) or a number up to {}", some_of(field.names), most);
        case field_kind::text:
            return fmt::format("\"text\" of at most {} bytes", field.bits / 8);
        case field_kind::bytes:
            return fmt::format("hex(...) or \"text\" of at most {} bytes", field.bits / 8);
        case field_kind::number:
        case field_kind::hexadecimal:
            break;
    }
    return fmt::format("a number up to {}", most);
}

described<field_value> number_value(const wire::header_field& field, const written_value& value, std::uint64_t number) {
    if (field.bits < 64 && (number >> field.bits) != 0) {
        return wrong(value, fmt::format("{} has {} bit{}: {} is more than {}", field.name, field.bits,
                                        field.bits == 1 ? "" : "s", number, (std::uint64_t{1} << field.bits) - 1));
    }
    return field_value{number, {}};
}

field_value value_of_bytes(const wire::header_field& field, bytes_view bytes) {
    field_value out;
    if (field.bits > 64) {
        out.bytes.assign(bytes.begin(), bytes.end());
        out.bytes.resize(field.bits / 8);
        return out;
    }
    for (std::size_t i = 0; i < field.bits / 8U; ++i) {
        out.number = out.number << 8U | (i < bytes.size() ? std::to_integer<std::uint64_t>(bytes[i]) : 0);
    }
    return out;
}

std::optional<field_value> address_value(const wire::header_field& field, const std::string& word) {
    if (field.kind == field_kind::mac) {
        if (word == "broadcast") return value_of_bytes(field, mac_address::broadcast().bytes());
        const auto address = mac_address::parse(word);
        return address ? std::optional(value_of_bytes(field, address->bytes())) : std::nullopt;
    }
    const family wanted = field.kind == field_kind::ipv4 ? family::v4 : family::v6;
    auto address = ip_address::parse(word);
    if (!address && wanted == family::v4) {
        if (const auto brief = ip_address::parse_short(word)) address = *brief;
    }
    if (!address || address->family() != wanted) return std::nullopt;
    auto out = value_of_bytes(field, address->bytes());
    out.scope = address->scope_id();
    return out;
}

described<field_value> word_value(const wire::header_field& field, const written_value& value) {
    const auto refuse = [&](const std::string& meant = {}) {
        return wrong(value,
                     fmt::format("{} takes {}, and '{}' is none{}", field.name, wanted_for(field), value.word, meant));
    };
    switch (field.kind) {
        case field_kind::mac:
        case field_kind::ipv4:
        case field_kind::ipv6:
            if (auto address = address_value(field, value.word)) return *std::move(address);
            return refuse();
        case field_kind::text:
            if (value.word.size() * 8 > field.bits) return refuse();
            return value_of_bytes(field, std::as_bytes(std::span{value.word}));
        case field_kind::bytes: {
            const auto bytes = bytes_in(value.word, value.column);
            if (!bytes || bytes->size() * 8 > field.bits) return refuse();
            return value_of_bytes(field, *bytes);
        }
        case field_kind::flags:
            if (const auto number = number_in(value.word)) return number_value(field, value, *number);
            if (const auto set = flag_set(field.names, value.word)) return number_value(field, value, *set);
            return refuse();
        case field_kind::named:
            if (const auto number = number_in(value.word)) return number_value(field, value, *number);
            if (const auto number = named_number(field, value.word)) return number_value(field, value, *number);
            return refuse(meant_name(value.word, field.names));
        case field_kind::number:
        case field_kind::hexadecimal:
        case field_kind::flag:
            break;
    }
    if (const auto number = number_in(value.word)) return number_value(field, value, *number);
    if (const auto yes = field.kind == field_kind::flag ? truth(value.word) : std::nullopt) {
        return number_value(field, value, *yes);
    }
    return refuse();
}

void append_number(std::vector<std::byte>& out, std::uint64_t number, std::size_t width) {
    for (std::size_t i = width; i-- > 0;) out.push_back(static_cast<std::byte>(number >> (8 * i)));
}

/// The width of one number of the option.
std::size_t width_of(const wire::option_layout& option) {
    return option.width == 0 ? 1 : std::min<std::size_t>(option.width, 8);
}

described<void> append_number_word(std::vector<std::byte>& out, const wire::option_layout& option,
                                   const written_value& value, std::string_view word) {
    const std::size_t width = width_of(option);
    auto number = number_in(word);
    if (!number) number = named_value(option.names, word);
    const bool fits = number && (width == 8 || (*number >> (8 * width)) == 0);
    if (!fits) {
        return wrong(value, fmt::format("{} takes a number of {} byte{}{}, and '{}' is none{}", option.name, width,
                                        width == 1 ? "" : "s",
                                        option.names.empty() ? std::string{}
                                                             : fmt::format(" or a name ({})", some_of(option.names)),
                                        word, meant_name(std::string(word), option.names)));
    }
    append_number(out, *number, width);
    return {};
}

// `1:2`: numbers side by side.
described<void> append_numbers(std::vector<std::byte>& out, const wire::option_layout& option,
                               const written_value& value) {
    std::string_view rest = value.word;
    for (;;) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        if (auto read = append_number_word(out, option, value, rest.substr(0, end)); !read) return read;
        if (end == rest.size()) return {};
        rest.remove_prefix(end + 1);
    }
}

described<void> append_address(std::vector<std::byte>& out, const wire::option_layout& option,
                               const written_value& value) {
    if (option.kind == option_kind::mac) {
        const auto mac = mac_address::parse(value.word);
        if (!mac)
            return wrong(value, fmt::format("{} takes a link address, and '{}' is none", option.name, value.word));
        const bytes_view bytes = mac->bytes();
        out.insert(out.end(), bytes.begin(), bytes.end());
        return {};
    }
    const bool wants_v6 = option.kind == option_kind::ipv6 || option.width == 16;
    const auto address = ip_address::parse(value.word);
    if (!address || (address->family() == family::v6) != wants_v6) {
        return wrong(value, fmt::format("{} takes {} address, and '{}' is none", option.name,
                                        wants_v6 ? "an IPv6" : "an IPv4", value.word));
    }
    const bytes_view bytes = address->bytes();
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
}

// NOLINTNEXTLINE(misc-no-recursion): lists are at most as deep as the scanner lets them be.
described<void> append_option_value(std::vector<std::byte>& out, const wire::option_layout& option,
                                    const written_value& value) {
    if (value.kind == form::bytes) {
        out.insert(out.end(), value.bytes.begin(), value.bytes.end());
        return {};
    }
    if (value.kind == form::list) {
        if (option.kind != option_kind::addresses && option.kind != option_kind::numbers) {
            return wrong(value, fmt::format("{} takes one value, not a list", option.name));
        }
        for (const auto& item : value.items) {
            if (auto read = append_option_value(out, option, item); !read) return read;
        }
        return {};
    }
    switch (option.kind) {
        case option_kind::none:
            return wrong(value, fmt::format("{} takes no value", option.name));
        case option_kind::number:
            return append_number_word(out, option, value, value.word);
        case option_kind::numbers:
            return append_numbers(out, option, value);
        case option_kind::mac:
        case option_kind::ipv4:
        case option_kind::ipv6:
        case option_kind::addresses:
            return append_address(out, option, value);
        case option_kind::bytes: {
            const auto bytes = bytes_in(value.word, value.column);
            if (!bytes) return bytes.error();
            out.insert(out.end(), bytes->begin(), bytes->end());
            return {};
        }
        case option_kind::text:
            for (const char c : value.word) out.push_back(static_cast<std::byte>(static_cast<unsigned char>(c)));
            return {};
    }
    return {};
}

/// The bytes of the fields before an option's value, with their presets.
std::vector<std::byte> preset_fields(const wire::option_layout& option) {
    std::size_t bits = 0;
    for (const auto& f : option.fields) bits = std::max<std::size_t>(bits, std::size_t{f.offset} + f.bits);
    std::vector<std::byte> out((bits + 7) / 8);
    for (const auto& f : option.fields) {
        if (f.bits <= 64) (void)wire::write_field(out, f, f.preset);
    }
    return out;
}

std::vector<std::string> names_of(std::span<const wire::header_field> fields) {
    std::vector<std::string> out;
    for (const auto& f : fields) out.emplace_back(f.name);
    return out;
}

description_error needs_value(const wire::option_layout& option, const written_argument& argument) {
    return {argument.column, fmt::format("{} needs a value: {}=...", option.name, option.name)};
}

}  // namespace

described<field_value> read_value(const wire::header_field& field, const written_value& value) {
    switch (value.kind) {
        case form::list:
            return wrong(value, fmt::format("{} takes {}, not a list", field.name, wanted_for(field)));
        case form::bytes:
            if (field.bits % 8 != 0 || value.bytes.size() * 8 > field.bits) {
                return wrong(value, fmt::format("{} has {} bits, and these are {} bytes", field.name, field.bits,
                                                value.bytes.size()));
            }
            if (field.kind != field_kind::bytes && field.kind != field_kind::text &&
                value.bytes.size() * 8 != field.bits) {
                return wrong(value, fmt::format("{} has {} bytes, and these are {}", field.name, field.bits / 8,
                                                value.bytes.size()));
            }
            return value_of_bytes(field, value.bytes);
        case form::word:
            break;
    }
    return word_value(field, value);
}

void write_value(bytes_span header, const wire::header_field& field, const field_value& value) {
    if (field.bits <= 64) {
        (void)wire::write_field(header, field, value.number);
        return;
    }
    const std::size_t at = field.offset / 8U;
    if (at + value.bytes.size() > header.size()) return;
    std::ranges::copy(value.bytes, header.begin() + static_cast<std::ptrdiff_t>(at));
}

described<std::vector<std::byte>> read_option(const wire::option_layout& option, const written_argument& argument) {
    std::vector<std::byte> out;
    // Bytes stand for all of the data.
    const bool all_of_it = argument.value && argument.value->kind == form::bytes;
    if (!all_of_it) out = preset_fields(option);
    const written_value* value = argument.value ? &*argument.value : nullptr;
    std::vector<std::byte> tail;
    for (const auto& inner : argument.arguments) {
        const auto field = std::ranges::find_if(option.fields, [&](const auto& f) { return f.name == inner.name; });
        if (field == option.fields.end() && inner.name != "value") {
            auto known = names_of(option.fields);
            known.emplace_back("value");
            return description_error{inner.column, fmt::format("{} has no '{}'{}; it takes {}", option.name, inner.name,
                                                               suggestion(inner.name, known), listing(known))};
        }
        if (!inner.value) return description_error{inner.column, fmt::format("{} needs a value", inner.name)};
        if (field == option.fields.end()) {
            value = &*inner.value;
            continue;
        }
        const auto read = read_value(*field, *inner.value);
        if (!read) return read.error();
        write_value(out, *field, *read);
    }
    if (value != nullptr) {
        if (auto read = append_option_value(tail, option, *value); !read) return read.error();
    } else if (option.kind != option_kind::none && option.fields.empty()) {
        return needs_value(option, argument);
    }
    out.insert(out.end(), tail.begin(), tail.end());
    return out;
}

std::string listing(const std::vector<std::string>& names) {
    constexpr std::size_t most = 48;
    std::string out;
    for (std::size_t i = 0; i < names.size() && i < most; ++i) {
        if (i > 0) out += ", ";
        out += names[i];
    }
    if (names.size() > most) out += ", ...";
    return out;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
    const auto meant = nearest(word, known);
    return meant ? fmt::format("; did you mean '{}'?", *meant) : std::string{};
}

}  // namespace sonde::craft
