#include <algorithm>
#include <array>
#include <span>

#include <sonde/sim/icmp_error_writer.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_extension.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::sim {

namespace {

constexpr std::size_t v4_error_max = 576;
// RFC 1812 section 4.3.2.5: the precedence, beside the packet's own type of service.
constexpr std::uint8_t internetwork_control = 0xc0;
constexpr std::uint8_t type_of_service = 0x1c;
constexpr std::size_t quote_before_extension = 128;  // RFC 4884 section 4
constexpr std::size_t name_max = 63;
constexpr std::uint8_t redirect_v6 = 137;
constexpr std::size_t extension_max = 400;

bytes_view bytes_of(std::string_view text) noexcept {
    return std::as_bytes(std::span{text}).first(std::min(text.size(), name_max));
}

/// Writes what the behaviour wants; 0 when that is nothing. What no longer fits is left out.
std::size_t write_extension(bytes_span out, const icmp_error& error, const error_behaviour& behaviour) noexcept {
    if (behaviour.mpls.empty() && !(behaviour.interface_information && error.incoming)) return 0;
    const bytes_span objects = out.subspan(wire::icmp_extension_header_size);
    std::size_t used = 0;
    if (!behaviour.mpls.empty()) {
        const bytes_span labels = objects.subspan(4);
        std::size_t size = 0;
        for (const wire::mpls_label& label : behaviour.mpls) size += label.emit(labels.subspan(size));
        used = wire::icmp_object{.class_number = 1, .c_type = 1, .data = labels.first(size)}.emit(objects);
    }
    if (behaviour.interface_information && error.incoming) {
        const incoming_interface& in = *error.incoming;
        const wire::interface_information information{
            .index = in.index, .address = in.address, .name = bytes_of(in.name), .mtu = in.mtu};
        used += information.emit(objects.subspan(used));
    }
    return wire::icmp_extension_message{.objects = objects.first(used)}.emit(out, wire::checksum_fill::compute);
}

/// RFC 4884: only these have a length field, and so an extension.
bool may_have_extension(family f, std::uint8_t type) noexcept {
    const auto types = wire::icmp_types_of(f);
    return type == types.destination_unreachable || type == types.time_exceeded;
}

/// The quote, padded where an extension follows, and the extension, behind the ICMP header; returns their size.
std::size_t write_body(bytes_span icmp, const icmp_error& error, const error_behaviour& behaviour, bytes_view packet,
                       const packet_facts& facts) noexcept {
    const bytes_span body = icmp.subspan(wire::icmp_header_size);
    std::array<std::byte, extension_max> room;
    const std::size_t extension =
        may_have_extension(facts.family, error.type) ? write_extension(room, error, behaviour) : 0;
    std::size_t quote = std::min(packet.size(), body.size() - extension);
    // What is asked for counts from behind the fixed header and its options: RFC 792 says so of its 64 bits.
    if (behaviour.quote) {
        const std::size_t header = facts.family == family::v4
                                       ? (std::to_integer<std::size_t>(packet.front()) & 0x0fU) * 4
                                       : wire::ipv6_header_size;
        quote = std::min(quote, header + *behaviour.quote);
    }
    const std::size_t unit = facts.family == family::v4 ? 4 : 8;
    std::size_t place = quote;
    if (extension != 0) {
        if (behaviour.legacy_extension) quote = std::min(quote, quote_before_extension);
        quote = std::min(quote, (body.size() - extension) / unit * unit);
        place = std::max(quote_before_extension, (quote + unit - 1) / unit * unit);
        if (!behaviour.legacy_extension) {
            store_be(icmp, facts.family == family::v4 ? 5 : 4, static_cast<std::uint8_t>(place / unit));
        }
    }
    std::ranges::copy(packet.first(quote), body.begin());
    std::ranges::fill(body.subspan(quote, place - quote), std::byte{0});
    std::ranges::copy(bytes_view{room}.first(extension), body.subspan(place).begin());
    return place + extension;
}

bool is_one_host(const ip_address& a) noexcept {
    if (a.is_unspecified() || a.is_multicast() || a.is_loopback() || a.is_limited_broadcast()) return false;
    // 0.0.0.0/8 and 240.0.0.0/4 are no source addresses (RFC 1122 section 3.2.1.3).
    const unsigned first = std::to_integer<unsigned>(a.bytes().front());
    return !a.is_v4() || (first != 0 && first < 240);
}

bool is_error_message(bytes_view packet, const packet_facts& facts) noexcept {
    const bool v4 = facts.family == family::v4;
    if (facts.protocol != (v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6)) return false;
    if (packet.size() <= facts.upper) return true;
    const auto type = load_be<std::uint8_t>(packet, facts.upper);
    return wire::is_icmp_error(facts.family, type) || (!v4 && type == redirect_v6);
}

}  // namespace

bool may_be_reported(bytes_view packet, const packet_facts& facts, reported what) noexcept {
    // RFC 4443 lets IPv6's be told of, as Linux does; one of ICMPv6 may be of an error, and does not say so.
    const bool is_v4 = facts.family == family::v4;
    if (facts.later_fragment && (is_v4 || facts.protocol == wire::ip_protocol::icmpv6)) return false;
    if (!is_one_host(source_of(packet, facts.family))) return false;
    const ip_address destination = destination_of(packet, facts.family);
    const bool to_group = destination.is_multicast() || destination.is_limited_broadcast();
    if (to_group && !(what == reported::too_big && facts.family == family::v6)) return false;
    return !is_error_message(packet, facts);
}

std::size_t write_icmp_error(bytes_span out, const icmp_error& error, const error_behaviour& behaviour,
                             bytes_view packet, const packet_facts& facts) noexcept {
    const bool v4 = facts.family == family::v4;
    const ip_address destination = source_of(packet, facts.family);
    const std::size_t header = v4 ? wire::ipv4_header_size : wire::ipv6_header_size;
    bytes_span icmp = out.first(v4 ? v4_error_max : icmp_error_max).subspan(header);
    store_be(icmp, 0, error.type);
    store_be(icmp, 1, error.code);
    store_be(icmp, 2, std::uint16_t{0});
    store_be(icmp, 4, error.rest);
    icmp = icmp.first(wire::icmp_header_size + write_body(icmp, error, behaviour, packet, facts));
    const std::uint16_t pseudo =
        v4 ? std::uint16_t{0}
           : wire::pseudo_header_sum(error.source, destination, static_cast<std::uint32_t>(icmp.size()),
                                     wire::ip_protocol::icmpv6);
    auto checksum = wire::internet_checksum(icmp, pseudo);
    if (behaviour.bad_checksum) checksum = static_cast<std::uint16_t>(checksum ^ 0x5555U);
    store_be(icmp, 2, checksum);
    if (v4) {
        const unsigned tos = std::to_integer<unsigned>(packet[1]) & type_of_service;
        return wire::ipv4_message{.tos = static_cast<std::uint8_t>(internetwork_control | tos),
                                  .identification = error.identification,
                                  .ttl = behaviour.ttl,
                                  .protocol = wire::ip_protocol::icmp,
                                  .source = error.source,
                                  .destination = destination,
                                  .payload = icmp}
            .emit(out, wire::checksum_fill::compute);
    }
    return wire::ipv6_message{.next_header = wire::ip_protocol::icmpv6,
                              .hop_limit = behaviour.ttl,
                              .source = error.source,
                              .destination = destination,
                              .payload = icmp}
        .emit(out);
}

}  // namespace sonde::sim
