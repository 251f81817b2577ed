#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/report/field_text.hpp>
#include <sonde/report/hexdump.hpp>

namespace sonde::report {

namespace {

using wire::field_kind;

constexpr std::size_t most_bytes = 20;
constexpr std::size_t most_text = 40;

std::string flag_names(const wire::shown_field& field) {
    std::string out;
    std::uint64_t unnamed = field.number;
    for (const auto& bit : field.names) {
        if (bit.value == 0 || (field.number & bit.value) != bit.value) continue;
        fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : "+", bit.name);
        unnamed &= ~std::uint64_t{bit.value};
    }
    if (unnamed != 0) fmt::format_to(std::back_inserter(out), "{}{:#x}", out.empty() ? "" : "+", unnamed);
    return out.empty() ? "none" : out;
}

std::string text_of(bytes_view bytes) {
    std::string text;
    for (const std::byte b : bytes) {
        const char c = static_cast<char>(b);
        if (c == '\0') break;
        text += c;
        if (text.size() > most_text) break;
    }
    const bool cut = text.size() > most_text;
    if (cut) text.resize(most_text);
    return fmt::format("\"{}\"{}", escape_text(text), cut ? "..." : "");
}

std::string bytes_text(bytes_view bytes) {
    if (bytes.empty()) return {};
    if (std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; })) {
        return fmt::format("{} zero byte{}", bytes.size(), bytes.size() == 1 ? "" : "s");
    }
    std::string out;
    append_hex_digits(out, bytes.first(std::min(bytes.size(), most_bytes)));
    return bytes.size() > most_bytes ? out + "..." : out;
}

}  // namespace

std::string short_field_text(const wire::shown_field& field) {
    constexpr std::uint64_t least_ethertype = 1536;  // below: IEEE 802.3's lengths
    switch (field.kind) {
        case field_kind::named:
            if (field.bits != 16 || field.number < least_ethertype) return fmt::format("{}", field.number);
            return fmt::format("0x{:04x}", field.number);
        case field_kind::hexadecimal:
            if (field.bits > 64) break;
            return fmt::format("0x{:0{}x}", field.number, (field.bits + 3) / 4);
        case field_kind::flags:
            return flag_names(field);
        case field_kind::mac:
            return mac_address::from_bytes(field.bytes).to_string();
        case field_kind::ipv4:
        case field_kind::ipv6:
            return ip_address::from_bytes(field.bytes).to_string();
        case field_kind::text:
            return text_of(field.bytes);
        case field_kind::bytes:
            break;
        case field_kind::number:
        case field_kind::flag:
            if (field.bits <= 64) return fmt::format("{}", field.number);
            break;
    }
    return bytes_text(field.bytes);
}

std::string field_text(const wire::shown_field& field) {
    std::string out = short_field_text(field);
    if (!field.value_text.empty()) fmt::format_to(std::back_inserter(out), " ({})", field.value_text);
    return out;
}

wire::shown_field shown(const wire::header_field& field, bytes_view header) {
    wire::shown_field out{.name = field.name,
                          .title = field.title,
                          .offset = field.offset,
                          .bits = field.bits,
                          .kind = field.kind,
                          .number = wire::read_field(header, field).value_or(0),
                          .bytes = wire::field_bytes(header, field)};
    if (field.kind == field_kind::named) out.value_text = wire::name_of(field.names, out.number);
    if (field.kind == field_kind::flags) out.names = field.names;
    return out;
}

}  // namespace sonde::report
