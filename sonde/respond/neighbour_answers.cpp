#include <algorithm>

#include <sonde/respond/neighbour_answers.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::respond {

namespace {

using answer = echo_responder::answer;

constexpr std::size_t arp_size = 28;
constexpr std::uint64_t arp_request_prefix = 0x0001'0800'0604'0001U;  // Ethernet, IPv4, their sizes, request
constexpr std::uint64_t arp_any_request = 0x0001U;

constexpr std::size_t solicitation_size = 24;
constexpr std::uint8_t neighbour_advertisement = 136;
constexpr std::uint32_t solicited = 0x4000'0000;
constexpr std::uint32_t override_entry = 0x2000'0000;
constexpr std::uint8_t source_link_address = 1;
constexpr std::uint8_t target_link_address = 2;

bool is_group_mac(bytes_view mac) noexcept {
    return (mac[0] & std::byte{1}) != std::byte{0};
}

bool defends(const neighbour_policy& policy, const address_key& address) noexcept {
    return !policy.book.is_own(address) && (policy.defend_prefixes || policy.book.is_lone(address));
}

/// The options of a solicitation. A link address of another size than Ethernet's is none that we can answer to.
struct solicitation_options {
    bool right = true;
    bytes_view source_link = {};
};
solicitation_options read_options(bytes_view rest) noexcept {
    solicitation_options read;
    while (!rest.empty()) {
        const std::size_t size = rest.size() < 2 ? 0 : 8 * std::to_integer<std::size_t>(rest[1]);
        if (size == 0 || size > rest.size()) return {.right = false};
        if (std::to_integer<std::uint8_t>(rest[0]) == source_link_address && size == 8) {
            read.source_link = rest.subspan(2, 6);
        }
        rest = rest.subspan(size);
    }
    return read;
}

std::size_t write_advertisement(const neighbour_policy& policy, const icmp_datagram& d, bytes_view to,
                                std::uint32_t flags, bytes_span out) noexcept {
    constexpr std::size_t ip = 40;
    constexpr std::size_t size = solicitation_size + 8;
    const auto target = d.message.subspan(8, 16);
    store_be(out, 0, std::uint32_t{0x6000'0000});
    store_be(out, 4, static_cast<std::uint16_t>(size));
    store_be(out, 6, wire::ip_protocol::icmpv6);
    store_be(out, 7, std::uint8_t{255});
    std::ranges::copy(target, out.subspan(8).begin());
    std::ranges::copy(to, out.subspan(24).begin());
    const auto message = out.subspan(ip, size);
    store_be(message, 0, std::uint32_t{neighbour_advertisement} << 24);
    store_be(message, 4, flags);
    std::ranges::copy(target, message.subspan(8).begin());
    store_be(message, 24, target_link_address);
    store_be(message, 25, std::uint8_t{1});
    std::ranges::copy(policy.mac.bytes(), message.subspan(26).begin());
    icmp_datagram reply;
    reply.family = family::v6;
    reply.header = out.first(ip);
    store_be(message, 2, wire::internet_checksum(message, reply.pseudo_sum(size)));
    return ip + size;
}

}  // namespace

answer answer_arp(const neighbour_policy& policy, const link_part& link, const heard& h, bytes_span out) {
    const bytes_view packet = link.network;
    if (packet.size() < arp_size) return {disposition::truncated};
    const auto kind = load_be<std::uint64_t>(packet, 0);
    if (kind != arp_request_prefix) {
        return {(kind & 0xffffU) == arp_any_request ? disposition::malformed : disposition::not_asked};
    }
    const auto sender_mac = packet.subspan(8, 6);
    const auto sender = address_key::from_wire(packet.subspan(14, 4));
    const auto target = address_key::from_wire(packet.subspan(24, 4));
    if (is_group_mac(sender_mac)) return {disposition::malformed};
    if (!policy.book.answers(target)) return {disposition::not_ours};
    if (policy.book.is_own(sender) || std::ranges::equal(sender_mac, policy.mac.bytes())) {
        return {disposition::own_source};
    }
    // RFC 5227: a probe has no sender, an announcement names itself. RFC 1122 has no other senders in 0.0.0.0/8.
    if (sender.is_unspecified() || sender == target) {
        if (!defends(policy, target)) return {disposition::address_detection};
    } else if (sender.is_group() || sender.is_loopback() || policy.book.is_broadcast(sender)) {
        return {disposition::group_source};
    }
    const std::size_t at = link.write_reply(out, sender_mac, policy.mac, h.tag);
    const auto reply = out.subspan(at, arp_size);
    store_be(reply, 0, arp_request_prefix + 1);
    std::ranges::copy(policy.mac.bytes(), reply.subspan(8).begin());
    std::ranges::copy(packet.subspan(24, 4), reply.subspan(14).begin());
    std::ranges::copy(packet.subspan(8, 10), reply.subspan(18).begin());
    return {disposition::answered_arp, at + arp_size};
}

answer answer_solicitation(const neighbour_policy& policy, const link_part& link, const icmp_datagram& d,
                           const heard& h, bytes_span out) {
    // RFC 4861 section 7.1.1.
    if (link.destination.empty()) return {disposition::not_asked};
    if (d.message.size() < solicitation_size || d.hop_limit != 255 || d.message[1] != std::byte{0}) {
        return {disposition::malformed};
    }
    const auto options = read_options(d.message.subspan(solicitation_size));
    if (!options.right) return {disposition::malformed};
    const auto source = address_key::from_wire(d.source);
    const auto target = address_key::from_wire(d.message.subspan(8, 16));
    if (target.is_v4() || !policy.book.answers(target)) return {disposition::not_ours};
    if (policy.book.is_own(source) || source == target) return {disposition::own_source};
    if (source.is_group() || source.is_loopback() || source.is_v4()) return {disposition::group_source};
    if (!h.checksum_unfinished && !d.checksum_right()) return {disposition::bad_checksum};

    if (source.is_unspecified()) {
        if (!options.source_link.empty()) return {disposition::malformed};
        if (!defends(policy, target)) return {disposition::address_detection};
        // Section 7.2.4: to all nodes, ff02::1, since the asker has no address yet.
        constexpr std::array<std::byte, 6> all_nodes_mac{std::byte{0x33}, std::byte{0x33}, {}, {}, {}, std::byte{1}};
        std::array<std::byte, 16> all_nodes{std::byte{0xff}, std::byte{2}};
        all_nodes[15] = std::byte{1};
        const std::size_t at = link.write_reply(out, all_nodes_mac, policy.mac, h.tag);
        return {disposition::answered_neighbour,
                at + write_advertisement(policy, d, all_nodes, override_entry, out.subspan(at))};
    }
    if (!options.source_link.empty() && is_group_mac(options.source_link)) return {disposition::malformed};
    const bytes_view to = options.source_link.empty() ? link.source : options.source_link;
    const std::size_t at = link.write_reply(out, to, policy.mac, h.tag);
    return {disposition::answered_neighbour,
            at + write_advertisement(policy, d, d.source, solicited | override_entry, out.subspan(at))};
}

}  // namespace sonde::respond
