#include <algorithm>
#include <cstring>

#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_extension.hpp>

namespace sonde::wire {

namespace {

constexpr std::uint8_t extension_version = 2;
constexpr std::size_t old_quote_size = 128;
constexpr std::size_t object_header_size = 4;
constexpr std::size_t mpls_label_size = 4;
constexpr std::size_t interface_name_max = 64;

// IANA's Address Family Numbers.
constexpr std::uint16_t afi_ipv4 = 1;
constexpr std::uint16_t afi_ipv6 = 2;

bool may_have_extension(family f, std::uint8_t type) noexcept {
    const icmp_types types = icmp_types_of(f);
    return type == types.destination_unreachable || type == types.time_exceeded ||
           (f == family::v4 && type == types.parameter_problem);
}

bool has_right_checksum(bytes_view structure) noexcept {
    return internet_checksum(structure) == 0;
}

// Takes what the C-Type promises off an object's data, and remembers when there is less.
struct object_reader {
    bytes_view rest;
    bool short_of_bytes = false;

    bytes_view take(std::size_t size) noexcept {
        short_of_bytes = short_of_bytes || size > rest.size();
        if (short_of_bytes) return {};
        const bytes_view taken = rest.first(size);
        rest = rest.subspan(size);
        return taken;
    }
    std::uint32_t number() noexcept {
        const bytes_view bytes = take(4);
        return bytes.empty() ? 0 : load_be<std::uint32_t>(bytes, 0);
    }
};

// RFC 5837 section 4.2: address family, two reserved bytes, address.
parsed<ip_address> take_address(object_reader& reader) noexcept {
    const bytes_view head = reader.take(4);
    if (head.empty()) return parse_error::truncated;
    const auto afi = load_be<std::uint16_t>(head, 0);
    if (afi != afi_ipv4 && afi != afi_ipv6) return parse_error::bad_option;
    const bytes_view address = reader.take(address_size(afi == afi_ipv4 ? family::v4 : family::v6));
    if (address.empty()) return parse_error::truncated;
    return ip_address::from_bytes(address);
}

// RFC 5837 section 4.3: a length that counts itself and is a multiple of 4, then the name, padded with zeros.
parsed<bytes_view> take_name(object_reader& reader) noexcept {
    if (reader.rest.empty()) return parse_error::truncated;
    const auto length = load_be<std::uint8_t>(reader.rest, 0);
    if (length == 0 || length % 4 != 0 || length > interface_name_max) return parse_error::bad_option;
    const bytes_view field = reader.take(length);
    if (field.empty()) return parse_error::truncated;
    const bytes_view name = field.subspan(1);
    const auto end = std::ranges::find(name, std::byte{0});
    return name.first(static_cast<std::size_t>(end - name.begin()));
}

/// RFC 5837 section 4.3: a length byte that counts itself, and zeros up to a multiple of four.
std::size_t padded_name_size(bytes_view name) noexcept {
    return (1 + name.size() + 3) / 4 * 4;
}

}  // namespace

icmp_error_parts split_icmp_error(family f, bytes_view message) noexcept {
    if (message.size() < icmp_header_size) return {};
    const bytes_view body = message.subspan(icmp_header_size);
    if (!may_have_extension(f, load_be<std::uint8_t>(message, 0))) return {.quote = body};
    const std::size_t length = f == family::v4 ? std::size_t{4} * load_be<std::uint8_t>(message, 5)
                                               : std::size_t{8} * load_be<std::uint8_t>(message, 4);
    const std::size_t quote_size = length == 0 ? old_quote_size : length;
    if (quote_size > body.size()) return {.quote = body};
    const bytes_view structure = body.subspan(quote_size);
    const auto view = icmp_extension_view::parse(structure, checksum_check::trust);
    if (!view) return {.quote = body};
    if (length == 0 && (view->checksum() == 0 || !has_right_checksum(structure))) return {.quote = body};
    return {.quote = body.first(quote_size), .extension = structure};
}

parsed<std::optional<icmp_object>> next_icmp_object(bytes_view& rest) noexcept {
    const bytes_view all = rest;
    rest = {};
    if (all.empty()) return std::nullopt;
    if (all.size() < object_header_size) return parse_error::bad_option;
    const auto length = load_be<std::uint16_t>(all, 0);
    if (length < object_header_size || length > all.size()) return parse_error::bad_option;
    rest = all.subspan(length);
    return icmp_object{load_be<std::uint8_t>(all, 2), load_be<std::uint8_t>(all, 3),
                       all.subspan(object_header_size, length - object_header_size)};
}

parsed<icmp_extension_view> icmp_extension_view::parse(bytes_view structure, checksum_check check) noexcept {
    if (structure.size() < icmp_extension_header_size) return parse_error::truncated;
    const icmp_extension_view view{structure};
    if (view.version() != extension_version) return parse_error::bad_version;
    if (check == checksum_check::verify && view.checksum() != 0 && !has_right_checksum(structure)) {
        return parse_error::bad_checksum;
    }
    return view;
}

std::optional<mpls_label> next_mpls_label(bytes_view& rest) noexcept {
    if (rest.size() < mpls_label_size) return std::nullopt;
    const auto entry = load_be<std::uint32_t>(rest, 0);
    rest = rest.subspan(mpls_label_size);
    return mpls_label{.label = entry >> 12,
                      .traffic_class = static_cast<std::uint8_t>((entry >> 9) & 7U),
                      .bottom_of_stack = (entry & 0x100U) != 0,
                      .ttl = static_cast<std::uint8_t>(entry & 0xffU)};
}

// RFC 5837 section 4.1: role, two reserved bits, then which of index, address, name and MTU follow, in this order.
parsed<interface_information> interface_information::from(const icmp_object& object) noexcept {
    if (!object.is_interface_information()) return parse_error::wrong_type;
    object_reader reader{object.data};
    interface_information information{.role = static_cast<interface_role>(object.c_type >> 6)};
    if ((object.c_type & 0x08U) != 0) information.index = reader.number();
    if ((object.c_type & 0x04U) != 0) {
        const auto address = take_address(reader);
        if (!address) return address.error();
        information.address = *address;
    }
    if ((object.c_type & 0x02U) != 0) {
        const auto name = take_name(reader);
        if (!name) return name.error();
        information.name = *name;
    }
    if ((object.c_type & 0x01U) != 0) information.mtu = reader.number();
    if (reader.short_of_bytes) return parse_error::truncated;
    return information;
}

std::size_t icmp_object::emit(bytes_span out) const noexcept {
    if (out.size() < size() || size() > 0xffffU) return 0;
    if (!data.empty()) std::memmove(out.data() + object_header_size, data.data(), data.size());
    store_be(out, 0, static_cast<std::uint16_t>(size()));
    store_be(out, 2, class_number);
    store_be(out, 3, c_type);
    return size();
}

bool operator==(const icmp_object& a, const icmp_object& b) noexcept {
    return a.class_number == b.class_number && a.c_type == b.c_type && std::ranges::equal(a.data, b.data);
}

std::size_t icmp_extension_message::emit(bytes_span out, checksum_fill fill) const noexcept {
    if (out.size() < size()) return 0;
    out = out.first(size());
    if (!objects.empty()) std::memmove(out.data() + icmp_extension_header_size, objects.data(), objects.size());
    store_be(out, 0, std::uint32_t{extension_version} << 28);
    if (fill == checksum_fill::compute) store_be(out, 2, internet_checksum(out));
    return out.size();
}

bool operator==(const icmp_extension_message& a, const icmp_extension_message& b) noexcept {
    return std::ranges::equal(a.objects, b.objects);
}

std::size_t mpls_label::emit(bytes_span out) const noexcept {
    if (out.size() < mpls_label_size || label > 0xf'ffffU || traffic_class > 7) return 0;
    store_be(out, 0, (label << 12) | (std::uint32_t{traffic_class} << 9) | (bottom_of_stack ? 0x100U : 0U) | ttl);
    return mpls_label_size;
}

std::size_t interface_information::size() const noexcept {
    std::size_t size = object_header_size;
    if (index) size += 4;
    if (address) size += 4 + address->bytes().size();
    if (!name.empty()) size += padded_name_size(name);
    if (mtu) size += 4;
    return size;
}

std::size_t interface_information::emit(bytes_span out) const noexcept {
    if (out.size() < size() || name.size() >= interface_name_max) return 0;
    const unsigned c_type = (static_cast<unsigned>(role) << 6) | (index ? 0x08U : 0U) | (address ? 0x04U : 0U) |
                            (name.empty() ? 0U : 0x02U) | (mtu ? 0x01U : 0U);
    bytes_span rest = out.subspan(object_header_size);
    const auto put = [&rest](std::uint32_t value) {
        store_be(rest, 0, value);
        rest = rest.subspan(4);
    };
    if (index) put(*index);
    if (address) {
        put(std::uint32_t{address->is_v4() ? afi_ipv4 : afi_ipv6} << 16);
        std::ranges::copy(address->bytes(), rest.begin());
        rest = rest.subspan(address->bytes().size());
    }
    if (!name.empty()) {
        const bytes_span field = rest.first(padded_name_size(name));
        std::ranges::fill(field, std::byte{0});
        std::ranges::copy(name, field.begin() + 1);
        store_be(field, 0, static_cast<std::uint8_t>(field.size()));
        rest = rest.subspan(field.size());
    }
    if (mtu) put(*mtu);
    return icmp_object{.class_number = 2,
                       .c_type = static_cast<std::uint8_t>(c_type),
                       .data = out.subspan(object_header_size, size() - object_header_size)}
        .emit(out);
}

bool operator==(const interface_information& a, const interface_information& b) noexcept {
    return a.role == b.role && a.index == b.index && a.address == b.address && a.mtu == b.mtu &&
           std::ranges::equal(a.name, b.name);
}

}  // namespace sonde::wire
