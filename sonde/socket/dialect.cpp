#include <algorithm>
#include <utility>

#include <sonde/socket/dialect.hpp>

namespace sonde::socket {

namespace {

// Linux: raw(7), ip(7), and seen. FreeBSD: ip(4), "Raw IP Sockets", says that 0 in ip_id and INADDR_ANY in ip_src are
// left to the kernel; rip_output (sys/netinet/raw_ip.c) compares ip_len with the datagram's size and refuses another
// (EINVAL), before 11.0 in host order, since 11.0 in network order; ip_output writes the checksum always. rip_input
// hands a copy to raw sockets only of what the system itself does not answer: of ICMP what icmp_input passes on, which
// an echo request is not. macOS: xnu's rip_output is FreeBSD's of before 11, with ip_len and ip_off in host order both
// ways (ip_input takes the header's length off); the article's capture shows 00 1c and 7c d4 where its program wrote
// 1c 00 and 60 f0. With net.inet.ip.rfc6864 on, xnu leaves an ip_id of 0 alone on a
// datagram with DF.
constexpr std::array<raw_ip_rules, 4> table{{
    {
        .id = dialect::linux_,
        .name = "linux",
        .title = "Linux",
        .sent_length_and_offset = wire_order::network,
        .received_length_and_offset = wire_order::network,
        .received_length_lacks_header = false,
        .total_length = kernel_fill::always,
        .identification = kernel_fill::when_zero,
        .checksum = kernel_fill::always,
        .source = kernel_fill::when_zero,
        .needs_header_included = false,
        .raw_sees_tcp_and_udp = true,
        .raw_sees_own_echo_request = true,
        .datagram_delivers_ip_header = false,
        .datagram_keeps_identifier = false,
    },
    {
        .id = dialect::freebsd,
        .name = "freebsd",
        .title = "FreeBSD 11 and later",
        .sent_length_and_offset = wire_order::network,
        .received_length_and_offset = wire_order::network,
        .received_length_lacks_header = false,
        .total_length = kernel_fill::never,
        .identification = kernel_fill::when_zero,
        .checksum = kernel_fill::always,
        .source = kernel_fill::when_zero,
        .needs_header_included = true,
        .raw_sees_tcp_and_udp = false,
        .raw_sees_own_echo_request = false,
        .datagram_delivers_ip_header = false,
        .datagram_keeps_identifier = false,
    },
    {
        .id = dialect::freebsd10,
        .name = "freebsd10",
        .title = "FreeBSD before 11",
        .sent_length_and_offset = wire_order::host,
        .received_length_and_offset = wire_order::host,
        .received_length_lacks_header = true,
        .total_length = kernel_fill::never,
        .identification = kernel_fill::when_zero,
        .checksum = kernel_fill::always,
        .source = kernel_fill::when_zero,
        .needs_header_included = true,
        .raw_sees_tcp_and_udp = false,
        .raw_sees_own_echo_request = false,
        .datagram_delivers_ip_header = false,
        .datagram_keeps_identifier = false,
    },
    {
        .id = dialect::macos,
        .name = "macos",
        .title = "macOS",
        .sent_length_and_offset = wire_order::host,
        .received_length_and_offset = wire_order::host,
        .received_length_lacks_header = true,
        .total_length = kernel_fill::never,
        .identification = kernel_fill::when_zero,
        .checksum = kernel_fill::always,
        .source = kernel_fill::when_zero,
        .needs_header_included = true,
        .raw_sees_tcp_and_udp = false,
        .raw_sees_own_echo_request = false,
        .datagram_delivers_ip_header = true,
        .datagram_keeps_identifier = true,
    },
}};

constexpr std::size_t smallest_header = 20;  // RFC 791 section 3.1
constexpr std::size_t total_length_at = 2;
constexpr std::size_t offset_at = 6;

void swap_bytes(bytes_span header, std::size_t at) noexcept {
    std::swap(header[at], header[at + 1]);
}

}  // namespace

const raw_ip_rules& rules_of(dialect d) noexcept {
    return *std::ranges::find(table, d, &raw_ip_rules::id);
}

std::span<const raw_ip_rules> all_dialects() noexcept {
    return table;
}

std::optional<dialect> find_dialect(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(table, name, &raw_ip_rules::name);
    if (found == table.end()) return std::nullopt;
    return found->id;
}

dialect native_dialect() noexcept {
#if defined(__APPLE__)
    return dialect::macos;
#elif defined(__FreeBSD__) && __FreeBSD__ < 11
    return dialect::freebsd10;
#elif defined(__FreeBSD__)
    return dialect::freebsd;
#else
    return dialect::linux_;
#endif
}

void to_dialect(bytes_span header, const raw_ip_rules& rules, bool host_is_little_endian) noexcept {
    if (header.size() < smallest_header) return;
    if (rules.sent_length_and_offset == wire_order::network || !host_is_little_endian) return;
    swap_bytes(header, total_length_at);
    swap_bytes(header, offset_at);
}

void from_dialect(bytes_span datagram, const raw_ip_rules& rules, bool host_is_little_endian) noexcept {
    if (datagram.size() < smallest_header) return;
    if (rules.received_length_and_offset == wire_order::host && host_is_little_endian) {
        swap_bytes(datagram, total_length_at);
        swap_bytes(datagram, offset_at);
    }
    if (rules.received_length_lacks_header) {
        const auto header_length = static_cast<std::uint16_t>(4 * (std::to_integer<unsigned>(datagram[0]) & 0x0f));
        const auto length = load_be<std::uint16_t>(datagram, total_length_at);
        store_be(datagram, total_length_at, static_cast<std::uint16_t>(length + header_length));
    }
}

}  // namespace sonde::socket
