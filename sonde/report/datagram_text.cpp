#include <algorithm>

#include <fmt/format.h>

#include <sonde/report/datagram_text.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/report/hexdump.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_names.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::report {

namespace {

constexpr std::size_t tcp_header_size = 20;
constexpr std::size_t udp_header_size = 8;
constexpr std::size_t tcp_flags_offset = 13;

std::string name_or_number(std::uint8_t protocol) {
    const auto name = message_protocol_name(protocol);
    return name.empty() ? fmt::format("protocol {}", protocol) : std::string(name);
}

std::string cut_short(std::uint8_t protocol, std::size_t there, std::size_t needed) {
    return fmt::format("{} cut short: {} bytes of at least {}", name_or_number(protocol), there, needed);
}

// Source and destination of the datagram that an ICMP error quotes.
std::string quoted_words(family f, bytes_view quote) {
    const auto words = [](const ip_address& from, const ip_address& to) {
        return fmt::format(", about {} > {}", from.to_string(), to.to_string());
    };
    if (f == family::v4) {
        const auto ip = wire::ipv4_view::parse_lax(quote);
        return ip ? words(ip->source(), ip->destination()) : ", about nothing that can be read";
    }
    const auto ip = wire::ipv6_view::parse_lax(quote);
    return ip ? words(ip->source(), ip->destination()) : ", about nothing that can be read";
}

// The name that the protocol's table has for a type, or the number.
std::string type_words(const datagram_view& view) {
    const auto type = view.type();
    const auto* field = message_type_field(view.delivered.protocol);
    if (!type || field == nullptr) return {};
    const auto name = wire::name_of(field->names, *type);
    return name.empty() ? fmt::format("type {}", *type) : std::string(name);
}

std::string icmp_words(const datagram_view& view) {
    const std::uint8_t protocol = view.delivered.protocol;
    const family f = protocol == wire::ip_protocol::icmp ? family::v4 : family::v6;
    const auto icmp = wire::icmp_view::parse(view.message, wire::checksum_check::trust);
    if (!icmp) return cut_short(protocol, view.message.size(), wire::icmp_header_size);
    std::string words(message_protocol_name(protocol));
    if (wire::is_icmp_error(f, icmp->type())) {
        words += ' ' + wire::icmp_error_text(f, icmp->type(), icmp->code(), icmp->rest());
        words += quoted_words(f, icmp->body());
    } else {
        words += ' ' + type_words(view);
        if (icmp->code() != 0) words += fmt::format(", code {}", icmp->code());
        if (const auto echo = wire::icmp_echo_message::from(f, *icmp)) {
            words += fmt::format(", id {}, seq {}", echo->identifier, echo->sequence);
        }
    }
    // Of ICMPv6 the kernel delivers only what it has verified.
    const bool verifiable = f == family::v4 && !view.cut();
    if (verifiable && !wire::icmp_view::parse(view.message, wire::checksum_check::verify)) words += " (bad checksum)";
    return words;
}

std::string tcp_words(bytes_view message) {
    if (message.size() < tcp_header_size) return cut_short(wire::ip_protocol::tcp, message.size(), tcp_header_size);
    std::string words =
        fmt::format("TCP {} > {}", load_be<std::uint16_t>(message, 0), load_be<std::uint16_t>(message, 2));
    const auto* layout = wire::layout_of(wire::protocol::tcp);
    const auto* field = layout == nullptr ? nullptr : wire::find_field(*layout, nullptr, "flags");
    const auto set = load_be<std::uint8_t>(message, tcp_flags_offset);
    if (field != nullptr) {
        for (const auto& flag : field->names) {
            if ((set & flag.value) != 0) words += fmt::format(" {}", flag.name);
        }
    }
    const std::size_t header = std::size_t{4} * (load_be<std::uint8_t>(message, 12) >> 4);
    if (header < tcp_header_size || header > message.size()) return words + ", bad data offset";
    return words + fmt::format(", {} data bytes", message.size() - header);
}

std::string udp_words(bytes_view message) {
    if (message.size() < udp_header_size) return cut_short(wire::ip_protocol::udp, message.size(), udp_header_size);
    return fmt::format("UDP {} > {}, {} data bytes", load_be<std::uint16_t>(message, 0),
                       load_be<std::uint16_t>(message, 2), message.size() - udp_header_size);
}

}  // namespace

std::string message_words(const datagram_view& view) {
    if (view.problem) return fmt::format("malformed IP header: {}", wire::to_string(*view.problem));
    const std::uint8_t protocol = view.delivered.protocol;
    switch (protocol) {
        case wire::ip_protocol::icmp:
        case wire::ip_protocol::icmpv6:
            return icmp_words(view);
        case wire::ip_protocol::tcp:
            return tcp_words(view.message);
        case wire::ip_protocol::udp:
            return udp_words(view.message);
        default:
            break;
    }
    const auto* layout = message_layout(protocol);
    if (layout == nullptr) return fmt::format("{}, {} bytes", name_or_number(protocol), view.message.size());
    if (view.message.size() < layout->size) return cut_short(protocol, view.message.size(), layout->size);
    return fmt::format("{} {}", name_or_number(protocol), type_words(view));
}

void datagram_text::line(std::string& out, const datagram_view& view) {
    line_.clear();
    time_.write(line_, view.delivered.time);
    out += line_.text();
    out += escape_text(view.source.to_string());
    if (view.destination) out += " > " + escape_text(view.destination->to_string());
    out += ": ";
    if (view.identification) out += fmt::format("id {}, ", *view.identification);
    out += fmt::format("{} bytes", view.delivered.full_size);
    if (view.cut()) out += fmt::format(" ({} kept)", view.delivered.bytes.size());
    if (view.hop_limit) out += fmt::format(", ttl {}", *view.hop_limit);
    out += ": " + escape_text(message_words(view));
    if (view.is_looped_request() && !loop_explained_) {
        loop_explained_ = true;
        out += " (the request: loopback delivers it to this machine too)";
    }
    out += '\n';
}

void datagram_text::row(std::string& out, const datagram_view& view) {
    const auto begin = static_cast<std::ptrdiff_t>(out.size());
    append_hex_bytes(out, view.delivered.bytes);
    // Capitals, as in the article that asks why the request is there.
    std::transform(out.begin() + begin, out.end(), out.begin() + begin,
                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
    out += '\n';
}

void datagram_text::dump(std::string& out, const datagram_view& view) {
    hexdump(out, view.delivered.bytes, {.ascii = true});
}

void datagram_text::summary(std::string& out, const datagram_accounting& counts) {
    out += fmt::format("{} datagram{} received, {} filtered, {} dropped by the kernel", counts.received,
                       counts.received == 1 ? "" : "s", counts.filtered(), counts.kernel_drops);
    if (counts.rejected_malformed > 0) out += fmt::format(", {} too short to filter", counts.rejected_malformed);
    out += '\n';
}

}  // namespace sonde::report
