#include <algorithm>
#include <cstring>

#include <sonde/wire/ipv6_extension.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t units_max = 256;
constexpr std::uint8_t pad_1 = 0;
constexpr std::uint8_t pad_n = 1;

/// The header at the front of `bytes` by its own length field, which all but the fragment header have.
parsed<bytes_view> take_header(bytes_view bytes) noexcept {
    if (bytes.size() < ipv6_extension_unit) return parse_error::truncated;
    const std::size_t size = ipv6_extension_unit * (load_be<std::uint8_t>(bytes, 1) + std::size_t{1});
    if (size > bytes.size()) return parse_error::bad_header_length;
    return bytes.first(size);
}

bool is_header_size(std::size_t size) noexcept {
    return size != 0 && size % ipv6_extension_unit == 0 && size / ipv6_extension_unit <= units_max;
}

/// Next header, length and, at its place, what follows the header's own fields.
void store_header(bytes_span out, std::uint8_t next_header, std::size_t tail_offset, bytes_view tail) noexcept {
    if (!tail.empty()) std::memmove(out.data() + tail_offset, tail.data(), tail.size());
    store_be(out, 0, next_header);
    store_be(out, 1, static_cast<std::uint8_t>(out.size() / ipv6_extension_unit - 1));
}

}  // namespace

parsed<std::optional<ipv6_extension_header>> next_ipv6_extension(std::uint8_t next_header, bytes_view& rest) noexcept {
    if (!is_ipv6_extension(next_header)) return std::nullopt;
    const bytes_view all = rest;
    rest = {};
    if (all.size() < ipv6_extension_unit) return parse_error::bad_header_length;
    const auto kind = static_cast<ipv6_extension>(next_header);
    // What stands where the others have their length is reserved in the fragment header.
    const std::size_t units = kind == ipv6_extension::fragment ? 1U : load_be<std::uint8_t>(all, 1) + 1U;
    if (ipv6_extension_unit * units > all.size()) return parse_error::bad_header_length;
    rest = all.subspan(ipv6_extension_unit * units);
    return ipv6_extension_header{kind, load_be<std::uint8_t>(all, 0), all.first(ipv6_extension_unit * units)};
}

parsed<std::optional<option>> next_ipv6_option(bytes_view& rest) noexcept {
    return next_option(rest, ipv6_option_format);
}

parsed<ipv6_options_view> ipv6_options_view::parse(bytes_view header) noexcept {
    const auto whole = take_header(header);
    if (!whole) return whole.error();
    const ipv6_options_view view{*whole};
    if (!options_are_well_formed(view.options(), ipv6_option_format)) return parse_error::bad_option;
    return view;
}

std::size_t ipv6_options_message::emit(bytes_span out) const noexcept {
    if (!is_header_size(size()) || out.size() < size()) return 0;
    store_header(out.first(size()), next_header, 2, options);
    return size();
}

ipv6_options_message ipv6_options_message::from(const ipv6_options_view& view) noexcept {
    return {.next_header = view.next_header(), .options = view.options()};
}

bool operator==(const ipv6_options_message& a, const ipv6_options_message& b) noexcept {
    return a.next_header == b.next_header && std::ranges::equal(a.options, b.options);
}

std::size_t emit_ipv6_padding(bytes_span out) noexcept {
    if (out.empty() || out.size() > 257) return 0;
    std::ranges::fill(out, std::byte{0});
    store_be(out, 0, out.size() == 1 ? pad_1 : pad_n);
    if (out.size() > 1) store_be(out, 1, static_cast<std::uint8_t>(out.size() - 2));
    return out.size();
}

parsed<ipv6_routing_view> ipv6_routing_view::parse(bytes_view header) noexcept {
    const auto whole = take_header(header);
    if (!whole) return whole.error();
    return ipv6_routing_view{*whole};
}

std::size_t ipv6_routing_message::emit(bytes_span out) const noexcept {
    if (!is_header_size(size()) || out.size() < size()) return 0;
    store_header(out.first(size()), next_header, 4, data);
    store_be(out, 2, routing_type);
    store_be(out, 3, segments_left);
    return size();
}

ipv6_routing_message ipv6_routing_message::from(const ipv6_routing_view& view) noexcept {
    return {.next_header = view.next_header(),
            .routing_type = view.routing_type(),
            .segments_left = view.segments_left(),
            .data = view.data()};
}

bool operator==(const ipv6_routing_message& a, const ipv6_routing_message& b) noexcept {
    return a.next_header == b.next_header && a.routing_type == b.routing_type && a.segments_left == b.segments_left &&
           std::ranges::equal(a.data, b.data);
}

parsed<ipv6_fragment_view> ipv6_fragment_view::parse(bytes_view header) noexcept {
    if (header.size() < ipv6_fragment_header_size) return parse_error::truncated;
    return ipv6_fragment_view{header.first(ipv6_fragment_header_size)};
}

std::size_t ipv6_fragment_message::emit(bytes_span out) const noexcept {
    if (out.size() < ipv6_fragment_header_size || fragment_offset > 0x1fffU) return 0;
    store_be(out, 0, next_header);
    store_be(out, 1, std::uint8_t{0});
    store_be(out, 2, static_cast<std::uint16_t>((fragment_offset << 3) | (more_fragments ? 1 : 0)));
    store_be(out, 4, identification);
    return ipv6_fragment_header_size;
}

ipv6_fragment_message ipv6_fragment_message::from(const ipv6_fragment_view& view) noexcept {
    return {.next_header = view.next_header(),
            .fragment_offset = view.fragment_offset(),
            .more_fragments = view.more_fragments(),
            .identification = view.identification()};
}

}  // namespace sonde::wire
