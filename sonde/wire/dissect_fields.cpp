#include <algorithm>

#include <sonde/wire/dissect.hpp>
#include <sonde/wire/field_visitor.hpp>
#include <sonde/wire/option.hpp>

namespace sonde::wire {

namespace {

constexpr header_field tcp_style_code{"code", "Kind", 0, 8};
constexpr header_field nd_style_code{"code", "Type", 0, 8};
constexpr header_field dhcp_style_code{"code", "Code", 0, 8};
constexpr header_field option_length{"length", "Length", 8, 8};

constexpr const option_format& format_of(option_style style) noexcept {
    switch (style) {
        case option_style::nd:
            return nd_option_format;
        case option_style::dhcp:
            return dhcp_option_format;
        case option_style::ipv6:
            return ipv6_option_format;
        case option_style::tcp:
        case option_style::none:
            break;
    }
    return ip_and_tcp_option_format;
}

constexpr const header_field& code_field_of(option_style style) noexcept {
    if (style == option_style::dhcp) return dhcp_style_code;
    return style == option_style::nd || style == option_style::ipv6 ? nd_style_code : tcp_style_code;
}

void show_values(field_visitor& v, const option_layout& option, std::size_t first, std::size_t size) {
    const std::size_t width = option.width;
    const auto one = [&](field_kind kind) {
        if (size == width) {
            v.show("value", option.title, first, width, kind, option.names);
        } else if (size > 0) {
            v.show("value", option.title, first, size, field_kind::bytes);
        }
    };
    const auto several = [&](field_kind kind) {
        for (; width > 0 && size >= width; first += width, size -= width) {
            v.show_listed("value", option.title, first, width, kind, option.names);
        }
        if (size > 0) v.show("rest", option.title, first, size, field_kind::bytes);
    };
    const field_kind number = option.names.empty() ? field_kind::number : field_kind::named;
    switch (option.kind) {
        case option_kind::none:
        case option_kind::bytes:
            if (size > 0) v.show("value", option.title, first, size, field_kind::bytes);
            return;
        case option_kind::text:
            return v.show("value", option.title, first, size, field_kind::text);
        case option_kind::number:
            return one(number);
        case option_kind::mac:
            return one(field_kind::mac);
        case option_kind::ipv4:
            return one(field_kind::ipv4);
        case option_kind::ipv6:
            return one(field_kind::ipv6);
        case option_kind::numbers:
            return several(number);
        case option_kind::addresses:
            return several(width == 4 ? field_kind::ipv4 : field_kind::ipv6);
    }
}

/// One option of `size` bytes at byte `at`: a single byte, or a code, a length and what they are of.
void show_option(field_visitor& v, const header_layout& layout, option_style style, std::size_t at, std::size_t size) {
    const auto code = load_be<std::uint8_t>(v.bytes(), at);
    const auto known = std::ranges::find(layout.options, code, &option_layout::code);
    const bool is_known = known != layout.options.end();
    const std::size_t end = at + size;
    v.begin("options", is_known ? known->name : std::string_view{}, is_known ? known->title : "Unknown");
    v.show(code_field_of(style), at);
    if (size == 1) return v.end();
    v.show(option_length, at);
    const std::size_t data = at + 2;
    std::size_t first = data;
    if (!is_known) {
        if (first < end) v.show("value", "Value", first, end - first, field_kind::bytes);
        return v.end();
    }
    for (const header_field& field : known->fields) {
        const std::size_t field_end = data + (std::size_t{field.offset} + field.bits + 7) / 8;
        if (field_end > end) break;
        v.show(field, data);
        first = field_end;
    }
    if (first < end || known->kind == option_kind::text) show_values(v, *known, first, end - first);
    v.end();
}

void show_options(field_visitor& v, const header_layout& layout, option_style style, std::size_t at) {
    const std::size_t end = v.bytes().size();
    bytes_view rest = v.bytes().subspan(at);
    while (!rest.empty()) {
        const auto option = next_option(rest, format_of(style));
        if (!option) return v.problem(option.error());
        if (!*option) {  // the end option: what stands behind it is padding
            show_option(v, layout, style, at, 1);
            if (at + 1 < end) v.show("padding", "Padding", at + 1, end - at - 1, field_kind::bytes);
            return;
        }
        const std::size_t next = end - rest.size();
        show_option(v, layout, style, at, next - at);
        at = next;
    }
}

// LINKTYPE_LINUX_SLL's address has eight bytes, of which its length says how many count. Only six are a MAC address.
bool is_odd_address(const header_layout& layout, bytes_view bytes, const header_field& field) {
    const bool is_cooked = layout.id == protocol::linux_cooked || layout.id == protocol::linux_cooked_v2;
    if (!is_cooked || field.kind != field_kind::mac) return false;
    const header_field* length = find_field(layout, nullptr, "hwlen");
    return length != nullptr && read_field(bytes, *length) != 6;
}

}  // namespace

void visit_fields(const layer& l, field_sink& sink) {
    const header_layout* layout = layout_of(l.id);
    if (layout == nullptr) return;
    field_visitor v{l.bytes, sink};
    const header_variant* variant = variant_of(*layout, l.bytes);
    for (const header_field& field : layout->fields) {
        header_field shown = field;
        if (is_odd_address(*layout, l.bytes, field)) shown.kind = field_kind::bytes;
        v.show(shown);
    }
    if (variant != nullptr) {
        for (const header_field& field : variant->fields) v.show(field);
    }
    const std::size_t size = fixed_size(*layout, variant);
    if (l.bytes.size() < size) {
        if (!l.problem) v.problem(parse_error::truncated);
        return;
    }
    const bool of_variant = variant != nullptr && variant->options != option_style::none;
    const option_style style = of_variant ? variant->options : layout->style;
    if (style != option_style::none) return show_options(v, *layout, style, size);
    show_tail(v, l.id, variant, size);
}

}  // namespace sonde::wire
