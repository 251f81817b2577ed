// Traces told, not run: for the tests of records, verdicts and what shows them.
#pragma once

#include <functional>
#include <optional>
#include <random>

#include <sonde/probe/trace_record.hpp>

namespace sonde::probe::testing {

inline ip_address hop_address(unsigned ttl, unsigned which = 0) {
    return ip_address::v4(0x0a000001U + (ttl << 16) + (which << 8));
}
inline const ip_address far_away = ip_address::v4(0xcb007150U);

/// The usual answer of a hop of a symmetric path; of the destination from `ttl` on.
inline hop_answer usual_answer(unsigned ttl, bool destination, duration rtt) {
    hop_answer a{.kind = destination ? answer_from::destination : answer_from::hop,
                 .from = destination ? far_away : hop_address(ttl),
                 .rtt = rtt,
                 .from_icmp = true,
                 .type = static_cast<std::uint8_t>(destination ? 3 : 11),
                 .code = static_cast<std::uint8_t>(destination ? 3 : 0)};
    a.hop_limit = static_cast<std::uint8_t>(64 - ttl + 1);
    a.quoted_ttl = std::uint8_t{1};
    a.quoted_class = std::uint8_t{0};
    return a;
}

struct told_trace {
    unsigned hops = 8;  ///< the last is the destination
    std::uint32_t rounds = 10;
    std::uint8_t queries = 3;
    trace_end end = trace_end::reached;
    trace_options options = {.destination = far_away};
    /// Changes an answer, or takes it away.
    std::function<void(std::optional<hop_answer>&, unsigned ttl, std::uint32_t round, std::uint8_t query)> spoil = {};

    [[nodiscard]] trace_record record() const {
        trace_record record(options);
        std::mt19937 random(42);
        for (std::uint32_t round = 0; round < rounds; ++round) {
            for (unsigned ttl = 1; ttl <= hops; ++ttl) {
                for (std::uint8_t query = 0; query < queries; ++query) {
                    const duration rtt{1'000'000 * ttl + random() % 200'000};
                    std::optional<hop_answer> answer = usual_answer(ttl, ttl == hops, rtt);
                    if (spoil) spoil(answer, ttl, round, query);
                    probe_result r{.ttl = static_cast<std::uint8_t>(ttl), .round = round, .query = query};
                    r.fate = answer ? probe_fate::answered : probe_fate::timed_out;
                    if (answer) r.answer = *answer;
                    record.add({.kind = trace_event_kind::probe, .result = r});
                }
            }
            record.add({.kind = trace_event_kind::round, .round = round});
        }
        record.add({.kind = trace_event_kind::done, .end = end});
        return record;
    }
};

}  // namespace sonde::probe::testing
