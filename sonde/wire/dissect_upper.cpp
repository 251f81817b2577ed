#include <sonde/wire/checksum.hpp>
#include <sonde/wire/dhcp.hpp>
#include <sonde/wire/dissector.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_extension.hpp>
#include <sonde/wire/ospf.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t icmp_fixed_size = 4;
constexpr std::size_t igmp_fixed_size = 4;
constexpr std::uint32_t dhcp_cookie = 0x6382'5363;

/// How many bytes of a message are its header: `fixed`, or everything, with options or records, from `fixed` on.
struct header_extent {
    std::size_t fixed;
    bool everything = false;
};

// By hand and not by the layouts' tables, for speed; the tests hold one against the other.
header_extent icmpv4_extent(std::uint8_t type) noexcept {
    switch (type) {
        case 13:  // timestamp and its reply
        case 14:
            return {20};
        case 17:  // address mask
        case 18:
            return {12};
        case 0:
        case 3:
        case 4:
        case 5:
        case 8:
        case 9:
        case 10:
        case 11:
        case 12:
        case 15:
        case 16:
        case 42:
        case 43:
            return {8};
        default:
            return {icmp_fixed_size};
    }
}

header_extent icmpv6_extent(std::uint8_t type, std::size_t promised) noexcept {
    switch (type) {
        case 1:
        case 2:
        case 3:
        case 4:
        case 128:
        case 129:
        case 160:
        case 161:
            return {8};
        case 130:  // RFC 9777 section 8.1: a query of version 2 is told by its length
            return promised >= 28 ? header_extent{28, true} : header_extent{24};
        case 131:
        case 132:
            return {24};
        case 143:
        case 133:
            return {8, true};
        case 134:
            return {16, true};
        case 135:
        case 136:
            return {24, true};
        case 137:
            return {40, true};
        default:
            return {icmp_fixed_size};
    }
}

header_extent igmp_extent(std::uint8_t type, std::size_t promised) noexcept {
    switch (type) {
        case 0x11:  // RFC 9776 section 7.1: a query of version 3 is told by its length
            return promised >= 12 ? header_extent{12, true} : header_extent{8};
        case 0x12:
        case 0x16:
        case 0x17:
            return {8};
        case 0x22:
            return {8, true};
        default:
            return {igmp_fixed_size};
    }
}

checksum_status judge(bool right) noexcept {
    return right ? checksum_status::right : checksum_status::wrong;
}

bool is_quoting(family f, std::uint8_t type) noexcept {
    return is_icmp_error(f, type) && type != 137;  // ICMPv6's redirect quotes in an option
}

}  // namespace

void dissector::upper(std::uint8_t number) noexcept {
    const bool is_v4 = family_ == family::v4;
    switch (number) {
        case ip_protocol::udp:
            return udp();
        case ip_protocol::tcp:
            return tcp();
        case ip_protocol::icmp:
            return is_v4 ? icmp() : payload();
        case ip_protocol::icmpv6:
            return is_v4 ? payload() : icmp();
        case ip_protocol::igmp:
            return is_v4 ? igmp() : payload();
        case ip_protocol::ospf:
            return is_v4 ? ospf() : payload();
        default:
            return payload();
    }
}

bool dissector::can_judge() const noexcept {
    return depth_ == 0 && !fragment_ && !lost_ && rest_.size() >= promised_;
}

checksum_status dissector::plain() const noexcept {
    if (!options_.checksums) return checksum_status::none;
    if (!can_judge()) return checksum_status::partial;
    return judge(internet_checksum(rest_) == 0);
}

checksum_status dissector::with_pseudo_header(std::uint8_t number) const noexcept {
    if (!options_.checksums) return checksum_status::none;
    if (!can_judge()) return checksum_status::partial;
    std::array<std::byte, 8> tail{};
    store_be(tail, 0, static_cast<std::uint32_t>(rest_.size()));
    store_be(tail, 7, number);
    std::uint16_t sum = ones_complement_sum(source_);
    sum = ones_complement_sum(destination_, sum);
    sum = ones_complement_sum(tail, sum);
    return judge(internet_checksum(rest_, sum) == 0);
}

void dissector::udp() noexcept {
    if (rest_.size() < udp_header_size) return give_up(protocol::udp, parse_error::truncated);
    const auto source_port = load_be<std::uint16_t>(rest_, 0);
    const auto destination_port = load_be<std::uint16_t>(rest_, 2);
    const std::size_t length = load_be<std::uint16_t>(rest_, 4);
    const bool jumbo = length == 0 && promised_ > 0xffff;  // RFC 2675 section 4
    const bool whole = depth_ == 0 && !fragment_;
    if (!jumbo && (length < udp_header_size || (whole && bounded_ && length > promised_))) {
        if (take(protocol::udp, udp_header_size, checksum_status::none, parse_error::bad_total_length)) payload();
        return;
    }
    if (!jumbo) {
        promised_ = std::max(promised_, length);
        limit(length);
    }
    const bool unused = load_be<std::uint16_t>(rest_, 6) == 0;
    checksum_status checksum = checksum_status::none;
    if (!unused || family_ == family::v6) {
        checksum = with_pseudo_header(ip_protocol::udp);
        // RFC 8200 section 8.1: over IPv6 it is not optional.
        if (unused && checksum == checksum_status::right) checksum = checksum_status::wrong;
    }
    if (!take(protocol::udp, udp_header_size, checksum)) return;
    const auto is_dhcp_port = [](std::uint16_t port) { return port == dhcp_server_port || port == dhcp_client_port; };
    const bool is_dhcp = (is_dhcp_port(source_port) || is_dhcp_port(destination_port)) &&
                         rest_.size() >= dhcp_header_size && load_be<std::uint32_t>(rest_, 236) == dhcp_cookie;
    if (is_dhcp) {
        take(protocol::dhcp, rest_.size());
    } else {
        payload();
    }
}

void dissector::tcp() noexcept {
    if (rest_.size() < tcp_header_size) return give_up(protocol::tcp, parse_error::truncated);
    const std::size_t header_size = std::size_t{4} * (load_be<std::uint8_t>(rest_, 12) >> 4);
    if (header_size < tcp_header_size || header_size > promised_) {
        if (take(protocol::tcp, tcp_header_size, checksum_status::none, parse_error::bad_header_length)) payload();
        return;
    }
    if (header_size > rest_.size()) return give_up(protocol::tcp, parse_error::truncated);
    if (take(protocol::tcp, header_size, with_pseudo_header(ip_protocol::tcp))) payload();
}

void dissector::icmp() noexcept {
    const protocol id = family_ == family::v4 ? protocol::icmp : protocol::icmpv6;
    if (rest_.size() < icmp_fixed_size) return give_up(id, parse_error::truncated);
    const auto type = load_be<std::uint8_t>(rest_, 0);
    const header_extent extent = family_ == family::v4 ? icmpv4_extent(type) : icmpv6_extent(type, promised_);
    if (rest_.size() < extent.fixed) return give_up(id, parse_error::truncated);
    const bytes_view message = rest_;
    const checksum_status checksum = family_ == family::v4 ? plain() : with_pseudo_header(ip_protocol::icmpv6);
    if (!take(id, extent.everything ? rest_.size() : extent.fixed, checksum)) return;
    // The quote of an error within a quote is not followed: no error is sent about an error (RFC 1122 section 3.2.2).
    if (depth_ > 0 || extent.fixed != icmp_header_size || !is_quoting(family_, type)) return payload();
    quote(message);
}

void dissector::quote(bytes_view message) noexcept {
    const family f = family_;
    const bool judged = can_judge();
    const icmp_error_parts parts = split_icmp_error(f, message);
    const std::size_t after = promised_ - rest_.size();
    rest_ = parts.quote;
    promised_ = parts.quote.size() + (parts.extension.empty() ? after : 0);
    depth_ = 1;
    if (!rest_.empty()) internet(f);
    depth_ = 0;
    rest_ = parts.extension;
    promised_ = rest_.size() + after;
    if (rest_.empty()) return;
    checksum_status checksum = checksum_status::none;
    if (options_.checksums && load_be<std::uint16_t>(rest_, 2) != 0) {
        checksum = judged ? judge(internet_checksum(rest_) == 0) : checksum_status::partial;
    }
    take(protocol::icmp_extension, rest_.size(), checksum);
}

void dissector::igmp() noexcept {
    if (rest_.size() < igmp_fixed_size) return give_up(protocol::igmp, parse_error::truncated);
    const header_extent extent = igmp_extent(load_be<std::uint8_t>(rest_, 0), promised_);
    if (rest_.size() < extent.fixed) return give_up(protocol::igmp, parse_error::truncated);
    if (take(protocol::igmp, extent.everything ? rest_.size() : extent.fixed, plain())) payload();
}

// RFC 2328 appendix A.3.1: the checksum leaves out the authentication, and there is none with cryptographic
// authentication (appendix D.4.3), whose digest stands behind the packet. OSPF version 3 is another protocol.
void dissector::ospf() noexcept {
    if (!rest_.empty() && load_be<std::uint8_t>(rest_, 0) != 2) return payload(parse_error::bad_version);
    if (rest_.size() < ospf_header_size) return give_up(protocol::ospf, parse_error::truncated);
    const auto type = load_be<std::uint8_t>(rest_, 1);
    const std::size_t length = load_be<std::uint16_t>(rest_, 2);
    const bool whole = depth_ == 0 && !fragment_;
    if (length < ospf_header_size || (whole && bounded_ && length > promised_)) {
        if (take(protocol::ospf, ospf_header_size, checksum_status::none, parse_error::bad_total_length)) payload();
        return;
    }
    const bool cryptographic = load_be<std::uint16_t>(rest_, 14) == 2;
    checksum_status checksum = checksum_status::none;
    if (options_.checksums && !cryptographic) {
        checksum = checksum_status::partial;
        if (can_judge() && length <= rest_.size()) {
            const std::uint16_t sum = ones_complement_sum(rest_.first(16));
            checksum = judge(internet_checksum(rest_.subspan(ospf_header_size, length - ospf_header_size), sum) == 0);
        }
    }
    const std::size_t captured = std::min(length, rest_.size());
    std::size_t header_size = ospf_header_size;
    std::optional<parse_error> problem;
    if (type == 1) {
        header_size = captured;
        if (captured < ospf_header_size + ospf_hello_size) problem = parse_error::truncated;
    }
    if (take(protocol::ospf, header_size, checksum, problem)) payload();
}

}  // namespace sonde::wire
