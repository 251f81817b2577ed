#include <algorithm>

#include <cli/lab_door.hpp>

#include <sonde/respond/frame_request.hpp>
#include <sonde/respond/neighbour_answers.hpp>
#include <sonde/wire/ethernet.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::cli {

namespace {

constexpr std::uint8_t neighbour_solicitation = 135;

unsigned version_of(bytes_view packet) noexcept {
    return packet.empty() ? 0 : std::to_integer<unsigned>(packet[0]) >> 4U;
}

/// Empty where the packet is too short for its version.
bytes_view source_of(bytes_view packet) noexcept {
    if (version_of(packet) == 4 && packet.size() >= 20) return packet.subspan(12, 4);
    if (version_of(packet) == 6 && packet.size() >= 40) return packet.subspan(8, 16);
    return {};
}
bytes_view destination_of(bytes_view packet) noexcept {
    const auto source = source_of(packet);
    return source.empty() ? source : packet.subspan(source.size() == 4 ? 16 : 24, source.size());
}

/// Of what never leaves a link.
bool stays_on_link(const ip_address& a) noexcept {
    return a.is_multicast() || a.is_link_local() || a.is_limited_broadcast();
}

}  // namespace

lab_door::lab_door(lab_door_options o) : kind_(o.kind), station_(o.station) {
    for (const auto& a : o.own) own_.push_back({a, o.station});
    answered_.set_prefixes(o.answered);
}

lab_door::entry lab_door::take(bytes_view frame, bytes_span out) {
    return kind_ == socket::tun_kind::tun ? take_packet(frame) : take_frame(frame, out);
}

lab_door::entry lab_door::take_packet(bytes_view packet) {
    const auto destination = destination_of(packet);
    if (destination.empty()) return {};
    if (stays_on_link(ip_address::from_bytes(destination))) return {};
    if (stays_on_link(ip_address::from_bytes(source_of(packet)))) return {};
    return {matter::packet, packet};
}

lab_door::entry lab_door::take_frame(bytes_view frame, bytes_span out) {
    const auto link = respond::link_part::read(link_type::ethernet, frame);
    if (!link) return {};
    const respond::neighbour_policy policy{.book = answered_, .mac = lab_station};
    if (link->ethertype == wire::ethertype::arp) {
        const auto answer = respond::answer_arp(policy, *link, {}, out);
        return answer.size == 0 ? entry{} : entry{matter::neighbour, bytes_view{out}.first(answer.size)};
    }
    const bool ip = link->ethertype == wire::ethertype::ipv4 || link->ethertype == wire::ethertype::ipv6;
    if (!ip || !link->tags.empty()) return {};
    const auto icmp = respond::icmp_reading::read(*link, link_type::ethernet, false);
    const auto* datagram = icmp.get();
    if (datagram != nullptr && datagram->family == family::v6 && !datagram->fragment && !datagram->message.empty() &&
        datagram->message[0] == std::byte{neighbour_solicitation}) {
        const auto answer = respond::answer_solicitation(policy, *link, *datagram, {}, out);
        return answer.size == 0 ? entry{} : entry{matter::neighbour, bytes_view{out}.first(answer.size)};
    }
    const mac_address to = mac_address::from_bytes(link->destination);
    if (to != lab_station && !to.is_group()) return {};
    const entry packet = take_packet(link->network);
    if (packet.what == matter::packet) learn(packet.bytes, mac_address::from_bytes(link->source));
    return packet;
}

void lab_door::learn(bytes_view packet, const mac_address& station) {
    const ip_address source = ip_address::from_bytes(source_of(packet));
    const auto known = std::ranges::find(own_, source, &host::address);
    if (known != own_.end() && !station.is_group()) known->station = station;
}

bytes_view lab_door::wrap(bytes_view packet, bytes_span out) const {
    if (kind_ == socket::tun_kind::tun) return packet;
    const auto destination = destination_of(packet);
    if (destination.empty() || out.size() < packet.size() + wire::ethernet_header_size) return {};
    const auto known = std::ranges::find(own_, ip_address::from_bytes(destination), &host::address);
    const wire::ethernet_message frame{
        .destination = known == own_.end() ? station_ : known->station,
        .source = lab_station,
        .ethertype = destination.size() == 4 ? wire::ethertype::ipv4 : wire::ethertype::ipv6,
        .payload = packet};
    return bytes_view{out}.first(frame.emit(out));
}

}  // namespace sonde::cli
