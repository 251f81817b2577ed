#include <algorithm>
#include <cstring>

#include <sonde/wire/protocol.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t datagram_max = 65535;
/// RFC 768: a checksum that comes out as zero is sent as its other zero, for zero says that there is none.
constexpr std::uint16_t no_checksum = 0;
constexpr std::uint16_t other_zero = 0xffff;

bool checksum_is_right(bytes_view datagram, const pseudo_header& addresses) noexcept {
    if (load_be<std::uint16_t>(datagram, 6) == no_checksum) return addresses.family() == family::v4;
    return internet_checksum(datagram, addresses.sum(datagram.size(), ip_protocol::udp)) == 0;
}

}  // namespace

parsed<udp_view> udp_view::parse(bytes_view datagram, checksum_check check, const pseudo_header& addresses) noexcept {
    if (datagram.size() < udp_header_size) return parse_error::truncated;
    const auto length = load_be<std::uint16_t>(datagram, 4);
    if (length < udp_header_size || length > datagram.size()) return parse_error::bad_total_length;
    const udp_view view{datagram.first(length)};
    if (check == checksum_check::verify && !checksum_is_right(view.bytes(), addresses)) {
        return parse_error::bad_checksum;
    }
    return view;
}

parsed<udp_view> udp_view::parse_lax(bytes_view quoted) noexcept {
    if (quoted.size() < udp_header_size) return parse_error::truncated;
    const auto length = load_be<std::uint16_t>(quoted, 4);
    const bool plausible = length >= udp_header_size && length <= quoted.size();
    return udp_view{plausible ? quoted.first(length) : quoted};
}

std::size_t udp_message::emit(bytes_span out, checksum_fill fill, const pseudo_header& addresses) const noexcept {
    if (out.size() < size() || size() > datagram_max) return 0;
    out = out.first(size());
    if (!payload.empty()) std::memmove(out.data() + udp_header_size, payload.data(), payload.size());
    store_be(out, 0, source_port);
    store_be(out, 2, destination_port);
    store_be(out, 4, static_cast<std::uint16_t>(size()));
    store_be(out, 6, no_checksum);
    if (fill == checksum_fill::compute) {
        const auto checksum = internet_checksum(out, addresses.sum(size(), ip_protocol::udp));
        store_be(out, 6, checksum == no_checksum ? other_zero : checksum);
    }
    return out.size();
}

udp_message udp_message::from(const udp_view& view) noexcept {
    return {.source_port = view.source_port(), .destination_port = view.destination_port(), .payload = view.payload()};
}

bool operator==(const udp_message& a, const udp_message& b) noexcept {
    return a.source_port == b.source_port && a.destination_port == b.destination_port &&
           std::ranges::equal(a.payload, b.payload);
}

}  // namespace sonde::wire
