// A prober under virtual time, with a network made of test code.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <sonde/probe/echo_prober.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::probe::testing {

inline ip_address address(const char* text) {
    return ip_address::parse(text).value();
}

struct sent_ping {
    flight_ref where;
    std::uint64_t id = 0;
    bool series = false;
    ip_address to;
    std::vector<std::byte> bytes;
};

struct rig {
    static constexpr std::uint16_t identifier = 0x1234;

    explicit rig(echo_prober_options options = {.key = {1, 2}}) : prober(options) {}

    echo_prober prober;
    time_point now{std::chrono::seconds{1000}};
    std::vector<std::byte> buffer = std::vector<std::byte>(66'000);
    bool opens_lanes = true;
    bool lanes_have_sources = false;

    std::optional<sent_ping> transmit() {
        for (;;) {
            if (const auto t = prober.poll_transmit(now, buffer)) {
                return sent_ping{t->where, t->id, t->series, t->destination, {t->datagram.begin(), t->datagram.end()}};
            }
            const auto wanted = prober.lane_wanted();
            if (!wanted || !opens_lanes) return std::nullopt;
            std::optional<ip_address> only_source;
            if (lanes_have_sources) only_source = wanted->source;
            prober.add_lane(wanted->family, identifier, wire::checksum_fill::leave, only_source);
        }
    }

    std::vector<sent_ping> transmit_all() {
        std::vector<sent_ping> all;
        while (auto t = transmit()) all.push_back(std::move(*t));
        return all;
    }

    sent_ping ping(std::uint64_t id, const char* to, duration timeout = std::chrono::seconds{1},
                   const echo_profile& profile = {}) {
        prober.ping(now, {.destination = address(to), .timeout = timeout, .profile = profile}, id);
        return transmit().value();
    }

    static std::vector<std::byte> reply_to(const sent_ping& ping) {
        auto bytes = ping.bytes;
        bytes[0] = std::byte(wire::icmp_types_of(ping.to.family()).echo_reply);
        return bytes;
    }

    void deliver(const sent_ping& ping, bytes_view bytes, std::optional<ip_address> from = {},
                 std::optional<time_point> received_at = {}) {
        prober.handle_datagram(now,
                               {.lane = ping.where.lane,
                                .from = from.value_or(ping.to),
                                .received_at = received_at,
                                .hop_limit = std::uint8_t{64},
                                .full_size = 0,
                                .checksum = wire::checksum_check::trust},
                               bytes);
    }
    void answer(const sent_ping& ping) { deliver(ping, reply_to(ping)); }

    void report_error(const sent_ping& ping, std::uint8_t type, std::uint8_t code, std::size_t quoted) {
        prober.handle_error(now,
                            {.lane = ping.where.lane,
                             .destination = ping.to,
                             .offender = address("192.0.2.254"),
                             .type = type,
                             .code = code,
                             .info = 0,
                             .received_at = {}},
                            bytes_view{ping.bytes}.first(quoted));
    }

    void advance(duration d) {
        const time_point end = now + d;
        for (time_point next = prober.next_timeout(); next <= end; next = prober.next_timeout()) {
            now = std::max(now, next);
            prober.handle_timeout(now);
            drain();
        }
        now = end;
    }

    /// Moves the events out of the prober, after those that `advance` met.
    std::vector<event> events() {
        drain();
        return std::exchange(seen, {});
    }

    event only_event() {
        auto all = events();
        if (all.size() != 1) return event{.kind = event_kind::settled, .sequence = 0xdead};
        return std::move(all.front());
    }

    stats::accounting counts() const { return prober.accounting(); }

private:
    void drain() {
        while (auto e = prober.poll_event()) seen.push_back(std::move(*e));
    }
    std::vector<event> seen;
};

}  // namespace sonde::probe::testing
