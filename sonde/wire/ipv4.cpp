#include <algorithm>
#include <cstring>

#include <sonde/wire/ipv4.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t datagram_max = 65535;

parsed<std::size_t> check_header_size(bytes_view datagram) noexcept {
    if (datagram.size() < ipv4_header_size) return parse_error::truncated;
    const auto first = load_be<std::uint8_t>(datagram, 0);
    if (first >> 4 != 4) return parse_error::bad_version;
    const std::size_t header_size = std::size_t{4} * (first & 0x0fU);
    if (header_size < ipv4_header_size || header_size > datagram.size()) return parse_error::bad_header_length;
    return header_size;
}

}  // namespace

parsed<std::optional<option>> next_ipv4_option(bytes_view& rest) noexcept {
    return next_option(rest, ip_and_tcp_option_format);
}

parsed<ipv4_view> ipv4_view::parse(bytes_view datagram, checksum_check check) noexcept {
    const auto header_size = check_header_size(datagram);
    if (!header_size) return header_size.error();
    const auto total_length = load_be<std::uint16_t>(datagram, 2);
    if (total_length < *header_size || total_length > datagram.size()) return parse_error::bad_total_length;
    if (check == checksum_check::verify && internet_checksum(datagram.first(*header_size)) != 0) {
        return parse_error::bad_checksum;
    }
    const ipv4_view view{datagram.first(total_length)};
    if (!options_are_well_formed(view.options(), ip_and_tcp_option_format)) return parse_error::bad_option;
    return view;
}

parsed<ipv4_view> ipv4_view::parse_lax(bytes_view quoted) noexcept {
    const auto header_size = check_header_size(quoted);
    if (!header_size) return header_size.error();
    const auto total_length = load_be<std::uint16_t>(quoted, 2);
    const bool plausible = total_length >= *header_size && total_length <= quoted.size();
    return ipv4_view{plausible ? quoted.first(total_length) : quoted};
}

std::size_t ipv4_message::emit(bytes_span out, checksum_fill fill) const noexcept {
    const bool can_be_said = source.is_v4() && destination.is_v4() && options.size() <= ipv4_options_max &&
                             options.size() % 4 == 0 && fragment_offset <= 0x1fffU && size() <= datagram_max;
    if (!can_be_said || out.size() < size()) return 0;
    out = out.first(size());
    if (!payload.empty()) std::memmove(out.data() + header_size(), payload.data(), payload.size());

    const unsigned flags = (reserved_flag ? 0x8000U : 0U) | (dont_fragment ? 0x4000U : 0U) |
                           (more_fragments ? 0x2000U : 0U) | fragment_offset;
    store_be(out, 0, static_cast<std::uint8_t>(0x40U | (header_size() / 4)));
    store_be(out, 1, tos);
    store_be(out, 2, static_cast<std::uint16_t>(size()));
    store_be(out, 4, identification);
    store_be(out, 6, static_cast<std::uint16_t>(flags));
    store_be(out, 8, ttl);
    store_be(out, 9, protocol);
    store_be(out, 10, std::uint16_t{0});
    std::ranges::copy(source.bytes(), out.subspan(12).begin());
    std::ranges::copy(destination.bytes(), out.subspan(16).begin());
    std::ranges::copy(options, out.subspan(ipv4_header_size).begin());
    if (fill == checksum_fill::compute) store_be(out, 10, internet_checksum(out.first(header_size())));
    return out.size();
}

ipv4_message ipv4_message::from(const ipv4_view& view) noexcept {
    return {.tos = view.tos(),
            .identification = view.identification(),
            .reserved_flag = view.reserved_flag(),
            .dont_fragment = view.dont_fragment(),
            .more_fragments = view.more_fragments(),
            .fragment_offset = view.fragment_offset(),
            .ttl = view.ttl(),
            .protocol = view.protocol(),
            .source = view.source(),
            .destination = view.destination(),
            .options = view.options(),
            .payload = view.payload()};
}

bool operator==(const ipv4_message& a, const ipv4_message& b) noexcept {
    return a.tos == b.tos && a.identification == b.identification && a.reserved_flag == b.reserved_flag &&
           a.dont_fragment == b.dont_fragment && a.more_fragments == b.more_fragments &&
           a.fragment_offset == b.fragment_offset && a.ttl == b.ttl && a.protocol == b.protocol &&
           a.source == b.source && a.destination == b.destination && std::ranges::equal(a.options, b.options) &&
           std::ranges::equal(a.payload, b.payload);
}

}  // namespace sonde::wire
