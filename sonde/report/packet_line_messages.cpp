#include <algorithm>

#include <sonde/report/packet_line_messages.hpp>

namespace sonde::report {

namespace {

using wire::protocol;

constexpr std::size_t icmp_header = 8;
constexpr std::size_t most_shown_bytes = 16;

std::uint8_t octet(bytes_view bytes, std::size_t at) noexcept {
    return std::to_integer<std::uint8_t>(bytes[at]);
}

void put_hex_bytes(line_writer& line, bytes_view bytes) {
    for (const std::byte b : bytes.first(std::min(bytes.size(), most_shown_bytes))) {
        line.hexadecimal(std::to_integer<std::uint8_t>(b), 2);
    }
    if (bytes.size() > most_shown_bytes) line.put("...");
}

// What an error quotes: the destination, the protocol and its port.
struct quoted_packet {
    bytes_view source;
    bytes_view destination;
    bool v6 = false;
    std::uint8_t protocol = 0;
    std::string_view transport = {};  // `udp`, `tcp`
    std::uint16_t port = 0;

    void put_destination(line_writer& line) const {
        if (v6) {
            line.ipv6(destination);
        } else {
            line.ipv4(destination);
        }
    }
};

// Nothing where the quote ends before the addresses do.
std::optional<quoted_packet> quoted(std::span<const wire::layer> behind) {
    for (const wire::layer& l : behind) {
        const bool v4 = l.id == protocol::ipv4 && l.bytes.size() >= 20;
        const bool v6 = l.id == protocol::ipv6 && l.bytes.size() >= 40;
        if (!v4 && !v6) continue;
        quoted_packet q{.source = v4 ? l.bytes.subspan(12, 4) : l.bytes.subspan(8, 16),
                        .destination = v4 ? l.bytes.subspan(16, 4) : l.bytes.subspan(24, 16),
                        .v6 = v6,
                        .protocol = octet(l.bytes, v4 ? 9 : 6)};
        for (const wire::layer& t : behind.subspan(static_cast<std::size_t>(&l - behind.data()) + 1)) {
            if (t.depth != l.depth || (t.id != protocol::udp && t.id != protocol::tcp) || t.bytes.size() < 4) continue;
            q.transport = t.id == protocol::udp ? "udp" : "tcp";
            q.port = load_be<std::uint16_t>(t.bytes, 2);
            break;
        }
        return q;
    }
    return std::nullopt;
}

void put_extension(line_writer& line, std::span<const wire::layer> behind) {
    constexpr std::size_t header = 4;
    for (const wire::layer& l : behind) {
        if (l.id != protocol::icmp_extension || l.bytes.size() < header) continue;
        bytes_view rest = l.bytes.subspan(header);
        while (rest.size() >= header) {
            const std::size_t size = load_be<std::uint16_t>(rest, 0);
            if (size < header || size > rest.size()) break;
            const bool labels = octet(rest, 2) == 1 && octet(rest, 3) == 1;
            for (std::size_t at = header; labels && at + 4 <= size; at += 4) {
                const std::uint32_t entry = load_be<std::uint32_t>(rest, at);
                line.put(", MPLS (label ").number(entry >> 12).put(", tc ").number(entry >> 9 & 7U);
                line.put((entry & 0x100U) != 0 ? ", [S]" : "").put(", ttl ").number(entry & 0xffU).put(')');
            }
            if (!labels) line.put(", extension object ").number(octet(rest, 2)).put('/').number(octet(rest, 3));
            rest = rest.subspan(size);
        }
    }
}

// How tcpdump words the codes of Destination Unreachable: what stands before the quoted destination and after it.
struct unreachable_words {
    std::string_view before;
    std::string_view after;
};
constexpr unreachable_words unreachable[] = {
    {"net ", " unreachable"},
    {"host ", " unreachable"},
    {"", {}},
    {"", {}},
    {"", " unreachable - need to frag"},
    {"", " unreachable - source route failed"},
    {"net ", " unreachable - unknown"},
    {"host ", " unreachable - unknown"},
    {"", " unreachable - source host isolated"},
    {"net ", " unreachable - admin prohibited"},
    {"host ", " unreachable - admin prohibited"},
    {"net ", " unreachable - tos prohibited"},
    {"host ", " unreachable - tos prohibited"},
    {"host ", " unreachable - admin prohibited filter"},
    {"host ", " unreachable - host precedence violation"},
    {"host ", " unreachable - precedence cutoff"},
};

void put_unreachable(line_writer& line, const shown_message& m) {
    const std::uint8_t code = octet(m.bytes, 1);
    const auto q = quoted(m.behind);
    if (!q || code >= std::size(unreachable)) {
        line.put("unreachable - #").number(code);
        return;
    }
    line.put(unreachable[code].before);
    q->put_destination(line);
    if (code == 2) {
        line.put(" protocol ").number(q->protocol).put(" unreachable");
    } else if (code == 3) {
        if (q->transport.empty()) {
            line.put(" protocol ").number(q->protocol).put(" port unreachable");
        } else {
            line.put(' ').put(q->transport).put(" port ").number(q->port).put(" unreachable");
        }
    } else {
        line.put(unreachable[code].after);
        const std::uint16_t mtu = load_be<std::uint16_t>(m.bytes, 6);
        if (code == 4 && mtu != 0) line.put(" (mtu ").number(mtu).put(')');
    }
}

void put_redirect(line_writer& line, const shown_message& m) {
    constexpr std::string_view kinds[] = {"net", "host", "tos-net", "tos-host"};
    const std::uint8_t code = octet(m.bytes, 1);
    line.put("redirect");
    if (code < std::size(kinds)) {
        if (const auto q = quoted(m.behind)) {
            line.put(' ');
            q->put_destination(line);
        }
        line.put(" to ").put(kinds[code]);
    } else {
        line.put("-#").number(code);
    }
    line.put(' ').ipv4(m.bytes.subspan(4));
}

// Milliseconds since midnight, or what else the sender took for it.
void put_clock(line_writer& line, std::uint32_t milliseconds) {
    if ((milliseconds & 0x80000000U) != 0) {
        line.hexadecimal(milliseconds);
        return;
    }
    line.padded(milliseconds / 3'600'000, 2).put(':').padded(milliseconds / 60'000 % 60, 2).put(':');
    line.padded(milliseconds / 1000 % 60, 2).put('.').padded(milliseconds % 1000, 3);
}

void put_timestamp(line_writer& line, const shown_message& m, bool reply) {
    line.put("time stamp ").put(reply ? "reply" : "query");
    line.put(" id ").number(load_be<std::uint16_t>(m.bytes, 4)).put(" seq ").number(load_be<std::uint16_t>(m.bytes, 6));
    if (!reply || m.bytes.size() < 20) return;
    line.put(": org ");
    put_clock(line, load_be<std::uint32_t>(m.bytes, 8));
    line.put(", recv ");
    put_clock(line, load_be<std::uint32_t>(m.bytes, 12));
    line.put(", xmit ");
    put_clock(line, load_be<std::uint32_t>(m.bytes, 16));
}

void put_id_and_sequence(line_writer& line, bytes_view message) {
    line.put(", id ").number(load_be<std::uint16_t>(message, 4));
    line.put(", seq ").number(load_be<std::uint16_t>(message, 6));
}

void put_icmp_type(line_writer& line, const shown_message& m) {
    const std::uint8_t type = octet(m.bytes, 0);
    const std::uint8_t code = octet(m.bytes, 1);
    switch (type) {
        case 3:
            return put_unreachable(line, m);
        case 4:
            line.put("source quench");
            return;
        case 5:
            return put_redirect(line, m);
        case 9:
            line.put("router advertisement lifetime ").number(load_be<std::uint16_t>(m.bytes, 6));
            line.put(' ').number(octet(m.bytes, 4)).put(" address(es)");
            return;
        case 10:
            line.put("router solicitation");
            return;
        case 11:
            if (code <= 1) {
                line.put(code == 0 ? "time exceeded in-transit" : "ip reassembly time exceeded");
            } else {
                line.put("time exceeded-#").number(code);
            }
            return;
        case 12:
            if (code != 0) {
                line.put("parameter problem - code ").number(code);
            } else {
                line.put("parameter problem - octet ").number(octet(m.bytes, 4));
            }
            return;
        case 13:
        case 14:
            return put_timestamp(line, m, type == 14);
        case 17:
            line.put("address mask request");
            return;
        case 18:
            line.put("address mask is");
            if (m.bytes.size() >= 12) line.put(" 0x").hexadecimal(load_be<std::uint32_t>(m.bytes, 8), 8);
            return;
        default:
            line.put("type-").number(type);
    }
}

}  // namespace

void put_icmp(line_writer& line, const shown_message& m) {
    if (m.bytes.size() < icmp_header) {
        line.put(" [|icmp]");
        return;
    }
    const std::uint8_t type = octet(m.bytes, 0);
    line.put("ICMP ");
    if (type == 8 || type == 0) {
        line.put(type == 8 ? "echo request" : "echo reply");
        put_id_and_sequence(line, m.bytes);
    } else {
        put_icmp_type(line, m);
    }
    line.put(", length ").number(m.size);
    put_extension(line, m.behind);
}

namespace {

constexpr std::size_t address_at = 8;
constexpr std::size_t address_end = 24;

void put_unreachable_v6(line_writer& line, const shown_message& m) {
    line.put("destination unreachable, ");
    const std::uint8_t code = octet(m.bytes, 1);
    const auto q = quoted(m.behind);
    constexpr std::string_view words[] = {
        "unreachable route",       "unreachable prohibited", "beyond scope",
        "unreachable address",     "unreachable port",       "source address failed policy",
        "unreachable reject route"};
    if (code >= std::size(words)) {
        line.put("unknown unreach code (").number(code).put(')');
        return;
    }
    line.put(words[code]);
    if (!q || !q->v6) return;
    line.put(code == 4 ? std::string_view{", "} : std::string_view{" "}).ipv6(q->destination);
    if (code == 2) line.put(", source address ").ipv6(q->source);
    if (code != 4) return;
    if (q->transport.empty()) {
        line.put(" protocol ").number(q->protocol).put(" port unreachable");
    } else {
        line.put(' ').put(q->transport).put(" port ").number(q->port);
    }
}

void put_time_exceeded_v6(line_writer& line, const shown_message& m) {
    const std::uint8_t code = octet(m.bytes, 1);
    line.put("time exceeded in-transit");
    if (code == 1) line.put(" (reassembly)");
    if (code > 1) line.put(", unknown code (").number(code).put(')');
    if (const auto q = quoted(m.behind); code == 0 && q && q->v6) line.put(" for ").ipv6(q->destination);
}

void put_parameter_problem_v6(line_writer& line, const shown_message& m) {
    constexpr std::string_view words[] = {"erroneous - octet ", "next header - octet ", "option - octet ",
                                          "incomplete header chain - octet "};
    const std::uint8_t code = octet(m.bytes, 1);
    line.put("parameter problem, ");
    if (code < std::size(words)) {
        line.put(words[code]).number(load_be<std::uint32_t>(m.bytes, 4));
    } else {
        line.put("code-#").number(code);
    }
}

void put_listener_message(line_writer& line, const shown_message& m, std::string_view what) {
    line.put("multicast listener ").put(what);
    if (m.bytes.size() < address_end) return;
    line.put(", max resp delay ").number(load_be<std::uint16_t>(m.bytes, 4));
    line.put(", addr ").ipv6(m.bytes.subspan(address_at));
}

// The words before the address at byte 8, and that address.
bool put_with_address(line_writer& line, bytes_view message, std::string_view what, std::string_view before) {
    line.put(what);
    if (message.size() < address_end) {
        line.put(" [|icmp6]");
        return false;
    }
    line.put(before).ipv6(message.subspan(address_at));
    return true;
}

bool put_icmpv6_type(line_writer& line, const shown_message& m) {
    const std::uint8_t type = octet(m.bytes, 0);
    switch (type) {
        case 1:
            put_unreachable_v6(line, m);
            return true;
        case 2:
            line.put("packet too big, mtu ").number(load_be<std::uint32_t>(m.bytes, 4));
            return true;
        case 3:
            put_time_exceeded_v6(line, m);
            return true;
        case 4:
            put_parameter_problem_v6(line, m);
            return true;
        case 130:
            put_listener_message(line, m, m.size >= 28 ? "query v2" : "query");
            return true;
        case 131:
            put_listener_message(line, m, "report");
            return true;
        case 132:
            put_listener_message(line, m, "done");
            return true;
        case 133:
            line.put("router solicitation");
            return true;
        case 134:
            line.put("router advertisement");
            return true;
        case 135:
            return put_with_address(line, m.bytes, "neighbor solicitation", ", who has ");
        case 136:
            return put_with_address(line, m.bytes, "neighbor advertisement", ", tgt is ");
        case 137:
            line.put("redirect, ");
            if (m.bytes.size() < 40) return false;
            line.ipv6(m.bytes.subspan(24)).put(" to ").ipv6(m.bytes.subspan(address_at));
            return true;
        case 143:
            line.put("multicast listener report v2, ").number(load_be<std::uint16_t>(m.bytes, 6));
            line.put(" group record(s)");
            return true;
        default:
            line.put("type-#").number(type);
            return true;
    }
}

}  // namespace

void put_icmpv6(line_writer& line, const shown_message& m) {
    line.put("ICMP6, ");
    if (m.bytes.size() < icmp_header) {
        line.put("[|icmp6]");
        return;
    }
    const std::uint8_t type = octet(m.bytes, 0);
    if (type == 128 || type == 129) {
        line.put(type == 128 ? "echo request" : "echo reply");
        put_id_and_sequence(line, m.bytes);
    } else if (!put_icmpv6_type(line, m)) {
        return;
    }
    line.put(", length ").number(m.size);
    put_extension(line, m.behind);
}

namespace {

// RFC 9776 section 4.1.1: above 127 it is a small floating-point number. In tenths of a second.
std::uint32_t response_time(std::uint8_t code) noexcept {
    if (code < 128) return code;
    return ((code & 0xfU) | 0x10U) << ((code >> 4 & 7U) + 3);
}

void put_igmp_query(line_writer& line, const shown_message& m) {
    constexpr std::uint8_t usual_response = 100;
    const std::uint8_t code = octet(m.bytes, 1);
    const bool v3 = m.size >= 12 && m.bytes.size() >= 12;
    const bool any_group = load_be<std::uint32_t>(m.bytes, 4) == 0;
    if (v3) {
        line.put("query v3");
        if (code != usual_response) {
            const std::uint32_t tenths = response_time(code);
            line.put(" [max resp time ");
            if (tenths < 10) {
                line.put("0.").number(tenths);
            } else {
                line.number(tenths / 10);
            }
            line.put("s]");
        }
        if (any_group) return;
        line.put(" [gaddr ").ipv4(m.bytes.subspan(4));
        if (const std::uint16_t sources = load_be<std::uint16_t>(m.bytes, 10); sources > 0) {
            line.put(", ").number(sources).put(" source(s)");
        }
        line.put(']');
        return;
    }
    line.put(code == 0 ? "query v1" : "query v2");
    if (code != 0 && code != usual_response) line.put(" [max resp time ").number(code).put(']');
    if (!any_group) line.put(" [gaddr ").ipv4(m.bytes.subspan(4)).put(']');
}

}  // namespace

void put_igmp(line_writer& line, const shown_message& m) {
    line.put("igmp ");
    if (m.bytes.size() < 8) {
        line.put("[|igmp]");
        return;
    }
    const std::uint8_t type = octet(m.bytes, 0);
    const bytes_view group = m.bytes.subspan(4);
    switch (type) {
        case 0x11:
            put_igmp_query(line, m);
            if (m.size < 12 && m.size != 8) line.put(" [len ").number(m.size).put(']');
            return;
        case 0x12:
            line.put("v1 report ").ipv4(group);
            break;
        case 0x16:
            line.put("v2 report ").ipv4(group);
            break;
        case 0x17:
            line.put("leave ").ipv4(group);
            break;
        case 0x22:
            line.put("v3 report, ").number(load_be<std::uint16_t>(m.bytes, 6)).put(" group record(s)");
            return;
        default:
            line.put("type-0x").hexadecimal(type, 2);
            return;
    }
    if (m.size != 8) line.put(" [len ").number(m.size).put(']');
}

namespace {

void put_tcp_option(line_writer& line, std::uint8_t kind, bytes_view data, std::uint32_t acknowledged_from) {
    if (kind == 2 && data.size() == 2) {
        line.put("mss ").number(load_be<std::uint16_t>(data, 0));
    } else if (kind == 3 && data.size() == 1) {
        line.put("wscale ").number(octet(data, 0));
    } else if (kind == 4 && data.empty()) {
        line.put("sackOK");
    } else if (kind == 5 && !data.empty() && data.size() % 8 == 0) {
        line.put("sack ").number(data.size() / 8).put(' ');
        for (std::size_t i = 0; i < data.size(); i += 8) {
            line.put('{').number(load_be<std::uint32_t>(data, i) - acknowledged_from).put(':');
            line.number(load_be<std::uint32_t>(data, i + 4) - acknowledged_from).put('}');
        }
    } else if (kind == 8 && data.size() == 8) {
        line.put("TS val ").number(load_be<std::uint32_t>(data, 0));
        line.put(" ecr ").number(load_be<std::uint32_t>(data, 4));
    } else if (kind == 34) {
        line.put("tfo ").put(data.empty() ? " cookiereq" : " cookie ");
        put_hex_bytes(line, data);
    } else {
        line.put(kind == 19 ? "md5" : kind == 28 ? "uto" : "unknown-");
        if (kind != 19 && kind != 28) line.number(kind);
        if (data.empty()) return;
        line.put(" 0x");
        put_hex_bytes(line, data);
    }
}

}  // namespace

void put_tcp_options(line_writer& line, bytes_view options, std::uint32_t acknowledged_from) {
    for (std::size_t at = 0; at < options.size();) {
        if (at > 0) line.put(',');
        const std::uint8_t kind = octet(options, at);
        if (kind == 0) {
            line.put("eol");
            return;
        }
        if (kind == 1) {
            line.put("nop");
            ++at;
            continue;
        }
        const std::size_t size = at + 1 < options.size() ? octet(options, at + 1) : 0;
        if (size < 2 || size > options.size() - at) {
            line.put("[bad opt]");
            return;
        }
        put_tcp_option(line, kind, options.subspan(at + 2, size - 2), acknowledged_from);
        at += size;
    }
}

}  // namespace sonde::report
