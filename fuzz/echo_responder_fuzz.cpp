// The responder: hostile frames of both links, whole, cut and tagged, with and without faults. Nothing but a valid
// answer to an asker comes out, the sums hold after every frame, and nothing is written past what it says.
#include <array>
#include <vector>

#include <sonde/respond/echo_responder.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>

#include "fuzz.hpp"

namespace {

using namespace std::chrono_literals;
using namespace sonde;
using fuzz::require;

constexpr std::uint8_t flag_raw_ip = 1;
constexpr std::uint8_t flag_faults = 2;
constexpr std::uint8_t flag_tag = 4;
constexpr std::uint8_t flag_unfinished = 8;
constexpr std::uint8_t flag_outgoing = 16;
constexpr std::uint8_t flag_cut = 32;
constexpr std::uint8_t flag_prefixes = 64;

respond::echo_responder_options options_for(std::uint8_t flags) {
    const auto address = [](const char* text) { return ip_address::parse(text).value(); };
    respond::echo_responder_options o;
    o.link = (flags & flag_raw_ip) != 0 ? link_type::raw_ip : link_type::ethernet;
    o.mac = mac_address::parse("02:00:00:00:00:02").value();
    o.own = {address("192.0.2.2"), address("2001:db8::2")};
    o.broadcasts = {address("192.0.2.255")};
    if ((flags & flag_prefixes) != 0) {
        o.prefixes = {prefix::parse("10.99.0.0/16").value(), prefix::parse("fd99::/64").value(),
                      prefix::parse("192.0.2.9/32").value()};
    }
    if ((flags & flag_faults) != 0) {
        o.faults = {.truncate = 20, .corrupt = 0.5, .drop = 0.1, .duplicate = 0.5, .delay = 2ms, .jitter = 3ms};
        o.delayed_limit = 8;
    }
    return o;
}

void check_ip(bytes_view packet) {
    require(!packet.empty(), "an IP packet");
    if (packet[0] >> 4 == std::byte{4}) {
        const auto view = wire::ipv4_view::parse(packet, wire::checksum_check::verify);
        require(view.has_value() && view->bytes().size() == packet.size(), "a right IPv4 header");
        const auto icmp = wire::icmp_view::parse(view->payload(), wire::checksum_check::verify);
        require(icmp.has_value() && icmp->type() == 0, "an echo reply under a right checksum");
        require(!view->destination().is_multicast() && !view->destination().is_limited_broadcast(), "to one host");
        return;
    }
    const auto view = wire::ipv6_view::parse(packet);
    require(view.has_value() && view->bytes().size() == packet.size(), "a right IPv6 header");
    const auto sum = wire::pseudo_header_sum(view->source(), view->destination(), view->payload_length(), 58);
    const auto icmp = wire::icmp_view::parse(view->payload(), wire::checksum_check::verify, {sum});
    require(icmp.has_value() && (icmp->type() == 129 || icmp->type() == 136), "a reply or an advertisement");
}

void check_reply(link_type link, bytes_view reply) {
    if (link == link_type::raw_ip) return check_ip(reply);
    std::size_t at = 12;
    require(reply.size() > at + 2, "a link header");
    while (load_be<std::uint16_t>(reply, at) == 0x8100 || load_be<std::uint16_t>(reply, at) == 0x88a8) at += 4;
    if (load_be<std::uint16_t>(reply, at) == 0x0806) {
        require(reply.size() == at + 2 + 28 && load_be<std::uint16_t>(reply, at + 8) == 2, "an ARP reply");
        return;
    }
    check_ip(reply.subspan(at + 2));
}

class session {
public:
    explicit session(std::uint8_t flags) : flags_(flags), options_(options_for(flags)), responder_(options_) {}

    void hear(bytes_view frame) {
        const std::size_t promised = frame.size() + respond::echo_responder::reply_growth;
        std::vector<std::byte> out(promised);  // the sanitizer watches its end
        respond::heard h{.outgoing = (flags_ & flag_outgoing) != 0,
                         .checksum_unfinished = (flags_ & flag_unfinished) != 0};
        if ((flags_ & flag_tag) != 0) h.tag = 0x8100'0005U;
        if ((flags_ & flag_cut) != 0) h.full_size = static_cast<std::uint32_t>(frame.size()) + 1;
        const auto answer = responder_.handle_frame(now_, h, frame, out);
        require(answer.size <= promised, "a reply fits");
        if (answer.size > 0) {
            require(answer.what <= respond::disposition::answered_neighbour, "only answers leave");
            check_reply(options_.link, bytes_view{out}.first(answer.size));
        }
        require(responder_.counts().adds_up(), "everything adds up");
    }

    void pass(duration time) {
        now_ += time;
        std::vector<std::byte> out(70'000);
        while (const auto next = responder_.next_deadline()) {
            const std::size_t size = responder_.poll_transmit(now_, out);
            require((size > 0) == (*next <= now_), "what is due comes");
            if (size == 0) break;
            check_reply(options_.link, bytes_view{out}.first(size));
        }
        require(responder_.counts().adds_up(), "everything adds up");
    }

private:
    std::uint8_t flags_;
    respond::echo_responder_options options_;
    respond::echo_responder responder_;
    time_point now_{1000s};
};

}  // namespace

// A byte of flags, then frames, each after its length in two bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto rest = sonde::fuzz::input(data, size);
    if (rest.empty()) return 0;
    session s(std::to_integer<std::uint8_t>(rest[0]));
    rest = rest.subspan(1);
    while (rest.size() > 2) {
        const auto length = std::min<std::size_t>(sonde::load_be<std::uint16_t>(rest, 0), rest.size() - 2);
        s.hear(rest.subspan(2, length));
        s.pass(1ms);
        rest = rest.subspan(2 + length);
    }
    s.pass(1s);
    return 0;
}
