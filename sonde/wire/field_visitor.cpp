#include <algorithm>

#include <sonde/wire/field_visitor.hpp>
#include <sonde/wire/icmp_extension.hpp>

namespace sonde::wire {

namespace {

using enum field_kind;

constexpr std::size_t number_size_max = 8;

void show_rest(field_visitor& v, std::size_t first, std::size_t end) {
    if (first < end) v.show("rest", "Rest", first, end - first, field_kind::bytes);
}

void show_list(field_visitor& v, std::string_view name, std::string_view title, std::size_t first, std::size_t end,
               std::size_t width) {
    for (; first + width <= end; first += width) v.show_listed(name, title, first, width, width == 4 ? ipv4 : ipv6);
    show_rest(v, first, end);
}

// RFC 9776 section 4.2.12 and RFC 9777 section 5.2.12: the same numbers.
constexpr value_name record_types[] = {
    {1, "is include"}, {2, "is exclude"},        {3, "to include"},
    {4, "to exclude"}, {5, "allow new sources"}, {6, "block old sources"},
};

/// The bytes of the first record; 0 when there are fewer than it says.
std::size_t record_size(bytes_view rest, std::size_t width) noexcept {
    const std::size_t fixed = 4 + width;
    if (rest.size() < fixed) return 0;
    const std::size_t size =
        fixed + width * load_be<std::uint16_t>(rest, 2) + std::size_t{4} * load_be<std::uint8_t>(rest, 1);
    return size > rest.size() ? 0 : size;
}

// The records of IGMPv3 and MLDv2 differ by the size of an address alone.
void show_records(field_visitor& v, std::size_t at, std::size_t width) {
    const std::size_t end = v.bytes().size();
    for (auto left = load_be<std::uint16_t>(v.bytes(), 6); left > 0; --left) {
        const bytes_view rest = v.bytes().subspan(at);
        const std::size_t size = record_size(rest, width);
        if (size == 0) return v.problem(parse_error::truncated);
        const std::size_t sources_end = 4 + width + width * load_be<std::uint16_t>(rest, 2);
        v.begin("group_records", name_of(record_types, load_be<std::uint8_t>(rest, 0)), "Group Record");
        v.show("type", "Record Type", at, 1, named, record_types);
        v.show("aux_len", "Aux Data Len", at + 1, 1, number);
        v.show("sources", "Number of Sources", at + 2, 2, number);
        v.show("group", "Multicast Address", at + 4, width, width == 4 ? ipv4 : ipv6);
        show_list(v, "source", "Source Address", at + 4 + width, at + sources_end, width);
        if (sources_end < size) {
            v.show("aux", "Auxiliary Data", at + sources_end, size - sources_end, field_kind::bytes);
        }
        v.end();
        at += size;
    }
    show_rest(v, at, end);
}

// The sources of a query, whose number is in the two bytes before them.
void show_sources(field_visitor& v, std::size_t first, std::size_t width) {
    const std::size_t end = v.bytes().size();
    const std::size_t promised = first + width * load_be<std::uint16_t>(v.bytes(), first - 2);
    show_list(v, "source", "Source Address", first, std::min(promised, end), width);
    if (promised > end) return v.problem(parse_error::truncated);
    show_rest(v, promised, end);
}

void show_routing(field_visitor& v, const header_variant* variant, std::size_t first) {
    const std::size_t end = v.bytes().size();
    if (variant == nullptr || variant->name == "rpl") {
        if (first < end) v.show("data", "Type-Specific Data", first, end - first, field_kind::bytes);
        return;
    }
    if (variant->name != "segment_routing") return show_list(v, "address", "Address", first, end, 16);
    const std::size_t segments = std::size_t{load_be<std::uint8_t>(v.bytes(), 4)} + 1;
    const std::size_t segments_end = std::min(end, first + 16 * segments);
    show_list(v, "segment", "Segment", first, segments_end, 16);
    if (segments_end < end) v.show("tlvs", "TLVs", segments_end, end - segments_end, field_kind::bytes);
}

constexpr header_field object_length{"length", "Length", 0, 16};
constexpr value_name object_classes[] = {{1, "MPLS label stack"},
                                         {2, "interface information"},
                                         {3, "interface identification"},
                                         {4, "extended information"}};
constexpr header_field object_class{"class", "Class-Num", 16, 8, named, field_fill::preset, 0, object_classes};
constexpr header_field object_type{"ctype", "C-Type", 24, 8};

constexpr header_field label_fields[] = {
    {"label", "Label", 0, 20},
    {"tc", "Traffic Class", 20, 3},
    {"s", "S (bottom of stack)", 23, 1, flag},
    {"ttl", "TTL", 24, 8},
};

constexpr value_name interface_roles[] = {
    {0, "incoming interface"}, {1, "sub-IP component"}, {2, "outgoing interface"}, {3, "next hop"}};

// In the place of the C-Type (RFC 5837 section 4.1).
constexpr header_field interface_type_fields[] = {
    {"role", "Interface Role", 24, 2, named, field_fill::preset, 0, interface_roles},
    {"reserved", "Reserved", 26, 2, hexadecimal},
    {"has_index", "ifIndex", 28, 1, flag},
    {"has_address", "IPAddr", 29, 1, flag},
    {"has_name", "name", 30, 1, flag},
    {"has_mtu", "MTU", 31, 1, flag},
};

constexpr value_name address_families[] = {{1, "IPv4"}, {2, "IPv6"}};

void show_interface(field_visitor& v, const icmp_object& object, std::size_t at) {
    for (const header_field& field : interface_type_fields) v.show(field, at);
    at += 4;
    const std::size_t end = at + object.data.size();
    const auto known = interface_information::from(object);
    if (!known) {
        if (!object.data.empty()) v.show("data", "Data", at, object.data.size(), field_kind::bytes);
        return v.problem(known.error());
    }
    if (known->index) {
        v.show("ifindex", "ifIndex", at, 4, number);
        at += 4;
    }
    if (known->address) {
        const std::size_t width = load_be<std::uint16_t>(v.bytes(), at) == 1 ? 4 : 16;
        v.show("afi", "Address Family Identifier", at, 2, named, address_families);
        v.show("reserved", "Reserved", at + 2, 2, hexadecimal);
        v.show("address", "IP Address", at + 4, width, width == 4 ? ipv4 : ipv6);
        at += 4 + width;
    }
    if ((object.c_type & 0x02U) != 0) {
        const auto length = load_be<std::uint8_t>(v.bytes(), at);
        v.show("name_length", "Interface Name Length", at, 1, number);
        v.show("name", "Interface Name", at + 1, length - 1U, text);
        at += length;
    }
    if (known->mtu) {
        v.show("mtu", "MTU", at, 4, number);
        at += 4;
    }
    show_rest(v, at, end);
}

void show_object(field_visitor& v, const icmp_object& object, std::size_t at) {
    const bool is_mpls = object.is_mpls_label_stack();
    const bool is_interface = object.is_interface_information();
    v.begin("objects",
            is_mpls        ? "mpls"
            : is_interface ? "interface"
                           : "",
            is_mpls        ? "MPLS Label Stack"
            : is_interface ? "Interface Information"
                           : "Object");
    v.show(object_length, at);
    v.show(object_class, at);
    if (is_interface) {
        show_interface(v, object, at);
        return v.end();
    }
    v.show(object_type, at);
    std::size_t first = at + 4;
    const std::size_t end = first + object.data.size();
    for (; is_mpls && first + 4 <= end; first += 4) {
        v.begin("labels", "label", "Label Stack Entry");
        for (const header_field& field : label_fields) v.show(field, first);
        v.end();
    }
    if (first < end) v.show("data", "Data", first, end - first, field_kind::bytes);
    v.end();
}

void show_objects(field_visitor& v, std::size_t first) {
    bytes_view rest = v.bytes().subspan(first);
    std::size_t at = first;
    while (!rest.empty()) {
        const auto object = next_icmp_object(rest);
        if (!object) return v.problem(object.error());
        if (!*object) return;
        show_object(v, **object, at);
        at += 4 + (*object)->data.size();
    }
}

}  // namespace

void field_visitor::show(const header_field& field, std::size_t base) {
    if (base > bytes_.size()) return;
    const bytes_view from = bytes_.subspan(base);
    shown_field shown{.name = field.name,
                      .title = field.title,
                      .offset = static_cast<std::uint32_t>(8 * base + field.offset),
                      .bits = field.bits,
                      .kind = field.kind,
                      .bytes = field_bytes(from, field)};
    const auto number = read_field(from, field);
    if (number) shown.number = *number;
    if (!number && shown.bytes.empty()) return;
    tell(shown, field.names);
}

shown_field field_visitor::whole(std::string_view name, std::string_view title, std::size_t first, std::size_t size,
                                 field_kind kind) const {
    shown_field shown{.name = name,
                      .title = title,
                      .offset = static_cast<std::uint32_t>(8 * first),
                      .bits = static_cast<std::uint32_t>(8 * size),
                      .kind = kind,
                      .bytes = bytes_.subspan(first, size)};
    if (size <= number_size_max) {
        for (const std::byte byte : shown.bytes)
            shown.number = (shown.number << 8) | std::to_integer<std::uint64_t>(byte);
    }
    return shown;
}

void field_visitor::show(std::string_view name, std::string_view title, std::size_t first, std::size_t size,
                         field_kind kind, std::span<const value_name> names) {
    if (first > bytes_.size() || size > bytes_.size() - first) return;
    shown_field shown = whole(name, title, first, size, kind);
    tell(shown, names);
}

void field_visitor::show_listed(std::string_view name, std::string_view title, std::size_t first, std::size_t size,
                                field_kind kind, std::span<const value_name> names) {
    if (first > bytes_.size() || size > bytes_.size() - first) return;
    shown_field shown = whole(name, title, first, size, kind);
    shown.listed = true;
    tell(shown, names);
}

void field_visitor::tell(shown_field& shown, std::span<const value_name> names) {
    if (shown.kind == field_kind::named) shown.value_text = name_of(names, shown.number);
    if (shown.kind == field_kind::flags) shown.names = names;
    sink_->field(shown);
}

void show_tail(field_visitor& v, protocol id, const header_variant* variant, std::size_t first) {
    const std::string_view form = variant == nullptr ? std::string_view{} : variant->name;
    const std::size_t end = v.bytes().size();
    switch (id) {
        case protocol::icmp_extension:
            return show_objects(v, first);
        case protocol::ipv6_routing:
            return show_routing(v, variant, first);
        case protocol::ospf:
            return show_list(v, "neighbor", "Neighbor", first, end, 4);
        case protocol::igmp:
            if (form == "report3") return show_records(v, first, 4);
            if (form == "query3") return show_sources(v, first, 4);
            return;
        case protocol::icmpv6:
            if (form == "mld2_report") return show_records(v, first, 16);
            if (form == "mld2_query") return show_sources(v, first, 16);
            return;
        default:
            return;
    }
}

}  // namespace sonde::wire
