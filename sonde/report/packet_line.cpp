#include <algorithm>

#include <sonde/report/packet_line.hpp>
#include <sonde/report/packet_line_messages.hpp>

namespace sonde::report {

namespace {

using wire::protocol;

constexpr std::uint16_t least_ethertype = 0x0600;  // what is smaller is a length (IEEE 802.3)
constexpr std::size_t port_bytes = 4;

std::uint8_t octet(bytes_view bytes, std::size_t at) noexcept {
    return std::to_integer<std::uint8_t>(bytes[at]);
}

// `eth0  In  `, as wide as tcpdump makes it.
void put_column(line_writer& line, std::string_view text, std::size_t width) {
    line.put(text);
    for (std::size_t i = text.size(); i < width; ++i) line.put(' ');
    line.put(' ');
}

std::string_view tcpdump_direction(packet_direction direction) noexcept {
    switch (direction) {
        case packet_direction::in:
            return "In";
        case packet_direction::broadcast:
            return "B";
        case packet_direction::multicast:
            return "M";
        case packet_direction::other_host:
            return "P";
        case packet_direction::out:
            return "Out";
        case packet_direction::unknown:
            break;
    }
    return "?";
}

void put_ethertype(line_writer& line, std::uint16_t type) {
    const std::string_view name = wire::ethertype_name(type);
    line.put("ethertype ").put(name.empty() ? "Unknown" : name).put(" (0x").hexadecimal(type, 4).put(')');
}

bool is_link(protocol id) noexcept {
    return id <= protocol::vlan;
}

bool is_ipv6_extension(protocol id) noexcept {
    return id >= protocol::ipv6_hop_by_hop && id <= protocol::ipv6_destination;
}

void put_problem(line_writer& line, std::string_view protocol_name, wire::parse_error problem) {
    if (problem == wire::parse_error::truncated) {
        line.put("[|").put(protocol_name).put(']');
    } else {
        line.put('[').put(protocol_name).put(": ").put(to_string(problem)).put(']');
    }
}

void put_address(line_writer& line, family version, bytes_view address) {
    if (version == family::v4) {
        line.ipv4(address);
    } else {
        line.ipv6(address);
    }
}

// For Ethernet and IPv4: the addresses are at their usual places.
void put_arp_operation(line_writer& line, std::uint16_t op, bytes_view message) {
    enum operation : std::uint16_t { request = 1, reply = 2, reverse_request = 3, reverse_reply = 4 };
    const bytes_view sender = message.subspan(8, 6);
    const bytes_view sender_address = message.subspan(14, 4);
    const bytes_view target = message.subspan(18, 6);
    const bytes_view target_address = message.subspan(24, 4);
    const auto all = [&](std::byte value) {
        return std::ranges::all_of(target, [value](std::byte b) { return b == value; });
    };
    switch (op) {
        case request:
            line.put("Request who-has ").ipv4(target_address);
            if (!all(std::byte{0}) && !all(std::byte{0xff})) line.put(" (").mac(target).put(')');
            line.put(" tell ").ipv4(sender_address);
            break;
        case reply:
            line.put("Reply ").ipv4(sender_address).put(" is-at ").mac(sender);
            break;
        case reverse_request:
            line.put("Reverse Request who-is ").mac(target).put(" tell ").mac(sender);
            break;
        case reverse_reply:
            line.put("Reverse Reply ").mac(target).put(" at ").ipv4(target_address);
            break;
        default:
            line.put("op ").number(op);
    }
}

}  // namespace

bytes_view packet_line::message(const wire::layer& l, std::uint32_t size) const noexcept {
    const bytes_view rest = packet_->frame.subspan(std::min<std::size_t>(l.offset, packet_->frame.size()));
    return rest.first(std::min<std::size_t>(size, rest.size()));
}

bool packet_line::write(line_writer& line, const packet_view& packet) {
    packet_ = &packet;
    has_unknown_ = false;
    ended_ = false;
    const layers rest = link(line, packet.dissection.layers());
    if (!ended_) next(line, rest);
    packet_ = nullptr;
    return has_unknown_;
}

// What stands before the network header: with -e all of it, else what tcpdump shows of it always.
packet_line::layers packet_line::link(line_writer& line, layers rest) {
    if (!rest.empty() && rest.front().id == protocol::linux_cooked_v2 && rest.front().bytes.size() >= 20) {
        cooked_columns(line, rest.front().bytes);
    }
    if (options_.link_header) link_headers(line, rest);
    for (; !rest.empty() && is_link(rest.front().id); rest = rest.subspan(1)) {
        const wire::layer& l = rest.front();
        if (!l.problem) continue;
        const wire::header_layout* layout = wire::layout_of(l.id);
        put_problem(line, l.bytes.size() < layout->size ? layout->name : "packet", *l.problem);
        ended_ = true;
        return {};
    }
    return rest;
}

void packet_line::link_headers(line_writer& line, layers rest) {
    for (const wire::layer& l : rest) {
        const bytes_view b = l.bytes;
        if (!is_link(l.id) || b.size() < wire::layout_of(l.id)->size) return;
        switch (l.id) {
            case protocol::ethernet:
                line.mac(b.subspan(6)).put(" > ").mac(b).put(", ");
                link_type_and_size(line, load_be<std::uint16_t>(b, 12));
                break;
            case protocol::vlan:
                line.put("vlan ").number(load_be<std::uint16_t>(b, 0) & 0xfffU);
                line.put(", p ").number(static_cast<std::uint8_t>(octet(b, 0) >> 5));
                line.put((octet(b, 0) & 0x10U) != 0 ? std::string_view{", DEI, "} : std::string_view{", "});
                put_ethertype(line, load_be<std::uint16_t>(b, 2));
                line.put(", ");
                break;
            case protocol::linux_cooked: {
                const std::string_view name = tcpdump_direction(octet(b, 0) == 0 ? direction_of_packet_type(octet(b, 1))
                                                                                 : packet_direction::unknown);
                line.put(std::string_view{"   "}.substr(std::min<std::size_t>(name.size(), 3))).put(name).put(' ');
                line.mac(b.subspan(6)).put(' ');
                link_type_and_size(line, load_be<std::uint16_t>(b, 14));
                break;
            }
            case protocol::linux_cooked_v2:
                line.put("ifindex ").number(load_be<std::uint32_t>(b, 4)).put(' ').mac(b.subspan(12)).put(' ');
                link_type_and_size(line, load_be<std::uint16_t>(b, 0));
                break;
            default:  // BSD's loopback says no more than the version of what follows does
                break;
        }
    }
}

void packet_line::link_type_and_size(line_writer& line, std::uint16_t type) {
    if (type < least_ethertype) {
        line.put("802.3, length ").number(type).put(": ");
        return;
    }
    put_ethertype(line, type);
    line.put(", length ").number(packet_->full_size).put(": ");
}

// The interface and the direction, which tcpdump shows always.
void packet_line::cooked_columns(line_writer& line, bytes_view header) {
    if (packet_->interface.empty()) {
        line.put("if").number(load_be<std::uint32_t>(header, 4)).put("   ");
    } else {
        put_column(line, packet_->interface, 5);
    }
    put_column(line, tcpdump_direction(direction_of_packet_type(octet(header, 10))), 3);
}

void packet_line::next(line_writer& line, layers rest) {
    if (rest.empty()) {
        line.put("[no packet]");
        return;
    }
    switch (rest.front().id) {
        case protocol::ipv4:
            return ipv4(line, rest);
        case protocol::ipv6:
            return ipv6(line, rest);
        case protocol::arp:
            return arp(line, rest.front());
        default:
            return unknown_link(line, rest.front());
    }
}

// As tcpdump does: the link header although nobody asked for it, and the rest in hexadecimal below.
void packet_line::unknown_link(line_writer& line, const wire::layer& payload) {
    const layers all = packet_->dissection.layers();
    if (!options_.link_header) link_headers(line, all);
    const protocol first = all.front().id;
    if (first == protocol::payload || first == protocol::null_loopback) {
        line.put("unknown protocol, length ").number(packet_->full_size).put(": ");
    }
    if (payload.problem) put_problem(line, "packet", *payload.problem);
    has_unknown_ = true;
    unknown_ = packet_->frame.subspan(std::min<std::size_t>(payload.offset, packet_->frame.size()));
}

void packet_line::arp(line_writer& line, const wire::layer& l) {
    if (!options_.link_header) line.put("ARP, ");
    const bytes_view m = l.bytes;
    const bool unusual = m.size() >= 8 && (load_be<std::uint16_t>(m, 2) != wire::ethertype::ipv4 || octet(m, 4) != 6 ||
                                           octet(m, 5) != 4);
    if (m.size() < (unusual ? 8U : 28U)) {
        line.put("[|arp]");
        return;
    }
    const std::uint16_t op = load_be<std::uint16_t>(m, 6);
    if (unusual) {
        line.put("hardware type ").number(load_be<std::uint16_t>(m, 0)).put(" (len ").number(octet(m, 4));
        line.put("), protocol 0x").hexadecimal(load_be<std::uint16_t>(m, 2), 4);
        line.put(" (len ").number(octet(m, 5)).put("), op ").number(op);
    } else {
        put_arp_operation(line, op, m);
    }
    line.put(", length ").number(packet_->full_size - std::min(l.offset, packet_->full_size));
}

void packet_line::ipv4(line_writer& line, layers rest) {
    const wire::layer& l = rest.front();
    if (!options_.link_header) line.put("IP ");
    if (l.bytes.size() < 20) return put_problem(line, "ip", l.problem.value_or(wire::parse_error::truncated));
    const std::uint32_t header = 4U * (octet(l.bytes, 0) & 0xfU);
    const std::uint32_t room = packet_->full_size - std::min(l.offset, packet_->full_size);
    std::uint32_t total = load_be<std::uint16_t>(l.bytes, 2);
    if (total == 0) total = room;  // handed to a device that segments: as long as it is
    if (header < 20) {
        line.put("bad-hlen ").number(header);
        return;
    }
    if (total < header) {
        line.put("bad-len ").number(total);
        return;
    }
    if (header > l.bytes.size()) return put_problem(line, "ip", l.problem.value_or(wire::parse_error::truncated));
    if (total > room) line.put("truncated-ip - ").number(total - room).put(" bytes missing! ");
    const std::uint16_t fragment = load_be<std::uint16_t>(l.bytes, 6);
    const network n{.version = family::v4,
                    .source = l.bytes.subspan(12, 4),
                    .destination = l.bytes.subspan(16, 4),
                    .size = total - header,
                    .fragment = (fragment & 0x3fffU) != 0,
                    .extended = false};
    const std::uint8_t protocol = octet(l.bytes, 9);
    if ((fragment & 0x1fffU) == 0) return transport(line, rest.subspan(1), n, protocol);
    // Only the first fragment begins with the protocol's header.
    addresses(line, n, {});
    line.put("ip-proto-").number(protocol);
}

void packet_line::ipv6(line_writer& line, layers rest) {
    const wire::layer& l = rest.front();
    if (!options_.link_header) line.put("IP6 ");
    if (l.bytes.size() < 40) return put_problem(line, "ip6", l.problem.value_or(wire::parse_error::truncated));
    std::uint32_t size = load_be<std::uint16_t>(l.bytes, 4);
    const std::uint32_t room = packet_->full_size - std::min(l.offset + 40, packet_->full_size);
    std::uint8_t protocol = octet(l.bytes, 6);
    if (size == 0 && protocol == 0) size = room;  // a jumbogram (RFC 2675)
    if (size > room) line.put("truncated-ip6 - ").number(size - room).put(" bytes missing! ");
    network n{.version = family::v6,
              .source = l.bytes.subspan(8, 16),
              .destination = l.bytes.subspan(24, 16),
              .size = size,
              .fragment = false,
              .extended = false};
    rest = rest.subspan(1);
    if (rest.empty() || !is_ipv6_extension(rest.front().id)) return transport(line, rest, n, protocol);
    addresses(line, n, {});
    n.extended = true;
    bool later_fragment = false;
    const layers behind = ipv6_extensions(line, rest, n, later_fragment);
    if (later_fragment) return;
    protocol = octet(rest[rest.size() - behind.size() - 1].bytes, 0);
    transport(line, behind, n, protocol);
}

packet_line::layers packet_line::ipv6_extensions(line_writer& line, layers rest, network& n, bool& later_fragment) {
    for (; !rest.empty() && is_ipv6_extension(rest.front().id); rest = rest.subspan(1)) {
        const wire::layer& l = rest.front();
        if (l.bytes.size() < 8) {
            put_problem(line, "ip6ext", l.problem.value_or(wire::parse_error::truncated));
            later_fragment = true;  // nothing more can be told
            return rest;
        }
        n.size -= std::min(n.size, static_cast<std::uint32_t>(l.bytes.size()));
        switch (l.id) {
            case protocol::ipv6_hop_by_hop:
                line.put("HBH ");
                break;
            case protocol::ipv6_destination:
                line.put("DSTOPT ");
                break;
            case protocol::ipv6_routing:
                line.put("RT6 (len=").number(octet(l.bytes, 1)).put(", type=").number(octet(l.bytes, 2));
                if (octet(l.bytes, 2) == 0) line.put(" [Deprecated]");
                line.put(", segleft=").number(octet(l.bytes, 3));
                for (std::size_t at = 8; octet(l.bytes, 2) == 0 && at + 16 <= l.bytes.size(); at += 16) {
                    line.put(", [").number((at - 8) / 16).put(']').ipv6(l.bytes.subspan(at));
                }
                line.put(") ");
                break;
            default: {
                const std::uint16_t field = load_be<std::uint16_t>(l.bytes, 2);
                line.put("frag (").number(field & 0xfff8U).put('|').number(n.size).put(')');
                n.fragment = (field & 0xfff9U) != 0;
                later_fragment = (field & 0xfff8U) != 0;
                if (later_fragment) return rest;
                line.put(' ');
            }
        }
    }
    return rest;
}

void packet_line::addresses(line_writer& line, const network& n, bytes_view ports) {
    if (n.extended) {
        if (ports.empty()) return;
        line.number(load_be<std::uint16_t>(ports, 0)).put(" > ").number(load_be<std::uint16_t>(ports, 2)).put(": ");
        return;
    }
    put_address(line, n.version, n.source);
    if (!ports.empty()) line.put('.').number(load_be<std::uint16_t>(ports, 0));
    line.put(" > ");
    put_address(line, n.version, n.destination);
    if (!ports.empty()) line.put('.').number(load_be<std::uint16_t>(ports, 2));
    line.put(": ");
}

void packet_line::transport(line_writer& line, layers rest, const network& n, std::uint8_t protocol) {
    if (!rest.empty()) {
        const wire::layer& l = rest.front();
        if (l.id == protocol::udp) return udp(line, rest, n);
        if (l.id == protocol::tcp) return tcp(line, l, n);
        addresses(line, n, {});
        const shown_message m{message(l, n.size), n.size, rest.subspan(1)};
        switch (l.id) {
            case protocol::icmp:
                return put_icmp(line, m);
            case protocol::icmpv6:
                return put_icmpv6(line, m);
            case protocol::igmp:
                return put_igmp(line, m);
            case protocol::ospf: {
                constexpr std::string_view types[] = {"Hello", "Database Description", "LS-Request", "LS-Update",
                                                      "LS-Ack"};
                if (m.bytes.size() < 2) return put_problem(line, "ospf", wire::parse_error::truncated);
                const std::uint8_t type = octet(m.bytes, 1);
                line.put("OSPFv").number(octet(m.bytes, 0)).put(", ");
                if (type >= 1 && type <= 5) {
                    line.put(types[type - 1]);
                } else {
                    line.put("unknown packet type (").number(type).put(')');
                }
                line.put(", length ").number(n.size);
                return;
            }
            case protocol::ipv4:
                return ipv4(line, rest);
            case protocol::ipv6:
                return ipv6(line, rest);
            default:
                break;
        }
    } else {
        addresses(line, n, {});
    }
    if (protocol == wire::ip_protocol::none && n.version == family::v6) {
        line.put("no next header");
        return;
    }
    line.put(" ip-proto-").number(protocol).put(' ').number(n.size);
}

void packet_line::udp(line_writer& line, layers rest, const network& n) {
    const wire::layer& l = rest.front();
    const bytes_view m = message(l, n.size);
    if (m.size() < 8) {
        addresses(line, n, m.first(m.size() < port_bytes ? 0 : port_bytes));
        line.put(" [|udp]");
        return;
    }
    addresses(line, n, m.first(port_bytes));
    const std::uint16_t length = load_be<std::uint16_t>(m, 4);
    if (length < 8) {
        line.put("truncated-udplength ").number(length);
        return;
    }
    const bool dhcp = rest.size() > 1 && rest[1].id == protocol::dhcp && rest[1].bytes.size() >= 34;
    if (dhcp && !options_.quick) {
        const bytes_view b = rest[1].bytes;
        line.put("BOOTP/DHCP, ");
        if (octet(b, 0) == 1) {
            line.put("Request");
            if (octet(b, 1) == 1 && octet(b, 2) == 6) line.put(" from ").mac(b.subspan(28));
        } else if (octet(b, 0) == 2) {
            line.put("Reply");
        } else {
            line.put("unknown (0x").hexadecimal(octet(b, 0), 2).put(')');
        }
        line.put(", length ").number(length - 8U);
        return;
    }
    line.put("UDP, ");
    if (length > n.size && !n.fragment) {
        line.put("bad length ").number(length - 8U).put(" > ").number(n.size - 8U);
        return;
    }
    line.put("length ").number(length - 8U);
}

void packet_line::tcp(line_writer& line, const wire::layer& l, const network& n) {
    enum flag : std::uint8_t { fin = 1, syn = 2, rst = 4, ack = 16, urg = 32 };
    const bytes_view m = message(l, n.size);
    if (m.size() < 20) {
        addresses(line, n, m.first(m.size() < port_bytes ? 0 : port_bytes));
        line.put(" [|tcp]");
        return;
    }
    addresses(line, n, m.first(port_bytes));
    const std::uint32_t header = 4U * (octet(m, 12) >> 4);
    if (header < 20) {
        line.put(" tcp ").number(n.size - header).put(" [bad hdr length ").number(header).put(" - too short, < 20]");
        return;
    }
    if (options_.quick) {
        line.put("tcp ").number(n.size - std::min(n.size, header));
        return;
    }
    const std::uint8_t flags = octet(m, 13);
    line.put("Flags [");
    if (flags == 0) line.put("none");
    constexpr std::string_view letters = "FSRP.UEW";
    for (unsigned i = 0; i < 8; ++i) {
        if ((flags >> i & 1U) != 0) line.put(letters[i]);
    }
    line.put(']');
    if (header > n.size) {
        line.put(" [bad hdr length ").number(header).put(" - too long, > ").number(n.size).put(']');
        return;
    }
    tcp_sequences::relative at{load_be<std::uint32_t>(m, 4), load_be<std::uint32_t>(m, 8), 0};
    if (!options_.absolute_sequences && (flags & ack) != 0) {
        at = sequences_.relate({n.source, n.destination, load_be<std::uint16_t>(m, 0), load_be<std::uint16_t>(m, 2),
                                at.sequence, at.acknowledgment, (flags & syn) != 0});
    }
    const std::uint32_t payload = n.size - header;
    if (payload > 0 || (flags & (syn | fin | rst)) != 0) {
        line.put(", seq ").number(at.sequence);
        if (payload > 0) line.put(':').number(static_cast<std::uint32_t>(at.sequence + payload));
    }
    if ((flags & ack) != 0) line.put(", ack ").number(at.acknowledgment);
    line.put(", win ").number(load_be<std::uint16_t>(m, 14));
    if ((flags & urg) != 0) line.put(", urg ").number(load_be<std::uint16_t>(m, 18));
    if (header > 20) {
        line.put(", options [");
        put_tcp_options(line, m.subspan(20, std::min<std::size_t>(header, m.size()) - 20), at.acknowledged_from);
        if (m.size() < header) line.put("[|tcp]");
        line.put(']');
    }
    line.put(", length ").number(payload);
}

}  // namespace sonde::report
