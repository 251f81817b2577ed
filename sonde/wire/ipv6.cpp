#include <algorithm>
#include <cstring>

#include <sonde/wire/ipv6.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t payload_max = 65535;

parsed<bytes_view> check_fixed_header(bytes_view packet) noexcept {
    if (packet.size() < ipv6_header_size) return parse_error::truncated;
    if (load_be<std::uint8_t>(packet, 0) >> 4 != 6) return parse_error::bad_version;
    return packet;
}

}  // namespace

parsed<ipv6_view> ipv6_view::parse(bytes_view packet) noexcept {
    const auto whole = check_fixed_header(packet);
    if (!whole) return whole.error();
    const std::size_t size = ipv6_header_size + load_be<std::uint16_t>(packet, 4);
    if (size > packet.size()) return parse_error::bad_total_length;
    const ipv6_view view{packet.first(size)};
    const auto upper = view.upper_layer();
    if (!upper) return upper.error();
    return view;
}

parsed<ipv6_view> ipv6_view::parse_lax(bytes_view quoted) noexcept {
    const auto whole = check_fixed_header(quoted);
    if (!whole) return whole.error();
    const std::size_t promised = ipv6_header_size + load_be<std::uint16_t>(quoted, 4);
    return ipv6_view{quoted.first(std::min(promised, quoted.size()))};
}

// RFC 8200 section 4. Every header is at least 8 bytes long, so the walk is bounded by the packet. The order of the
// headers is not checked (section 4.1: accept any order), and neither is what stands in them.
parsed<ipv6_upper_layer> ipv6_view::upper_layer() const noexcept {
    ipv6_upper_layer upper{.protocol = next_header(), .payload = payload()};
    for (;;) {
        const auto extension = next_ipv6_extension(upper.protocol, upper.payload);
        if (!extension) return extension.error();
        if (!*extension) return upper;
        upper.protocol = (*extension)->next_header;
        if ((*extension)->kind != ipv6_extension::fragment) continue;
        const auto fragment = ipv6_fragment_view::parse((*extension)->bytes);
        if (!fragment) return fragment.error();
        upper.fragment_offset = fragment->fragment_offset();
        upper.is_fragment = upper.is_fragment || fragment->is_fragment();
        // What follows is no header. Its protocol is what the first fragment begins with, maybe an extension.
        if (upper.is_later_fragment()) return upper;
    }
}

std::size_t ipv6_message::emit(bytes_span out) const noexcept {
    if (out.size() < size() || flow_label > 0xf'ffffU || payload.size() > payload_max) return 0;
    out = out.first(size());
    if (!payload.empty()) std::memmove(out.data() + ipv6_header_size, payload.data(), payload.size());
    store_be(out, 0, 0x6000'0000U | (std::uint32_t{traffic_class} << 20) | flow_label);
    store_be(out, 4, static_cast<std::uint16_t>(payload.size()));
    store_be(out, 6, next_header);
    store_be(out, 7, hop_limit);
    std::ranges::copy(source.mapped_bytes(), out.subspan(8).begin());
    std::ranges::copy(destination.mapped_bytes(), out.subspan(24).begin());
    return out.size();
}

ipv6_message ipv6_message::from(const ipv6_view& view) noexcept {
    return {.traffic_class = view.traffic_class(),
            .flow_label = view.flow_label(),
            .next_header = view.next_header(),
            .hop_limit = view.hop_limit(),
            .source = view.source(),
            .destination = view.destination(),
            .payload = view.payload()};
}

bool operator==(const ipv6_message& a, const ipv6_message& b) noexcept {
    return a.traffic_class == b.traffic_class && a.flow_label == b.flow_label && a.next_header == b.next_header &&
           a.hop_limit == b.hop_limit && a.source == b.source && a.destination == b.destination &&
           std::ranges::equal(a.payload, b.payload);
}

}  // namespace sonde::wire
