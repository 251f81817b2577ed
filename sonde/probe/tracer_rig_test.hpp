// A tracer under virtual time, with a network made of test code: whole packets, as a raw socket hears them, or entries
// of an error queue.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/probe/tracer.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::probe::testing {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

inline ip_address ip(const char* text) {
    return ip_address::parse(text).value();
}

/// A probe that left.
struct sent_probe {
    probe_place where;
    std::uint32_t lane = 0;
    std::uint64_t trace = 0;
    lane_kind kind = lane_kind::udp;
    ip_address destination;
    std::uint16_t port = 0;
    std::uint8_t ttl = 0;
    std::uint8_t traffic_class = 0;
    time_point at{};
    std::vector<std::byte> datagram;
};

/// What comes back of it.
struct reaction {
    enum class what : std::uint8_t { error, reply } kind = what::error;
    ip_address from = {};
    duration after = 1ms;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t rest = 0;     ///< the second word of the error
    std::size_t quoted = 1000;  ///< bytes behind the quoted IP header
    std::uint8_t quoted_ttl = 1;
    std::vector<std::byte> extension = {};
    bool damaged = false;                                       ///< checksum
    bool open = false;                                          ///< TCP
    std::function<void(std::vector<std::byte>&)> rewrite = {};  ///< of the quoted packet
};

inline reaction time_exceeded(const sent_probe& p, const ip_address& from, duration after) {
    const auto types = wire::icmp_types_of(p.destination.family());
    return {.from = from, .after = after, .type = static_cast<std::uint8_t>(types.time_exceeded)};
}
inline reaction unreachable(const sent_probe& p, const ip_address& from, duration after, std::uint8_t code) {
    const auto types = wire::icmp_types_of(p.destination.family());
    return {
        .from = from, .after = after, .type = static_cast<std::uint8_t>(types.destination_unreachable), .code = code};
}
/// What the destination says: port unreachable, echo reply, reset.
inline reaction from_destination(const sent_probe& p, duration after) {
    if (p.kind == lane_kind::udp) {
        return unreachable(p, p.destination, after, p.destination.is_v4() ? std::uint8_t{3} : std::uint8_t{4});
    }
    return {.kind = reaction::what::reply, .from = p.destination, .after = after};
}

using test_network = std::function<std::vector<reaction>(const sent_probe&)>;

struct tracer_rig {
    static constexpr std::uint16_t identifier = 0xc123;

    explicit tracer_rig(test_network n, tracer_options options = {.key = {3, 4}, .rate = 0})
        : machine(options), network(std::move(n)) {}

    tracer machine;
    test_network network;
    time_point now{1000s};
    bool whole_packets = true;
    std::function<std::optional<int>(const lane_wish&)> refuses = {};
    std::function<std::optional<int>(const sent_probe&)> send_fails = {};
    std::vector<trace_event> events;
    std::vector<sent_probe> sent;
    std::vector<lane_wish> lanes;
    std::size_t most_out_per_flow = 0;
    bool keep_sent = true;

    static ip_address own(family f) { return f == family::v4 ? ip("192.0.2.1") : ip("2001:db8::1"); }

    void start(const trace_options& options, std::uint64_t id = 1) {
        machine.start(now, options, id);
        check();
    }

    /// Until everything is over, or `limit` has passed. False: something is left.
    bool run(duration limit = 1h) {
        const time_point end = now + limit;
        for (;;) {
            step_sends();
            take_events();
            if (machine.idle()) return true;
            const time_point arrival = arrivals_.empty() ? time_point::max() : arrivals_.begin()->first.first;
            const time_point next = std::min(machine.next_deadline(), arrival);
            if (next > end) {
                now = end;
                return false;
            }
            if (++steps > 5'000'000) return false;
            now = std::max(now, next);
            while (!arrivals_.empty() && arrivals_.begin()->first.first <= now) {
                auto arrived = std::move(arrivals_.extract(arrivals_.begin()).mapped());
                deliver(arrived.first, arrived.second);
                check();
            }
            machine.handle_timeout(now);
            check();
        }
    }

    void step_sends() {
        for (;;) {
            if (const auto t = machine.poll_transmit(now, buffer_)) {
                check();
                sent_probe p{t->where,
                             t->lane,
                             t->trace,
                             t->kind,
                             t->destination,
                             t->port,
                             t->hop_limit,
                             t->traffic_class.value_or(0),
                             now,
                             {t->datagram.begin(), t->datagram.end()}};
                if (keep_sent) sent.push_back(p);
                const auto fails = send_fails ? send_fails(p) : std::nullopt;
                if (fails) {
                    machine.handle_send_failure(now, p.where, *fails);
                    check();
                    continue;
                }
                for (auto& r : network(p))
                    arrivals_.emplace(std::pair{now + r.after, ++order_}, std::pair{p, std::move(r)});
                continue;
            }
            const auto wanted = machine.lane_wanted();
            if (!wanted) return;
            const auto refused = refuses ? refuses(*wanted) : std::nullopt;
            if (refused) {
                machine.refuse_lane(now, *wanted, *refused);
            } else {
                lanes.push_back(*wanted);
                machine.add_lane(*wanted, {.identifier = identifier,
                                           .computes_checksum = wanted->kind == lane_kind::icmp,
                                           .hears_packets = whole_packets});
            }
            check();
        }
    }

    void check() {
        if (!machine.accounting().adds_up()) ADD_FAILURE() << "the sums do not hold";
    }

    void take_events() {
        while (auto e = machine.poll_event()) events.push_back(std::move(*e));
    }

    stats::accounting counts() const { return machine.accounting(); }

    std::vector<hop_report> hops(std::uint64_t id = 1, std::optional<std::uint32_t> round = {}) const {
        std::vector<hop_report> all;
        for (const trace_event& e : events) {
            if (e.kind == trace_event_kind::hop && e.id == id && (!round || e.round == *round)) all.push_back(e.hop);
        }
        return all;
    }
    const trace_event* done(std::uint64_t id = 1) const {
        const trace_event* found = nullptr;
        for (const trace_event& e : events) {
            if (e.kind == trace_event_kind::done && e.id == id) found = &e;
        }
        return found;
    }

    /// The IP packet of a probe, as it is when it gets to who answers.
    static std::vector<std::byte> packet_of(const sent_probe& p, std::uint8_t ttl) {
        const family f = p.destination.family();
        const wire::pseudo_header addresses{own(f), p.destination};
        std::vector<std::byte> body(p.datagram.size() + 8);
        std::uint8_t protocol = wire::ip_protocol::udp;
        if (p.kind == lane_kind::udp) {
            const wire::udp_message message{
                .source_port = identifier, .destination_port = p.port, .payload = p.datagram};
            body.resize(message.emit(body, wire::checksum_fill::compute, addresses));
        } else {
            body = p.datagram;
            protocol = p.kind == lane_kind::tcp_raw ? wire::ip_protocol::tcp
                       : f == family::v4            ? wire::ip_protocol::icmp
                                                    : wire::ip_protocol::icmpv6;
            if (p.kind == lane_kind::icmp) {
                const std::uint16_t sum =
                    f == family::v4 ? std::uint16_t{0} : addresses.sum(body.size(), wire::ip_protocol::icmpv6);
                store_be<std::uint16_t>(body, 2, 0);
                store_be(bytes_span{body}, 2, wire::internet_checksum(body, sum));
            }
        }
        std::vector<std::byte> packet(body.size() + 40);
        const std::size_t size = f == family::v4 ? wire::ipv4_message{.tos = p.traffic_class,
                                                                      .ttl = ttl,
                                                                      .protocol = protocol,
                                                                      .source = own(f),
                                                                      .destination = p.destination,
                                                                      .payload = body}
                                                       .emit(packet, wire::checksum_fill::compute)
                                                 : wire::ipv6_message{.traffic_class = p.traffic_class,
                                                                      .next_header = protocol,
                                                                      .hop_limit = ttl,
                                                                      .source = own(f),
                                                                      .destination = p.destination,
                                                                      .payload = body}
                                                       .emit(packet);
        packet.resize(size);
        return packet;
    }

    void deliver(const sent_probe& p, const reaction& r) {
        if (p.kind == lane_kind::tcp_connect) return deliver_connection(p, r);
        if (r.kind == reaction::what::reply) return deliver_reply(p, r);
        const family f = p.destination.family();
        const std::size_t ip_header = f == family::v4 ? 20 : 40;
        auto packet = packet_of(p, r.quoted_ttl);
        if (r.rewrite) r.rewrite(packet);
        packet.resize(std::min(packet.size(), ip_header + r.quoted));
        if (!whole_packets) {
            const std::size_t skip = ip_header + (p.kind == lane_kind::udp ? 8 : 0);
            machine.handle_queued_error(now,
                                        {.lane = p.lane,
                                         .destination = p.destination,
                                         .port = p.port,
                                         .offender = r.from,
                                         .type = r.type,
                                         .code = r.code,
                                         .info = r.rest,
                                         .hop_limit = std::uint8_t{60},
                                         .received_at = {},
                                         .extension = r.extension},
                                        bytes_view{packet}.subspan(std::min(skip, packet.size())));
            return;
        }
        machine.handle_packet(now, p.lane, meta(p, r), error_message(f, r, std::move(packet)));
    }

    static std::vector<std::byte> error_message(family f, const reaction& r, std::vector<std::byte> quote) {
        std::vector<std::byte> message(8);
        message[0] = std::byte{r.type};
        message[1] = std::byte{r.code};
        store_be(bytes_span{message}, 4, r.rest);
        if (!r.extension.empty()) {
            quote.resize(128);
            store_be(bytes_span{message}, f == family::v4 ? 5 : 4, std::uint8_t(f == family::v4 ? 32 : 16));
            quote.insert(quote.end(), r.extension.begin(), r.extension.end());
        }
        message.insert(message.end(), quote.begin(), quote.end());
        finish_icmp(f, message, r);
        return message;
    }

    static void finish_icmp(family f, std::vector<std::byte>& message, const reaction& r) {
        const std::uint16_t sum =
            f == family::v4 ? std::uint16_t{0}
                            : wire::pseudo_header_sum(r.from, own(f), static_cast<std::uint32_t>(message.size()), 58);
        store_be<std::uint16_t>(message, 2, 0);
        store_be(bytes_span{message}, 2, wire::internet_checksum(message, sum));
        if (r.damaged) message[2] ^= std::byte{0x40};
    }

private:
    static trace_packet_meta meta(const sent_probe& p, const reaction& r) {
        const family f = p.destination.family();
        return {.from = r.from,
                .protocol = f == family::v4 ? std::uint8_t{1} : std::uint8_t{58},
                .hop_limit = std::uint8_t{60},
                .received_at = {},
                .to = own(f)};
    }

    void deliver_reply(const sent_probe& p, const reaction& r) {
        trace_packet_meta m = meta(p, r);
        auto packet = p.datagram;
        if (p.kind == lane_kind::icmp) {
            packet[0] = std::byte(wire::icmp_types_of(p.destination.family()).echo_reply);
            finish_icmp(p.destination.family(), packet, r);
        } else if (p.kind == lane_kind::tcp_raw) {
            m.protocol = wire::ip_protocol::tcp;
            const auto syn = wire::tcp_view::parse(p.datagram, wire::checksum_check::trust).value();
            const auto flags = r.open ? wire::tcp_flag::syn : wire::tcp_flag::rst;
            const wire::tcp_message answer{.source_port = syn.destination_port(),
                                           .destination_port = syn.source_port(),
                                           .acknowledgment_number = syn.sequence_number() + 1,
                                           .flags = static_cast<std::uint8_t>(flags | wire::tcp_flag::ack)};
            packet.resize(answer.size());
            (void)answer.emit(packet, wire::checksum_fill::leave);
        } else {
            m.protocol = wire::ip_protocol::udp;
            const wire::udp_message answer{
                .source_port = p.port, .destination_port = identifier, .payload = r.extension};
            packet.resize(answer.size());
            (void)answer.emit(packet, wire::checksum_fill::leave);
        }
        machine.handle_packet(now, p.lane, m, packet);
    }

    void deliver_connection(const sent_probe& p, const reaction& r) {
        connection_end end{.what = connection_end::how::icmp_error};
        if (r.kind == reaction::what::reply) {
            end.what = r.open ? connection_end::how::connected : connection_end::how::refused;
        }
        end.error.offender = r.from;
        end.error.type = r.type;
        end.error.code = r.code;
        machine.handle_connection(now, p.where, end);
    }

    std::vector<std::byte> buffer_ = std::vector<std::byte>(65535);
    std::map<std::pair<time_point, std::uint64_t>, std::pair<sent_probe, reaction>> arrivals_;
    std::uint64_t order_ = 0;
    std::uint64_t steps = 0;
};

/// A chain of routers before a destination, some of them silent.
struct chain {
    std::uint8_t length = 8;  ///< the destination's TTL
    duration step = 1ms;      ///< round trip per hop
    std::vector<std::uint8_t> silent = {};
    bool target_silent = false;
    std::size_t quoted = 1000;

    static ip_address router(family f, unsigned ttl) {
        if (f == family::v4) return ip_address::v4(0x0a000001U + (ttl << 8));
        auto octets = ip("2001:db8:1::").mapped_bytes();
        octets[15] = static_cast<std::byte>(ttl);
        return ip_address::from_bytes(octets);
    }

    std::vector<reaction> operator()(const sent_probe& p) const {
        const std::uint8_t ttl = std::min(p.ttl, length);
        if (std::ranges::find(silent, ttl) != silent.end() || (ttl == length && target_silent)) return {};
        reaction r = p.ttl < length ? time_exceeded(p, router(p.destination.family(), p.ttl), step * p.ttl)
                                    : from_destination(p, step * length);
        r.quoted = quoted;
        return {r};
    }
};

}  // namespace sonde::probe::testing
