#include <algorithm>
#include <array>

#include <sonde/probe/tracer_state.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_extension.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::probe {

namespace {

using namespace std::chrono_literals;
using stats::accounting;

constexpr std::size_t transport_header = 8;
// What a payload needs to show so that only one probe can be meant.
constexpr std::size_t telling_bytes = token_key::code_size;
// Answers that cannot be told apart are waited for thrice as long as one of them may have taken, within bounds.
constexpr duration shortest_settling = 50ms;
constexpr duration longest_settling = 500ms;

std::uint8_t icmp_protocol(family f) {
    return f == family::v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
}

std::optional<lane_kind> kind_of_protocol(family f, std::uint8_t protocol) {
    if (protocol == wire::ip_protocol::udp) return lane_kind::udp;
    if (protocol == wire::ip_protocol::tcp) return lane_kind::tcp_raw;
    if (protocol == icmp_protocol(f)) return lane_kind::icmp;
    return std::nullopt;
}

// A quote that was cut is filled with zeros up to where an extension begins (RFC 4884 section 3), so zeros at its end
// say nothing.
bytes_view without_padding(bytes_view payload) {
    while (!payload.empty() && payload.back() == std::byte{0}) payload = payload.first(payload.size() - 1);
    return payload;
}

}  // namespace

void tracer::state::count_frame(std::uint64_t accounting::*what) {
    ++counts.frames;
    ++(counts.*what);
}

void tracer::state::count_frame(std::uint64_t accounting::*what, std::uint64_t trace) {
    count_frame(what);
    const auto found = by_id.find(trace);
    if (found == by_id.end()) return;
    stats::accounting& c = traces[found->second]->counts;
    ++c.frames;
    ++(c.*what);
}

probe_image tracer::state::image_of(const probe_flight& f) const {
    const lane_state& lane = lanes[f.flow.lane];
    return {.kind = lane.wish.kind,
            .family = lane.wish.family,
            .lane = f.flow.lane,
            .identifier = lane.facts.identifier,
            .port = f.flow.port,
            .flow = f.wish.flow,
            .size = f.wish.size,
            .serial = f.serial};
}

// The token is whole, and right for the serial number that it claims.
bool tracer::state::carries_token(std::uint32_t lane, bytes_view payload) const {
    const auto claimed = token_key::claimed_serial(payload);
    return claimed && key.verify(payload, token_key::full_size, {*claimed, lane});
}

// `padded` is what the probe carried, as far as it goes.
bool tracer::state::begins_as(const probe_flight& f, bytes_view padded) const {
    const bytes_view payload = without_padding(padded);
    const probe_image image = image_of(f);
    if (payload.empty()) return true;
    // What matters stands in the first bytes, and in the last two of a payload that is so short that all is quoted.
    std::array<std::byte, 64> expected{};
    if (image.payload_size() <= expected.size()) {
        const bytes_span all = bytes_span{expected}.first(image.payload_size());
        write_payload(key, image, all);
        const std::size_t size = std::min(payload.size(), all.size());
        return std::ranges::equal(all.first(size), payload.first(size));
    }
    const bytes_span token = bytes_span{expected}.first(token_key::full_size);
    key.write(token, {image.serial, image.lane});
    const std::size_t size = std::min(payload.size(), token.size());
    return std::ranges::equal(token.first(size), payload.first(size));
}

tracer::state::match tracer::state::match_icmp(std::uint32_t lane, const quoted_probe& q) const {
    if (q.transport.size() < transport_header) return {.otherwise = &accounting::rejected_malformed};
    const lane_state& l = lanes[lane];
    const auto types = wire::icmp_types_of(l.wish.family);
    if (load_be<std::uint8_t>(q.transport, 0) != types.echo_request) return {};
    const auto identifier = load_be<std::uint16_t>(q.transport, 4);
    const bool proven = carries_token(lane, q.payload);
    const bool ours = identifier == l.facts.identifier;
    if (!proven && !ours) return {};
    const auto* holder = l.numbers.find(load_be<std::uint16_t>(q.transport, 6));
    if (holder == nullptr) return {};
    if (proven && *token_key::claimed_serial(q.payload) != holder->serial) return {.otherwise = &accounting::late};
    if (!proven && !q.destination.same_octets(holder->destination)) return {.otherwise = &accounting::rejected_source};
    if (holder->flight == probe_flight::nowhere) return {.holder = holder};
    const probe_flight& f = flights[holder->flight];
    if (!proven && (!begins_as(f, q.payload) || !icmp_checksum_right(f, q))) {
        return {.otherwise = &accounting::rejected_token};
    }
    return {.holder = holder, .nat = !ours || translated(lane, f, q)};
}

tracer::state::match tracer::state::match_udp(std::uint32_t lane, const quoted_probe& q) const {
    const lane_state& l = lanes[lane];
    if (carries_token(lane, q.payload)) {
        const std::uint64_t serial = *token_key::claimed_serial(q.payload);
        const auto* holder = l.numbers.find(probe_numbers::number(serial));
        if (holder == nullptr || holder->serial != serial) return {.otherwise = &accounting::late};
        if (holder->flight == probe_flight::nowhere) return {.holder = holder};
        return {.holder = holder, .nat = translated(lane, flights[holder->flight], q)};
    }
    if (q.ip == nullptr) return {.anonymous = true};
    if (load_be<std::uint16_t>(q.transport, 0) != l.facts.identifier) return {};
    if (q.ip->unfinished_udp_checksum()) return {.anonymous = true};
    const auto sum = q.ip->udp_payload_sum();
    if (!sum) return {.anonymous = true};
    const auto number = number_of_udp_sum(*sum);
    const auto* holder = number ? l.numbers.find(*number) : nullptr;
    if (holder == nullptr) return {.otherwise = &accounting::rejected_token};
    if (!holder->destination.same_octets(q.destination)) return {.otherwise = &accounting::rejected_source};
    if (holder->flight == probe_flight::nowhere) return {.holder = holder};
    const probe_flight& f = flights[holder->flight];
    if (f.flow.port != q.port || !begins_as(f, q.payload)) return {.otherwise = &accounting::rejected_token};
    return {.holder = holder, .nat = translated(lane, f, q)};
}

tracer::state::match tracer::state::match_tcp(std::uint32_t lane, const quoted_probe& q) const {
    if (q.transport.size() < transport_header) return {.otherwise = &accounting::rejected_malformed};
    const lane_state& l = lanes[lane];
    const auto sequence = load_be<std::uint32_t>(q.transport, 4);
    const auto* holder = l.numbers.find(static_cast<std::uint16_t>(sequence));
    if (holder == nullptr || tcp_sequence(key, holder->serial, lane) != sequence) {
        const bool ours = load_be<std::uint16_t>(q.transport, 0) == l.facts.identifier;
        return {.otherwise = ours ? &accounting::rejected_token : &accounting::not_ours};
    }
    if (!holder->destination.same_octets(q.destination)) return {.otherwise = &accounting::rejected_source};
    if (holder->flight == probe_flight::nowhere) return {.holder = holder};
    return {.holder = holder, .nat = translated(lane, flights[holder->flight], q)};
}

tracer::state::match tracer::state::match_on(std::uint32_t lane, const quoted_probe& q) const {
    switch (q.kind) {
        case lane_kind::udp:
            return match_udp(lane, q);
        case lane_kind::icmp:
            return match_icmp(lane, q);
        case lane_kind::tcp_raw:
        case lane_kind::tcp_connect:
            return match_tcp(lane, q);
    }
    return {};
}

bool tracer::state::icmp_checksum_right(const probe_flight& f, const quoted_probe& q) const {
    // Over IPv6 it covers addresses that an entry of the error queue does not have.
    if (q.ip == nullptr) return true;
    return q.ip->icmp_message_sum(image_of(f).payload_size() + transport_header) == icmp_sum(f.wish.flow);
}

// What is quoted of the probe is not what was sent.
bool tracer::state::translated(std::uint32_t lane, const probe_flight& f, const quoted_probe& q) const {
    if (!q.destination.same_octets(f.flow.destination)) return true;
    const lane_facts& facts = lanes[lane].facts;
    const trace_options& asked = traces[f.trace]->options;
    if (q.ip != nullptr && !asked.source.is_unspecified() && !q.ip->source.same_octets(asked.source)) return true;
    switch (q.kind) {
        case lane_kind::udp:
            if (q.port != f.flow.port) return true;
            if (q.ip == nullptr) return false;
            if (load_be<std::uint16_t>(q.transport, 0) != facts.identifier) return true;
            if (q.ip->unfinished_udp_checksum()) return false;
            return q.ip->udp_payload_sum().value_or(0) != udp_sum(probe_numbers::number(f.serial));
        case lane_kind::icmp:
            return !icmp_checksum_right(f, q);
        case lane_kind::tcp_raw:
        case lane_kind::tcp_connect:
            return load_be<std::uint16_t>(q.transport, 0) != tcp_source_port(facts.identifier, f.wish.flow) ||
                   q.port != f.flow.port;
    }
    return false;
}

answer_from tracer::state::kind_of(family f, const heard& h, const ip_address& destination) {
    if (!h.answer.from_icmp) return answer_from::destination;
    const wire::icmp_types types = wire::icmp_types_of(f);
    if (h.answer.type == types.time_exceeded) return answer_from::hop;
    if (h.answer.type == types.echo_reply) return answer_from::destination;
    return h.answer.from.same_octets(destination) ? answer_from::destination : answer_from::unreachable;
}

void tracer::state::settle(time_point now, std::uint32_t lane, const match& m, const quoted_probe& q, heard& h) {
    if (m.anonymous) {
        return settle_anonymous(now, {lane, q.destination.with_scope(0), q.port}, without_padding(q.payload), h);
    }
    if (m.holder == nullptr) return count_frame(m.otherwise);
    if (m.holder->flight == probe_flight::nowhere) {
        return count_frame(m.holder->answered ? &accounting::duplicate : &accounting::late, m.holder->trace);
    }
    h.answer.nat = m.nat;
    credit(now, m.holder->flight, h);
}

// Only the flow is known, and maybe some bytes of the payload. Whose it is, is known where one probe alone can be
// meant.
void tracer::state::settle_anonymous(time_point now, const flow_key& flow, bytes_view payload, heard& h) {
    std::uint32_t only = probe_flight::nowhere;
    std::size_t candidates = 0;
    for (std::uint32_t i = flights.first_of(flow); i != probe_flight::nowhere; i = flights[i].next_in_flow) {
        if (!begins_as(flights[i], payload)) continue;
        ++candidates;
        only = i;
    }
    if (candidates == 0) return count_frame(payload.empty() ? &accounting::late : &accounting::rejected_token);
    if (candidates == 1) {
        h.answer.inferred = payload.size() < telling_bytes && payload.size() < image_of(flights[only]).payload_size();
        return credit(now, only, h);
    }
    count_frame(&accounting::matched, traces[flights[only].trace]->id);
    if (!h.advice) hold(now, flow);
}

// What is out on the flow is waited for a little, in case it can be told by a longer quote; then it is asked again, one
// at a time.
void tracer::state::hold(time_point now, const flow_key& flow) {
    time_point oldest = now;
    for (std::uint32_t i = flights.first_of(flow); i != probe_flight::nowhere; i = flights[i].next_in_flow) {
        oldest = std::min(oldest, flights[i].sent_at);
    }
    const duration settling = std::clamp((now - oldest) * 3, shortest_settling, longest_settling);
    std::vector<std::uint64_t> held;
    for (std::uint32_t i = flights.first_of(flow); i != probe_flight::nowhere; i = flights[i].next_in_flow) {
        probe_flight& f = flights[i];
        if (f.held) continue;
        trace_run& t = *traces[f.trace];
        f.held = true;
        flights.set_deadline(i, std::min(f.deadline, now + settling));
        t.short_quotes = true;
        t.strategy->handle_held(f.ticket);
        if (held.empty() || held.back() != t.id) held.push_back(t.id);
    }
    for (const std::uint64_t id : held) {
        if (const auto found = by_id.find(id); found != by_id.end()) service(now, found->second);
    }
}

void tracer::state::credit(time_point now, std::uint32_t flight, heard& h) {
    const probe_flight& f = flights[flight];
    const std::uint32_t index = f.trace;
    trace_run& t = *traces[index];
    count_frame(&accounting::matched, t.id);
    if (h.advice) return;
    // A kernel stamp that does not lie between the send and now is worth nothing: the wall clock stepped.
    const bool stamped = h.received_at && *h.received_at >= f.sent_at && *h.received_at <= now;
    h.answer.rtt = std::max(duration::zero(), (stamped ? *h.received_at : now) - f.sent_at);
    h.answer.clock = !stamped ? clock_source::user : f.stamps != 0 ? clock_source::kernel : clock_source::kernel_rx;
    h.answer.kind = kind_of(t.lane.family, h, f.flow.destination);
    const bool error = h.answer.from_icmp && wire::is_icmp_error(t.lane.family, h.answer.type);
    probe_result result = describe(f, probe_fate::answered);
    result.answer = std::move(h.answer);
    conclude(now, flight, std::move(result), error ? &accounting::icmp_error : &accounting::replied);
    service(now, index);
}

void tracer::handle_packet(time_point now, [[maybe_unused]] std::uint32_t lane, const trace_packet_meta& meta,
                           bytes_view payload) {
    state& s = *state_;
    switch (meta.protocol) {
        case wire::ip_protocol::tcp:
            return s.receive_segment(now, meta, payload);
        case wire::ip_protocol::udp:
            return s.receive_datagram(now, meta, payload);
        case wire::ip_protocol::icmp:
        case wire::ip_protocol::icmpv6:
            break;
        default:
            return s.count_frame(&accounting::not_ours);
    }
    const family f = meta.protocol == wire::ip_protocol::icmp ? family::v4 : family::v6;
    // ICMPv6's checksum covers an address that may not be known; the kernel has verified it then.
    const bool knows = f == family::v4 || !meta.to.is_unspecified();
    const wire::icmp_checksum sum{f == family::v4 ? std::uint16_t{0}
                                                  : wire::pseudo_header_sum(meta.from, meta.to,
                                                                            static_cast<std::uint32_t>(payload.size()),
                                                                            wire::ip_protocol::icmpv6)};
    const auto icmp =
        wire::icmp_view::parse(payload, knows ? wire::checksum_check::verify : wire::checksum_check::trust, sum);
    if (!icmp) {
        return s.count_frame(icmp.error() == wire::parse_error::bad_checksum ? &accounting::rejected_checksum
                                                                             : &accounting::rejected_malformed);
    }
    if (wire::is_icmp_error(f, icmp->type())) return s.receive_error(now, meta, payload);
    if (icmp->type() == wire::icmp_types_of(f).echo_reply) return s.receive_echo_reply(now, meta, payload);
    s.count_frame(&accounting::not_ours);
}

void tracer::state::receive_error(time_point now, const trace_packet_meta& meta, bytes_view message) {
    const family f = meta.protocol == wire::ip_protocol::icmp ? family::v4 : family::v6;
    const auto icmp = wire::icmp_view::parse(message, wire::checksum_check::trust);
    const wire::icmp_error_parts parts = wire::split_icmp_error(f, message);
    const auto quote = probe_quote::read(f, parts.quote);
    if (!icmp || !quote) return count_frame(&accounting::rejected_malformed);
    const auto kind = kind_of_protocol(f, quote->protocol);
    if (!kind) return count_frame(&accounting::not_ours);
    const quoted_probe q{
        .kind = *kind,
        .destination = quote->destination,
        .port = *kind == lane_kind::icmp ? std::uint16_t{0} : load_be<std::uint16_t>(quote->transport, 2),
        .transport = quote->transport,
        .payload = quote->transport.subspan(transport_header),
        .ip = &*quote};
    heard h{.answer = {.from = meta.from,
                       .from_icmp = true,
                       .type = icmp->type(),
                       .code = icmp->code(),
                       .info = wire::icmp_error_info(f, *icmp),
                       .hop_limit = meta.hop_limit,
                       .quoted_ttl = quote->hop_limit,
                       .quoted_class = quote->traffic_class},
            .received_at = meta.received_at,
            .advice = !wire::is_final_icmp_error(f, icmp->type())};
    match best;
    std::uint32_t where = 0;
    for (std::uint32_t lane = 0; lane < lanes.size(); ++lane) {
        if (lanes[lane].wish.kind != q.kind || lanes[lane].wish.family != f) continue;
        const match m = match_on(lane, q);
        if (m.worth() <= best.worth()) continue;
        best = m;
        where = lane;
    }
    if (best.holder != nullptr && best.holder->flight != probe_flight::nowhere) {
        best.nat = best.nat || (!meta.to.is_unspecified() && !quote->source.same_octets(meta.to));
        h.answer.extensions = read_hop_extensions(parts.extension);
    } else if (best.anonymous) {
        h.answer.extensions = read_hop_extensions(parts.extension);
    }
    settle(now, where, best, q, h);
}

void tracer::state::receive_echo_reply(time_point now, const trace_packet_meta& meta, bytes_view message) {
    const family f = meta.protocol == wire::ip_protocol::icmp ? family::v4 : family::v6;
    const auto identifier = load_be<std::uint16_t>(message, 4);
    const auto sequence = load_be<std::uint16_t>(message, 6);
    const bytes_view payload = message.subspan(transport_header);
    std::uint64_t accounting::*why = &accounting::not_ours;
    for (std::uint32_t lane = 0; lane < lanes.size(); ++lane) {
        const lane_state& l = lanes[lane];
        if (l.wish.kind != lane_kind::icmp || l.wish.family != f || l.facts.identifier != identifier) continue;
        const auto* holder = l.numbers.find(sequence);
        if (holder == nullptr) continue;
        if (carries_token(lane, payload) && *token_key::claimed_serial(payload) != holder->serial) {
            return count_frame(&accounting::late);
        }
        if (!meta.from.same_octets(holder->destination)) {
            why = &accounting::rejected_source;
            continue;
        }
        match m{.holder = holder};
        if (holder->flight != probe_flight::nowhere && !begins_as(flights[holder->flight], payload)) {
            why = &accounting::rejected_token;
            continue;
        }
        heard h{.answer = {.from = meta.from,
                           .from_icmp = true,
                           .type = load_be<std::uint8_t>(message, 0),
                           .code = load_be<std::uint8_t>(message, 1),
                           .hop_limit = meta.hop_limit},
                .received_at = meta.received_at};
        return settle(now, lane, m, {}, h);
    }
    count_frame(why);
}

// A SYN-ACK or a reset acknowledges the SYN's number and one (RFC 9293 section 3.5).
void tracer::state::receive_segment(time_point now, const trace_packet_meta& meta, bytes_view segment) {
    const auto tcp = wire::tcp_view::parse_lax(segment);
    if (!tcp) return count_frame(&accounting::rejected_malformed);
    using namespace wire::tcp_flag;
    const bool open = (tcp->flags() & (syn | ack | rst)) == (syn | ack);
    if (!open && (tcp->flags() & rst) == 0) return count_frame(&accounting::not_ours);
    const std::uint32_t sequence = tcp->acknowledgment_number() - 1;
    std::uint64_t accounting::*why = &accounting::not_ours;
    for (std::uint32_t lane = 0; lane < lanes.size(); ++lane) {
        const lane_state& l = lanes[lane];
        if (l.wish.kind != lane_kind::tcp_raw || l.wish.family != meta.from.family()) continue;
        const auto* holder = l.numbers.find(static_cast<std::uint16_t>(sequence));
        if (holder == nullptr || tcp_sequence(key, holder->serial, lane) != sequence) {
            if (tcp->destination_port() == l.facts.identifier) why = &accounting::rejected_token;
            continue;
        }
        if (!meta.from.same_octets(holder->destination)) {
            why = &accounting::rejected_source;
            continue;
        }
        if (holder->flight != probe_flight::nowhere) {
            const probe_flight& f = flights[holder->flight];
            if (tcp->source_port() != f.flow.port ||
                tcp->destination_port() != tcp_source_port(l.facts.identifier, f.wish.flow)) {
                continue;
            }
        }
        heard h{.answer = {.from = meta.from, .hop_limit = meta.hop_limit, .tcp_open = open},
                .received_at = meta.received_at};
        return settle(now, lane, {.holder = holder}, {}, h);
    }
    count_frame(why);
}

// Somebody listens at the port, and answers.
void tracer::state::receive_datagram(time_point now, const trace_packet_meta& meta, bytes_view datagram) {
    const auto udp = wire::udp_view::parse_lax(datagram);
    if (!udp) return count_frame(&accounting::rejected_malformed);
    for (std::uint32_t lane = 0; lane < lanes.size(); ++lane) {
        const lane_state& l = lanes[lane];
        if (l.wish.kind != lane_kind::udp || l.wish.family != meta.from.family() ||
            l.facts.identifier != udp->destination_port()) {
            continue;
        }
        const flow_key flow{lane, meta.from.with_scope(0), udp->source_port()};
        heard h{.answer = {.from = meta.from, .hop_limit = meta.hop_limit}, .received_at = meta.received_at};
        // An echo service sends our token back; what others answer says nothing about which probe they heard.
        if (!carries_token(lane, udp->payload())) return settle_anonymous(now, flow, {}, h);
        const std::uint64_t serial = *token_key::claimed_serial(udp->payload());
        const auto* holder = l.numbers.find(probe_numbers::number(serial));
        if (holder == nullptr || holder->serial != serial) return count_frame(&accounting::late);
        if (!holder->destination.same_octets(meta.from)) return count_frame(&accounting::rejected_source);
        return settle(now, lane, {.holder = holder}, {}, h);
    }
    count_frame(&accounting::not_ours);
}

void tracer::handle_queued_error(time_point now, const trace_error_meta& meta, bytes_view quoted) {
    state& s = *state_;
    if (meta.lane >= s.lanes.size()) return s.count_frame(&accounting::not_ours);
    const lane_wish& wish = s.lanes[meta.lane].wish;
    if (wish.kind == lane_kind::tcp_connect || !wire::is_icmp_error(wish.family, meta.type)) {
        return s.count_frame(&accounting::not_ours);
    }
    const bool headless = wish.kind == lane_kind::udp;
    const state::quoted_probe q{
        .kind = wish.kind,
        .destination = meta.destination,
        .port = meta.port,
        .transport = headless ? bytes_view{} : quoted,
        .payload = headless ? quoted : quoted.subspan(std::min(quoted.size(), transport_header))};
    state::heard h{.answer = {.from = meta.offender,
                              .from_icmp = true,
                              .type = meta.type,
                              .code = meta.code,
                              .info = meta.info,
                              .hop_limit = meta.hop_limit,
                              .extensions = read_hop_extensions(meta.extension)},
                   .received_at = meta.received_at,
                   .advice = !wire::is_final_icmp_error(wish.family, meta.type)};
    s.settle(now, meta.lane, s.match_on(meta.lane, q), q, h);
}

void tracer::handle_connection(time_point now, probe_place where, const connection_end& end) {
    state& s = *state_;
    const std::uint32_t flight = s.flights.find(where);
    if (flight == probe_flight::nowhere) return;
    if (end.what == connection_end::how::failed) return handle_send_failure(now, where, end.error_number);
    const ip_address destination = s.traces[s.flights[flight].trace]->options.destination;
    state::heard h{.answer = {.from = destination, .hop_limit = end.hop_limit}, .received_at = end.ended_at};
    if (end.what == connection_end::how::icmp_error) {
        if (!wire::is_icmp_error(destination.family(), end.error.type)) return;
        h.answer.from = end.error.offender;
        h.answer.from_icmp = true;
        h.answer.type = end.error.type;
        h.answer.code = end.error.code;
        h.answer.info = end.error.info;
        h.answer.hop_limit = end.error.hop_limit;
        h.answer.extensions = read_hop_extensions(end.error.extension);
        h.advice = !wire::is_final_icmp_error(destination.family(), end.error.type);
        if (!h.received_at) h.received_at = end.error.received_at;
    }
    h.answer.tcp_open = end.what == connection_end::how::connected;
    s.credit(now, flight, h);
}

}  // namespace sonde::probe
