#include <sonde/sim/host_answers.hpp>
#include <sonde/sim/tcp_answers.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::sim {

namespace {

namespace protocol = wire::ip_protocol;

/// One packet and the host that it is for, as all answers need them.
struct question {
    const answering_host& host;
    bytes_view packet;
    const packet_facts& facts;
    bytes_span out;
    wire::pseudo_header asked;   // as the packet says
    wire::pseudo_header answer;  // from the host to whoever asked

    [[nodiscard]] bool v4() const noexcept { return facts.family == family::v4; }
    [[nodiscard]] bytes_view upper() const noexcept { return packet.subspan(facts.upper); }
    [[nodiscard]] std::size_t header_size() const noexcept {
        return v4() ? wire::ipv4_header_size : wire::ipv6_header_size;
    }
    [[nodiscard]] bytes_span room() const noexcept { return out.subspan(header_size()); }
    [[nodiscard]] std::uint8_t traffic_class() const noexcept {
        return v4() ? load_be<std::uint8_t>(packet, 1)
                    : static_cast<std::uint8_t>(load_be<std::uint16_t>(packet, 0) >> 4);
    }
    /// Puts the IP header before the answer's message, of that size, that stands in `room`.
    [[nodiscard]] host_answer send(std::uint8_t next, std::size_t size) const noexcept;
    [[nodiscard]] host_answer error(std::uint8_t type, std::uint8_t code, std::uint32_t rest = 0) const noexcept;
    [[nodiscard]] host_answer unreachable(std::uint8_t code) const noexcept {
        return error(static_cast<std::uint8_t>(wire::icmp_types_of(facts.family).destination_unreachable), code);
    }
};

host_answer question::send(std::uint8_t next, std::size_t size) const noexcept {
    if (size == 0) return {};
    const bytes_view payload = room().first(size);
    std::size_t written = 0;
    if (v4()) {
        written = wire::ipv4_message{.tos = traffic_class(),
                                     .identification = host.identification,
                                     .ttl = host.ttl,
                                     .protocol = next,
                                     .source = answer.source,
                                     .destination = answer.destination,
                                     .payload = payload}
                      .emit(out, wire::checksum_fill::compute);
    } else {
        written = wire::ipv6_message{.traffic_class = traffic_class(),
                                     .next_header = next,
                                     .hop_limit = host.ttl,
                                     .source = answer.source,
                                     .destination = answer.destination,
                                     .payload = payload}
                      .emit(out);
    }
    return {.ended = written == 0 ? fate::absorbed : fate::answered, .size = written};
}

host_answer question::error(std::uint8_t type, std::uint8_t code, std::uint32_t rest) const noexcept {
    if (host.to_broadcast) return {};
    return {.ended = fate::answered, .report = host_answer::error{type, code, rest}};
}

host_answer answer_icmp(const question& q) noexcept {
    const std::uint8_t number = q.v4() ? protocol::icmp : protocol::icmpv6;
    const wire::icmp_checksum asked{q.v4() ? std::uint16_t{0} : q.asked.sum(q.upper().size(), number)};
    const auto view = wire::icmp_view::parse(q.upper(), wire::checksum_check::verify, asked);
    if (!view) return {.ended = fate::malformed};
    const auto echo = wire::icmp_echo_message::from(q.facts.family, *view);
    if (!echo || echo->reply) return {};
    if (!q.host.behaviour.echo || (q.host.to_broadcast && !q.host.behaviour.broadcast_echo)) {
        return {.ended = fate::filtered};
    }
    wire::icmp_echo_message reply = *echo;
    reply.reply = true;
    const wire::icmp_checksum sum{q.v4() ? std::uint16_t{0} : q.answer.sum(reply.size(), number)};
    return q.send(number, reply.emit(q.facts.family, q.room(), wire::checksum_fill::compute, sum));
}

host_answer answer_udp(const question& q) noexcept {
    const auto view = wire::udp_view::parse(q.upper(), wire::checksum_check::verify, q.asked);
    if (!view) return {.ended = fate::malformed};
    switch (q.host.behaviour.udp.of(view->destination_port())) {
        case port_state::open:
            return {};
        case port_state::filtered:
            return {.ended = fate::filtered};
        case port_state::closed:
            return q.unreachable(q.v4() ? 3 : 4);
        case port_state::echo:
            break;
    }
    // Port 0 asks for no answer (RFC 768).
    if (q.host.to_broadcast || view->source_port() == 0) return {};
    const wire::udp_message reply{
        .source_port = view->destination_port(), .destination_port = view->source_port(), .payload = view->payload()};
    return q.send(protocol::udp, reply.emit(q.room(), wire::checksum_fill::compute, q.answer));
}

host_answer answer_tcp(const question& q) noexcept {
    // RFC 1122 section 4.2.3.10: to a broadcast TCP is silent.
    if (q.host.to_broadcast) return {};
    const auto view = wire::tcp_view::parse(q.upper(), wire::checksum_check::verify, q.asked);
    if (!view) return {.ended = fate::malformed};
    const port_state port = q.host.behaviour.tcp.of(view->destination_port());
    const auto reply = tcp_answer(*view, port, initial_sequence(q.host.key, q.asked, *view));
    if (!reply) return {.ended = port == port_state::filtered ? fate::filtered : fate::absorbed};
    return q.send(protocol::tcp, reply->emit(q.room(), wire::checksum_fill::compute, q.answer));
}

/// Where the number stands that announces the upper layer (RFC 4443 section 3.4: the pointer).
std::uint32_t announced_at(const question& q) noexcept {
    std::uint32_t at = 6;
    auto next = load_be<std::uint8_t>(q.packet, at);
    bytes_view rest = q.packet.subspan(wire::ipv6_header_size);
    for (;;) {
        const auto here = static_cast<std::uint32_t>(q.packet.size() - rest.size());
        const auto extension = wire::next_ipv6_extension(next, rest);
        if (!extension || !*extension) return at;
        at = here;
        next = (*extension)->next_header;
    }
}

}  // namespace

host_answer answer_at_host(const answering_host& host, bytes_view packet, const packet_facts& facts,
                           bytes_span out) noexcept {
    const ip_address asker = source_of(packet, facts.family);
    const question q{.host = host,
                     .packet = packet,
                     .facts = facts,
                     .out = out,
                     .asked = {.source = asker, .destination = destination_of(packet, facts.family)},
                     .answer = {.source = host.own, .destination = asker}};
    if (host.behaviour.unreachable_code) return q.unreachable(*host.behaviour.unreachable_code);
    if (facts.protocol == (q.v4() ? protocol::icmp : protocol::icmpv6)) return answer_icmp(q);
    if (facts.protocol == protocol::udp) return answer_udp(q);
    if (facts.protocol == protocol::tcp) return answer_tcp(q);
    if (facts.protocol == protocol::none) return {};
    if (q.v4()) return q.unreachable(2);
    return q.error(static_cast<std::uint8_t>(wire::icmp_types_of(family::v6).parameter_problem), 1, announced_at(q));
}

}  // namespace sonde::sim
