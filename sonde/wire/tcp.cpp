#include <algorithm>
#include <cstring>

#include <sonde/wire/protocol.hpp>
#include <sonde/wire/tcp.hpp>

namespace sonde::wire {

parsed<std::optional<option>> next_tcp_option(bytes_view& rest) noexcept {
    return next_option(rest, ip_and_tcp_option_format);
}

parsed<tcp_view> tcp_view::parse(bytes_view segment, checksum_check check, const pseudo_header& addresses) noexcept {
    const auto lax = parse_lax(segment);
    if (!lax) return lax.error();
    if (lax->header_size() > segment.size()) return parse_error::bad_header_length;
    if (check == checksum_check::verify &&
        internet_checksum(segment, addresses.sum(segment.size(), ip_protocol::tcp)) != 0) {
        return parse_error::bad_checksum;
    }
    if (!options_are_well_formed(lax->options(), ip_and_tcp_option_format)) return parse_error::bad_option;
    return *lax;
}

parsed<tcp_view> tcp_view::parse_lax(bytes_view quoted) noexcept {
    if (quoted.size() < tcp_header_size) return parse_error::truncated;
    const tcp_view view{quoted};
    if (view.header_size() < tcp_header_size) return parse_error::bad_header_length;
    return view;
}

std::size_t tcp_message::emit(bytes_span out, checksum_fill fill, const pseudo_header& addresses) const noexcept {
    const bool can_be_said = options.size() <= tcp_options_max && options.size() % 4 == 0 && reserved <= 0x0fU;
    if (!can_be_said || out.size() < size()) return 0;
    out = out.first(size());
    if (!payload.empty()) std::memmove(out.data() + header_size(), payload.data(), payload.size());
    store_be(out, 0, source_port);
    store_be(out, 2, destination_port);
    store_be(out, 4, sequence_number);
    store_be(out, 8, acknowledgment_number);
    store_be(out, 12, static_cast<std::uint8_t>((header_size() / 4) << 4 | reserved));
    store_be(out, 13, flags);
    store_be(out, 14, window);
    store_be(out, 16, std::uint16_t{0});
    store_be(out, 18, urgent_pointer);
    std::ranges::copy(options, out.subspan(tcp_header_size).begin());
    if (fill == checksum_fill::compute) {
        store_be(out, 16, internet_checksum(out, addresses.sum(size(), ip_protocol::tcp)));
    }
    return out.size();
}

tcp_message tcp_message::from(const tcp_view& view) noexcept {
    return {.source_port = view.source_port(),
            .destination_port = view.destination_port(),
            .sequence_number = view.sequence_number(),
            .acknowledgment_number = view.acknowledgment_number(),
            .reserved = view.reserved(),
            .flags = view.flags(),
            .window = view.window(),
            .urgent_pointer = view.urgent_pointer(),
            .options = view.options(),
            .payload = view.payload()};
}

bool operator==(const tcp_message& a, const tcp_message& b) noexcept {
    return a.source_port == b.source_port && a.destination_port == b.destination_port &&
           a.sequence_number == b.sequence_number && a.acknowledgment_number == b.acknowledgment_number &&
           a.reserved == b.reserved && a.flags == b.flags && a.window == b.window &&
           a.urgent_pointer == b.urgent_pointer && std::ranges::equal(a.options, b.options) &&
           std::ranges::equal(a.payload, b.payload);
}

}  // namespace sonde::wire
