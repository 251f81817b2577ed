#include <algorithm>
#include <array>
#include <system_error>

#include <fmt/format.h>

#include <sonde/report/echo_text.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/respond/frame_request.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::report {

namespace {

using respond::disposition;

echo_question read_arp(bytes_view packet, echo_question q) {
    if (packet.size() < 28) return q;
    q.what = echo_question::kind::arp;
    q.from = ip_address::from_bytes(packet.subspan(14, 4));
    q.to = ip_address::from_bytes(packet.subspan(24, 4));
    return q;
}

std::string count_of(std::uint64_t n, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", n, n == 1 ? one : many);
}

void append(std::string& list, std::string_view item) {
    if (!list.empty()) list += ", ";
    list += item;
}

/// What belongs to the sum of frames, beside those that were answered.
std::string unanswered_list(const respond::echo_counts& counts) {
    std::string list;
    for (std::size_t i = static_cast<std::size_t>(disposition::fault_dropped); i < respond::disposition_count; ++i) {
        const auto d = static_cast<disposition>(i);
        if (counts[d] > 0) append(list, fmt::format("{} {}", counts[d], disposition_text(d)));
    }
    return list;
}

std::uint64_t unanswered(const respond::echo_counts& c) {
    return c.frames - c[disposition::answered] - c[disposition::answered_arp] - c[disposition::answered_neighbour];
}

}  // namespace

echo_question echo_question::read(link_type link, bytes_view frame) {
    echo_question q;
    q.size = frame.size();
    const auto part = respond::link_part::read(link, frame);
    if (!part) return q;
    if (part->ethertype == wire::ethertype::arp) return read_arp(part->network, q);
    const auto reading = respond::icmp_reading::read(*part, link, false);
    const auto* d = reading.get();
    if (d == nullptr) return q;
    q.from = ip_address::from_bytes(d->source);
    q.to = ip_address::from_bytes(d->destination);
    if (d->fragment) return q;
    const auto type = std::to_integer<std::uint8_t>(d->message[0]);
    if (d->family == family::v6 && type == 135 && d->message.size() >= 24) {
        q.what = kind::neighbour;
        q.to = ip_address::from_bytes(d->message.subspan(8, 16));
    } else if (type == (d->family == family::v4 ? 8 : 128)) {
        q.what = kind::echo;
        q.identifier = load_be<std::uint16_t>(d->message, 4);
        q.sequence = load_be<std::uint16_t>(d->message, 6);
    }
    q.size = d->message.size();
    return q;
}

std::string_view to_string(echo_question::kind what) noexcept {
    constexpr std::array<std::string_view, 4> names{"echo", "arp", "neighbour", "other"};
    return names[static_cast<std::size_t>(what)];
}

std::string disposition_text(disposition d) {
    switch (d) {
        case disposition::answered_arp:
        case disposition::answered_neighbour:
            return "answered";
        case disposition::fault_dropped:
            return "dropped on purpose";
        case disposition::delayed_overflow:
            return "dropped, too many wait";
        case disposition::kernel_reply:
            return "answered by the kernel";
        case disposition::outgoing:
            return "leaving";
        case disposition::not_asked:
            return "not asking";
        case disposition::group_destination:
            return "to a group or broadcast address";
        case disposition::group_source:
            return "from an address that is no host's";
        case disposition::own_source:
            return "from ourselves";
        case disposition::address_detection:
            return "duplicate address detection";
        case disposition::not_ours:
            return "not for us";
        case disposition::source_route:
            return "with a source route";
        case disposition::fragment:
            return "fragmented";
        case disposition::bad_checksum:
            return "with a bad checksum";
        default:
            break;
    }
    std::string words(respond::to_string(d));
    std::ranges::replace(words, '_', ' ');
    return words;
}

std::string question_text(const echo_question& q, disposition what) {
    const std::string from = q.from ? q.from->to_string() : "?";
    const std::string to = q.to ? q.to->to_string() : "?";
    const std::string fate = disposition_text(what);
    switch (q.what) {
        case echo_question::kind::echo:
            return fmt::format("echo request from {} to {}, id {}, seq {}, {} bytes: {}", from, to, q.identifier,
                               q.sequence, q.size, fate);
        case echo_question::kind::arp:
            return fmt::format("who has {}? from {} (ARP): {}", to, from, fate);
        case echo_question::kind::neighbour:
            return fmt::format("who has {}? from {} (neighbour solicitation): {}", to, from, fate);
        case echo_question::kind::other:
            break;
    }
    return q.from ? fmt::format("datagram from {} to {}, {} bytes: {}", from, to, q.size, fate)
                  : fmt::format("frame of {} bytes: {}", q.size, fate);
}

std::string echo_summary_text(const echo_totals& t) {
    const auto& c = t.counts;
    std::string text = fmt::format("\n--- {} echo statistics ---\n", escape_text(t.interface));
    text += fmt::format("{} seen, {} answered ({} IPv4, {} IPv6), {} and {} answered, time {}ms\n",
                        count_of(c.frames, "frame", "frames"), c[disposition::answered], c.v4, c.v6,
                        count_of(c[disposition::answered_arp], "ARP request", "ARP requests"),
                        count_of(c[disposition::answered_neighbour], "solicitation", "solicitations"),
                        std::chrono::duration_cast<std::chrono::milliseconds>(t.elapsed).count());
    if (const auto list = unanswered_list(c); !list.empty()) {
        text += fmt::format("{} not answered: {}\n", unanswered(c), list);
    }
    std::string replies = fmt::format("{} sent", count_of(t.sent, "reply", "replies"));
    if (t.send_failed > 0) {
        append(replies, fmt::format("{} not sent ({})", t.send_failed, std::generic_category().message(t.send_error)));
    }
    if (c.delayed > 0) append(replies, fmt::format("{} still waiting", c.delayed));
    if (c.duplicated > 0) append(replies, fmt::format("{} of them duplicates on purpose", c.duplicated));
    if (c.corrupted > 0) append(replies, fmt::format("{} corrupted on purpose", c.corrupted));
    return text + fmt::format("{}; {} dropped by the kernel\n", replies, count_of(t.kernel_dropped, "frame", "frames"));
}

std::string echo_status_text(const echo_totals& t) {
    return fmt::format("{} answered ({} IPv4, {} IPv6), {} not answered, {} dropped by the kernel", t.answered(),
                       t.counts.v4, t.counts.v6, unanswered(t.counts), t.kernel_dropped);
}

}  // namespace sonde::report
