#include <algorithm>
#include <array>

#include <sonde/craft/answers.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::craft {

namespace {

using wire::protocol;

constexpr std::size_t ports_size = 4;
constexpr std::size_t icmp_head = 8;
constexpr std::size_t tcp_head = 20;
constexpr std::size_t tcp_acknowledged = 12;  // behind the acknowledgement number
constexpr std::size_t nd_target = 16;
constexpr std::size_t arp_size = 28;
constexpr std::uint8_t fin = 0x01;
constexpr std::uint8_t syn = 0x02;
constexpr std::uint8_t rst = 0x04;
constexpr std::uint8_t ack = 0x10;
constexpr std::uint16_t dhcp_server_port = 67;
constexpr std::uint16_t dhcp_client_port = 68;
constexpr std::size_t dhcp_xid = 8 + 4;  // behind UDP's header

struct pair_of_types {
    int request;
    int reply;
};
// RFC 792, 950, 8335, 1256.
constexpr std::array<pair_of_types, 6> icmp_pairs{{{8, 0}, {13, 14}, {15, 16}, {17, 18}, {42, 43}, {10, 9}}};
// RFC 4443, 8335, 4861; MLD's query is answered by a report of either version.
constexpr std::array<pair_of_types, 6> icmpv6_pairs{
    {{128, 129}, {160, 161}, {135, 136}, {133, 134}, {130, 131}, {130, 143}}};
constexpr int icmp_solicitation = 10;
constexpr int ns_type = 135;
constexpr int rs_type = 133;
constexpr int mld_query_type = 130;
constexpr std::uint8_t igmp_query = 0x11;

std::uint8_t byte_at(bytes_view bytes, std::size_t at) noexcept {
    return at < bytes.size() ? load_be<std::uint8_t>(bytes, at) : std::uint8_t{0};
}

std::uint16_t load_be_or_zero(bytes_view bytes, std::size_t at) noexcept {
    return at + 2 <= bytes.size() ? load_be<std::uint16_t>(bytes, at) : std::uint16_t{0};
}

bytes_view rest_of(bytes_view frame, const wire::layer& layer) noexcept {
    const std::size_t at = std::size_t{layer.offset} + layer.bytes.size();
    return at <= frame.size() ? frame.subspan(at) : bytes_view{};
}

const wire::layer* ip_of(const wire::dissection& packet, std::uint8_t depth) noexcept {
    const wire::layer* v4 = packet.find(protocol::ipv4, depth);
    return v4 != nullptr ? v4 : packet.find(protocol::ipv6, depth);
}

struct ends {
    ip_address source;
    ip_address destination;
};

ends ends_of(const wire::layer& ip) noexcept {
    const bool v4 = ip.id == protocol::ipv4;
    const std::size_t size = v4 ? 4 : 16;
    const std::size_t at = v4 ? 12 : 8;
    if (ip.bytes.size() < at + 2 * size) return {};
    return {ip_address::from_bytes(ip.bytes.subspan(at, size)),
            ip_address::from_bytes(ip.bytes.subspan(at + size, size))};
}

/// The first layer of that depth behind the IP header and its extensions.
const wire::layer* upper_of(const wire::dissection& packet, std::uint8_t depth) noexcept {
    bool inside = false;
    for (const auto& layer : packet.layers()) {
        if (layer.depth != depth) continue;
        const bool ip = layer.id == protocol::ipv4 || layer.id == protocol::ipv6;
        if (ip && inside) return nullptr;  // a tunnel
        inside = inside || ip;
        const bool extension = layer.id == protocol::ipv6_hop_by_hop || layer.id == protocol::ipv6_routing ||
                               layer.id == protocol::ipv6_fragment || layer.id == protocol::ipv6_destination;
        if (inside && !ip && !extension) return &layer;
    }
    return nullptr;
}

/// Of the last header before the upper layer.
std::uint8_t number_of(const wire::dissection& packet, std::uint8_t depth) noexcept {
    std::uint8_t number = 0;
    for (const auto& layer : packet.layers()) {
        if (layer.depth != depth) continue;
        if (layer.id == protocol::ipv4) number = byte_at(layer.bytes, 9);
        if (layer.id == protocol::ipv6) number = byte_at(layer.bytes, 6);
        if (layer.id == protocol::ipv6_hop_by_hop || layer.id == protocol::ipv6_routing ||
            layer.id == protocol::ipv6_fragment || layer.id == protocol::ipv6_destination) {
            number = byte_at(layer.bytes, 0);
        }
    }
    return number;
}

bool same(bytes_view a, bytes_view b, std::size_t at, std::size_t size) noexcept {
    return a.size() >= at + size && b.size() >= at + size &&
           std::ranges::equal(a.subspan(at, size), b.subspan(at, size));
}

/// FNV-1a, over what decides.
class key_hash {
public:
    explicit key_hash(std::uint8_t kind) noexcept { add(kind); }
    key_hash& add(std::uint8_t octet) noexcept {
        value_ = (value_ ^ octet) * 0x100000001b3U;
        return *this;
    }
    /// What is not there counts as nothing.
    key_hash& add(bytes_view bytes, std::size_t at, std::size_t size) noexcept {
        for (std::size_t i = at; i < at + size && i < bytes.size(); ++i) add(load_be<std::uint8_t>(bytes, i));
        return *this;
    }
    key_hash& add(const ip_address& address) noexcept {
        const bytes_view bytes = address.bytes();
        return add(bytes, 0, bytes.size());
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325U;
};

// What begins a key, so that different things are not mistaken for each other.
constexpr std::uint8_t key_arp = 1;
constexpr std::uint8_t key_error = 2;
constexpr std::uint8_t key_reply = 3;
constexpr std::uint8_t key_reply_of_anyone = 4;
constexpr std::uint8_t key_dhcp = 5;

/// For a reply from that address, or from anyone.
key_hash reply_hash(protocol upper, const ip_address* from) noexcept {
    key_hash out(from != nullptr ? key_reply : key_reply_of_anyone);
    out.add(static_cast<std::uint8_t>(upper));
    if (from != nullptr) out.add(*from);
    return out;
}

/// `head` is what was asked with, or, for what is quoted, as much of it as is there.
std::uint64_t error_key_of(const ip_address& destination, std::uint8_t number, bytes_view head, bool exact) noexcept {
    key_hash out(key_error);
    out.add(destination).add(number);
    if (!exact) return out.value();
    out.add(std::uint8_t{1});
    if (number == wire::ip_protocol::udp) return out.add(head, 0, ports_size).value();
    if (number == wire::ip_protocol::tcp) return out.add(head, 0, icmp_head).value();
    return out.add(head, 0, 2).add(head, 4, 4).value();
}

bool has_exact_error_key(protocol upper, std::uint8_t number) noexcept {
    return (upper == protocol::udp && number == wire::ip_protocol::udp) ||
           (upper == protocol::tcp && number == wire::ip_protocol::tcp) ||
           (upper == protocol::icmp && number == wire::ip_protocol::icmp) ||
           (upper == protocol::icmpv6 && number == wire::ip_protocol::icmpv6);
}

/// What replies and errors are told by: of packets that differ in nothing else the answers are the same.
void keep_what_decides(std::vector<std::byte>& head, protocol upper) {
    const auto blank = [&](std::size_t at, std::size_t size) {
        for (std::size_t i = at; i < at + size && i < head.size(); ++i) head[i] = std::byte{};
    };
    const auto keep = [&](std::size_t size) { head.resize(std::min(head.size(), size)); };
    if (upper == protocol::udp) {
        const bool dhcp = load_be_or_zero(head, 2) == dhcp_server_port && load_be_or_zero(head, 0) == dhcp_client_port;
        keep(dhcp ? dhcp_xid + 4 : ports_size);
        blank(ports_size, dhcp_xid - ports_size);
    } else if (upper == protocol::tcp) {
        keep(tcp_head);
        blank(tcp_acknowledged, tcp_head - tcp_acknowledged);
    } else if (upper == protocol::icmp || upper == protocol::icmpv6) {
        const bool solicitation = upper == protocol::icmpv6 && byte_at(head, 0) == ns_type;
        keep(solicitation ? icmp_head + nd_target : icmp_head);
        blank(2, 2);  // the checksum
    } else {
        keep(upper == protocol::igmp ? 1 : 0);
    }
}

bool ports_swapped(bytes_view ours, bytes_view theirs) noexcept {
    return ours.size() >= ports_size && theirs.size() >= ports_size &&
           load_be<std::uint16_t>(ours, 0) == load_be<std::uint16_t>(theirs, 2) &&
           load_be<std::uint16_t>(ours, 2) == load_be<std::uint16_t>(theirs, 0);
}

}  // namespace

std::optional<question> question::of(link_type link, bytes_view sent) {
    const wire::dissection packet = wire::dissect(link, sent, {.checksums = false});
    question out;
    if (const wire::layer* arp = packet.find(protocol::arp); arp != nullptr && arp->bytes.size() >= arp_size) {
        const std::uint16_t op = load_be<std::uint16_t>(arp->bytes, 6);
        if (op % 2 == 0) return std::nullopt;  // a reply
        out.ip_ = protocol::arp;
        out.destination_ = ip_address::from_bytes(arp->bytes.subspan(24, 4));
        out.head_.assign(arp->bytes.begin(), arp->bytes.end());
        return out;
    }
    const wire::layer* ip = ip_of(packet, 0);
    if (ip == nullptr) return std::nullopt;
    out.ip_ = ip->id;
    const ends both = ends_of(*ip);
    out.source_ = both.source;
    out.destination_ = both.destination;
    out.number_ = number_of(packet, 0);
    const wire::layer* upper = upper_of(packet, 0);
    if (upper == nullptr) return out;
    out.upper_ = upper->id;
    const bytes_view bytes = sent.subspan(upper->offset);
    constexpr std::size_t most = 24;
    out.head_.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), most)));
    keep_what_decides(out.head_, out.upper_);
    if (out.upper_ == protocol::tcp && bytes.size() >= tcp_head) {
        const std::uint8_t flags = byte_at(bytes, 13);
        out.segment_ = upper->payload_size + ((flags & syn) != 0 ? 1U : 0U) + ((flags & fin) != 0 ? 1U : 0U);
    }
    return out;
}

std::uint64_t question::error_key() const noexcept {
    return error_key_of(destination_, number_, head_, has_exact_error_key(upper_, number_));
}

std::uint64_t question::reply_key(bool any_source) const noexcept {
    if (ip_ == protocol::arp) return key_hash(key_arp).add(head_, 24, 4).add(head_, 14, 4).value();
    const bool from_anyone = any_source || destination_.is_multicast() || destination_.is_limited_broadcast();
    const ip_address* from = from_anyone ? nullptr : &destination_;
    if (upper_ == protocol::udp) {
        if (head_.size() > ports_size) return key_hash(key_dhcp).add(head_, dhcp_xid, 4).value();
        return reply_hash(upper_, from).add(head_, 0, ports_size).value();
    }
    if (upper_ == protocol::tcp) return reply_hash(upper_, from).add(head_, 0, ports_size).value();
    if (upper_ != protocol::icmp && upper_ != protocol::icmpv6) return reply_hash(upper_, nullptr).value();
    const std::uint8_t type = byte_at(head_, 0);
    const bool v6 = upper_ == protocol::icmpv6;
    if (v6 ? type == rs_type || type == mld_query_type : type == icmp_solicitation) {
        return reply_hash(upper_, nullptr).add(type).value();
    }
    if (v6 && type == ns_type) return reply_hash(upper_, nullptr).add(type).add(head_, 8, nd_target).value();
    return reply_hash(upper_, from).add(type).add(head_, 4, 4).value();
}

answer_keys keys_of(const wire::dissection& received, bytes_view frame) noexcept {
    answer_keys out;
    if (const wire::layer* arp = received.find(protocol::arp); arp != nullptr) {
        out.add(key_hash(key_arp).add(arp->bytes, 14, 4).add(arp->bytes, 24, 4).value());
    }
    if (const wire::layer* quoted = ip_of(received, 1); quoted != nullptr) {
        const wire::layer* upper = upper_of(received, 1);
        const bytes_view theirs = upper == nullptr ? rest_of(frame, *quoted) : frame.subspan(upper->offset);
        const ip_address destination = ends_of(*quoted).destination;
        const std::uint8_t number = number_of(received, 1);
        out.add(error_key_of(destination, number, theirs, true));
        out.add(error_key_of(destination, number, theirs, false));
    }
    const wire::layer* ip = ip_of(received, 0);
    const wire::layer* upper = upper_of(received, 0);
    if (ip == nullptr || upper == nullptr) return out;
    const bytes_view theirs = frame.subspan(upper->offset);
    const ip_address from = ends_of(*ip).source;
    if (upper->id == protocol::udp || upper->id == protocol::tcp) {
        for (const ip_address* who : {&from, static_cast<const ip_address*>(nullptr)})
            out.add(reply_hash(upper->id, who).add(theirs, 2, 2).add(theirs, 0, 2).value());
        if (upper->id == protocol::udp) out.add(key_hash(key_dhcp).add(theirs, dhcp_xid, 4).value());
    } else if (upper->id == protocol::icmp || upper->id == protocol::icmpv6) {
        const auto& pairs = upper->id == protocol::icmp ? icmp_pairs : icmpv6_pairs;
        const int type = byte_at(theirs, 0);
        const auto* pair = std::ranges::find(pairs, type, &pair_of_types::reply);
        if (pair == pairs.end()) return out;
        const auto request = static_cast<std::uint8_t>(pair->request);
        const bool v6 = upper->id == protocol::icmpv6;
        if (v6 ? request == rs_type || request == mld_query_type : request == icmp_solicitation) {
            out.add(reply_hash(upper->id, nullptr).add(request).value());
        } else if (v6 && request == ns_type) {
            out.add(reply_hash(upper->id, nullptr).add(request).add(theirs, 8, nd_target).value());
        } else {
            for (const ip_address* who : {&from, static_cast<const ip_address*>(nullptr)})
                out.add(reply_hash(upper->id, who).add(request).add(theirs, 4, 4).value());
        }
    } else {
        out.add(reply_hash(upper->id, nullptr).value());
    }
    return out;
}

answer_kind question::answered_by(const wire::dissection& received, bytes_view frame, bool any_source) const noexcept {
    if (ip_ == protocol::arp) return arp_replied_by(received) ? answer_kind::reply : answer_kind::none;
    if (quoted_by(received, frame)) return answer_kind::error;
    return replied_by(received, frame, any_source) ? answer_kind::reply : answer_kind::none;
}

bool question::quoted_by(const wire::dissection& received, bytes_view frame) const noexcept {
    const family f = ip_ == protocol::ipv4 ? family::v4 : family::v6;
    const wire::layer* icmp = received.find(f == family::v4 ? protocol::icmp : protocol::icmpv6);
    if (icmp == nullptr || !wire::is_icmp_error(f, byte_at(icmp->bytes, 0))) return false;
    const wire::layer* ip = ip_of(received, 1);
    if (ip == nullptr || ip->id != ip_) return false;
    const ends quoted = ends_of(*ip);
    if (!quoted.destination.same_octets(destination_)) return false;
    if (!source_.is_unspecified() && !quoted.source.same_octets(source_)) return false;
    if (number_of(received, 1) != number_) return false;
    const wire::layer* upper = upper_of(received, 1);
    const bytes_view theirs = upper == nullptr ? rest_of(frame, *ip) : frame.subspan(upper->offset);
    switch (upper_) {
        case protocol::udp:
            return same(head_, theirs, 0, ports_size);
        case protocol::tcp:
            return same(head_, theirs, 0, icmp_head);
        case protocol::icmp:
        case protocol::icmpv6:
            // The kernel may have computed the checksum.
            return same(head_, theirs, 0, 2) && same(head_, theirs, 4, 4);
        default:
            return true;
    }
}

bool question::addressed_back(const ip_address& from, const ip_address& to, bool any_source) const noexcept {
    const bool from_target = from.same_octets(destination_);
    const bool from_anyone = any_source || destination_.is_multicast() || destination_.is_limited_broadcast();
    if (!from_target && !from_anyone) return false;
    return source_.is_unspecified() || to.same_octets(source_) || (from_anyone && to.is_multicast());
}

bool question::replied_by(const wire::dissection& received, bytes_view frame, bool any_source) const noexcept {
    const wire::layer* ip = ip_of(received, 0);
    const wire::layer* upper = upper_of(received, 0);
    if (ip == nullptr || upper == nullptr || ip->id != ip_ || upper->id != upper_) return false;
    const ends both = ends_of(*ip);
    const bytes_view theirs = frame.subspan(upper->offset);
    if (upper_ == protocol::igmp) {
        return byte_at(head_, 0) == igmp_query && byte_at(theirs, 0) != igmp_query;
    }
    if (upper_ == protocol::icmp || upper_ == protocol::icmpv6) {
        const int type = byte_at(head_, 0);
        // Routers and listeners answer to a group, or from an address that nobody knew before.
        const bool to_whom_it_concerns =
            upper_ == protocol::icmp ? type == icmp_solicitation : type == rs_type || type == mld_query_type;
        const bool solicited = upper_ == protocol::icmpv6 && type == ns_type;
        if (!to_whom_it_concerns && !addressed_back(both.source, both.destination, any_source || solicited))
            return false;
        return icmp_replied_by(theirs);
    }
    if (upper_ == protocol::udp) {
        if (load_be_or_zero(head_, 2) == dhcp_server_port && load_be_or_zero(head_, 0) == dhcp_client_port) {
            return dhcp_replied_by(theirs);
        }
        return addressed_back(both.source, both.destination, any_source) && ports_swapped(head_, theirs);
    }
    return upper_ == protocol::tcp && addressed_back(both.source, both.destination, any_source) &&
           tcp_replied_by(theirs);
}

bool question::icmp_replied_by(bytes_view theirs) const noexcept {
    const int ours = byte_at(head_, 0);
    const int type = byte_at(theirs, 0);
    const auto& pairs = upper_ == protocol::icmp ? icmp_pairs : icmpv6_pairs;
    const bool pair =
        std::ranges::any_of(pairs, [&](const pair_of_types& p) { return p.request == ours && p.reply == type; });
    if (!pair || theirs.size() < icmp_head) return false;
    if (upper_ == protocol::icmp) return ours == icmp_solicitation || same(head_, theirs, 4, 4);
    if (ours == ns_type) return same(head_, theirs, 8, 16);  // the target
    if (ours == rs_type || ours == mld_query_type) return true;
    return same(head_, theirs, 4, 4);
}

// The client of DHCP has no address yet, and the server answers to the broadcast address: the transaction tells.
bool question::dhcp_replied_by(bytes_view theirs) const noexcept {
    if (head_.size() < dhcp_xid + 4 || theirs.size() < dhcp_xid + 4) return false;
    return load_be<std::uint16_t>(theirs, 0) == dhcp_server_port &&
           load_be<std::uint16_t>(theirs, 2) == dhcp_client_port && same(head_, theirs, dhcp_xid, 4) &&
           byte_at(theirs, 8) == 2;
}

bool question::tcp_replied_by(bytes_view theirs) const noexcept {
    if (head_.size() < tcp_head || theirs.size() < tcp_head || !ports_swapped(head_, theirs)) return false;
    const std::uint8_t flags = byte_at(theirs, 13);
    if ((flags & ack) != 0) {
        // Anything from the segment's first byte to its last acknowledges it or, duplicated, refuses it.
        const std::uint32_t distance = load_be<std::uint32_t>(theirs, 8) - load_be<std::uint32_t>(head_, 4);
        return distance <= segment_;
    }
    // RFC 9293 section 3.10.7.1: a reset of a segment that acknowledged takes its sequence number from there.
    return (flags & rst) != 0 && load_be<std::uint32_t>(theirs, 4) == load_be<std::uint32_t>(head_, 8);
}

bool question::arp_replied_by(const wire::dissection& received) const noexcept {
    const wire::layer* arp = received.find(protocol::arp);
    if (arp == nullptr || arp->bytes.size() < arp_size) return false;
    const std::uint16_t asked = load_be<std::uint16_t>(head_, 6);
    if (load_be<std::uint16_t>(arp->bytes, 6) != asked + 1) return false;
    const bytes_view ours{head_};
    // Who was asked for answers, and to him who asked.
    const bool by_target = std::ranges::equal(arp->bytes.subspan(14, 4), ours.subspan(24, 4));
    const bool to_us = std::ranges::equal(arp->bytes.subspan(24, 4), ours.subspan(14, 4));
    return by_target && to_us;
}

}  // namespace sonde::craft
