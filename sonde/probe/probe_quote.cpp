#include <algorithm>

#include <sonde/probe/probe_quote.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::probe {

namespace {

constexpr std::size_t objects_limit = 16;
constexpr std::size_t object_bytes_limit = 256;
// RFC 792 promises that many of what the quoted packet carries.
constexpr std::size_t promised_bytes = 8;

std::uint16_t difference(std::uint16_t a, std::uint16_t b) noexcept {
    return static_cast<std::uint16_t>((std::uint32_t{a} + 65535U - b) % 65535U);
}

std::string text_of(bytes_view bytes) {
    std::string text(bytes.size(), '\0');
    std::ranges::transform(bytes, text.begin(), [](std::byte b) { return std::to_integer<char>(b); });
    return text;
}

void take_labels(bytes_view data, hop_extensions& out) {
    bool any = false;
    while (const auto label = wire::next_mpls_label(data)) {
        any = true;
        if (out.mpls.size() < objects_limit) out.mpls.push_back(*label);
    }
    out.bad = out.bad || !any || !data.empty();
}

void take_object(const wire::icmp_object& object, hop_extensions& out) {
    if (object.is_mpls_label_stack()) return take_labels(object.data, out);
    if (object.is_interface_information()) {
        if (const auto said = wire::interface_information::from(object)) {
            if (out.interfaces.size() == objects_limit) return;
            out.interfaces.push_back({.role = said->role,
                                      .index = said->index,
                                      .address = said->address,
                                      .name = text_of(said->name),
                                      .mtu = said->mtu});
            return;
        }
        out.bad = true;
    }
    if (out.others.size() == objects_limit) return;
    const bytes_view kept = object.data.first(std::min(object.data.size(), object_bytes_limit));
    out.others.push_back(
        {.class_number = object.class_number, .c_type = object.c_type, .data = {kept.begin(), kept.end()}});
}

}  // namespace

std::optional<probe_quote> probe_quote::read(sonde::family f, bytes_view quoted) noexcept {
    probe_quote quote{.family = f};
    if (f == family::v4) {
        const auto ip = wire::ipv4_view::parse_lax(quoted);
        if (!ip || ip->fragment_offset() != 0) return std::nullopt;
        quote.source = ip->source();
        quote.destination = ip->destination();
        quote.hop_limit = ip->ttl();
        quote.traffic_class = ip->tos();
        quote.protocol = ip->protocol();
        quote.transport = ip->payload();
    } else {
        const auto ip = wire::ipv6_view::parse_lax(quoted);
        if (!ip) return std::nullopt;
        const auto upper = ip->upper_layer();
        if (!upper || upper->is_later_fragment()) return std::nullopt;
        quote.source = ip->source();
        quote.destination = ip->destination();
        quote.hop_limit = ip->hop_limit();
        quote.traffic_class = ip->traffic_class();
        quote.protocol = upper->protocol;
        quote.transport = upper->payload;
    }
    if (quote.transport.size() < promised_bytes) return std::nullopt;
    return quote;
}

std::optional<std::uint16_t> probe_quote::udp_payload_sum() const noexcept {
    const auto checksum = load_be<std::uint16_t>(transport, 6);
    if (checksum == 0) return std::nullopt;
    const auto length = load_be<std::uint16_t>(transport, 4);
    const std::uint16_t sum = wire::ones_complement_sum(
        transport.first(6), wire::pseudo_header_sum(source, destination, length, wire::ip_protocol::udp));
    return difference(static_cast<std::uint16_t>(~checksum), sum);
}

bool probe_quote::unfinished_udp_checksum() const noexcept {
    const auto checksum = load_be<std::uint16_t>(transport, 6);
    const auto length = load_be<std::uint16_t>(transport, 4);
    return checksum == wire::pseudo_header_sum(source, destination, length, wire::ip_protocol::udp);
}

std::uint16_t probe_quote::icmp_message_sum(std::size_t size) const noexcept {
    const auto sum = static_cast<std::uint16_t>(~load_be<std::uint16_t>(transport, 2));
    if (family == family::v4) return sum;
    return difference(
        sum, wire::pseudo_header_sum(source, destination, static_cast<std::uint32_t>(size), wire::ip_protocol::icmpv6));
}

std::shared_ptr<const hop_extensions> read_hop_extensions(bytes_view structure) {
    if (structure.empty()) return nullptr;
    auto found = std::make_shared<hop_extensions>();
    const auto view = wire::icmp_extension_view::parse(structure, wire::checksum_check::trust);
    if (!view) {
        found->bad = true;
        return found;
    }
    found->bad = !wire::icmp_extension_view::parse(structure, wire::checksum_check::verify);
    for (bytes_view rest = view->objects(); !rest.empty();) {
        const auto object = wire::next_icmp_object(rest);
        if (!object) found->bad = true;
        if (!object || !*object) break;
        take_object(**object, *found);
    }
    return found;
}

}  // namespace sonde::probe
