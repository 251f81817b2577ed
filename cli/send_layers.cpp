#include <iterator>

#include <cli/send_layers.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/base/ip_address.hpp>
#include <sonde/wire/header_layout.hpp>

namespace sonde::cli {

namespace {

using wire::field_fill;
using wire::field_kind;

constexpr std::size_t name_columns = 22;
constexpr std::size_t default_columns = 28;
constexpr std::size_t text_columns = 100;

std::string preset_of(const wire::header_field& f) {
    const std::string_view name = wire::name_of(f.names, f.preset);
    switch (f.kind) {
        case field_kind::hexadecimal:
            return fmt::format("{:#x}", f.preset);
        case field_kind::flags:
            return f.preset == 0 ? "none" : std::string(name);
        case field_kind::named:
            return name.empty() ? fmt::format("{}", f.preset) : fmt::format("{} ({})", f.preset, name);
        case field_kind::mac:
            return "00:00:00:00:00:00";
        case field_kind::ipv4:
            return ip_address::v4(static_cast<std::uint32_t>(f.preset)).to_string();
        case field_kind::ipv6:
            return "::";
        case field_kind::bytes:
        case field_kind::text:
            return "zeros";
        case field_kind::number:
        case field_kind::flag:
            break;
    }
    return fmt::format("{}", f.preset);
}

std::string default_of(const wire::header_field& f) {
    switch (f.fill) {
        case field_fill::length:
            return "the length";
        case field_fill::checksum:
            return "the checksum";
        case field_fill::next:
            return "by what follows";
        case field_fill::source:
            return "this machine's address";
        case field_fill::destination:
            return f.kind == field_kind::mac ? "the next hop's address" : "the destination";
        case field_fill::preset:
            break;
    }
    return preset_of(f);
}

void append_field(std::string& out, const wire::header_field& f, std::string_view indent) {
    fmt::format_to(std::back_inserter(out), "{}{}{:>4}  {}{}\n", indent, pad(f.name, name_columns), f.bits,
                   pad(default_of(f), default_columns), f.title);
}

void append_options(std::string& out, const wire::header_layout& layout) {
    std::string names;
    for (const auto& option : layout.options) {
        const std::string_view mark = option.kind == wire::option_kind::none ? "" : "=";
        fmt::format_to(std::back_inserter(names), "{}{}{}", names.empty() ? "" : " ", option.name, mark);
    }
    out += "  options:\n";
    for (const auto& line : wrap(names, text_columns - 4)) out += "    " + line + '\n';
}

void append_layout(std::string& out, const wire::header_layout& layout) {
    fmt::format_to(std::back_inserter(out), "{}  {} ({}), {} bytes\n", layout.name, layout.title, layout.source,
                   layout.size);
    for (const auto& f : layout.fields) append_field(out, f, "  ");
    for (const auto& variant : layout.variants) {
        fmt::format_to(std::back_inserter(out), "  {}({})  {}, {}={}\n", layout.name, variant.name, variant.title,
                       layout.selector, variant.value);
        for (const auto& f : variant.fields) append_field(out, f, "    ");
    }
    if (!layout.options.empty()) append_options(out, layout);
    out += '\n';
}

}  // namespace

std::string layer_listing() {
    std::string out =
        "A packet is layers with '/' between them: a name below with its arguments, \"text\", hex(00ff) or zeros(8).\n"
        "Arguments are a form (icmp(echo)), FIELD=VALUE, a one-bit field's name, an option's name or OPTION=VALUE;\n"
        "further ones are optionNUMBER=hex(...), options=hex(...) for the bytes of all. What is left out has the\n"
        "default; what is given stays as given, also when it is wrong.\n\n";
    fmt::format_to(std::back_inserter(out), "  {}{:>4}  {}{}\n\n", pad("field", name_columns), "bits",
                   pad("default", default_columns), "in the RFC");
    for (const auto& layout : wire::all_layouts()) append_layout(out, layout);
    return out;
}

}  // namespace sonde::cli
