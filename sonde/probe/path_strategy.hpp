// How a path is asked about: decides which probe to send next, and sees what became of each. `path_finder`,
// `paths_finder` and `mtu_finder` are such; the tracer carries them out. No I/O, no clock, no packets.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sonde/base/time.hpp>
#include <sonde/probe/trace_event.hpp>
#include <sonde/probe/trace_options.hpp>

namespace sonde::probe {

/// A probe that a strategy wants sent.
struct probe_wish {
    std::uint8_t ttl = 1;
    std::uint16_t flow = 0;
    std::uint16_t size = 0;  ///< bytes of the IP packet
    bool dont_fragment = false;
    std::uint32_t round = 0;
    std::uint8_t query = 0;
};

/// A strategy's number for one of its probes: 0, 1, 2, ... in the order of wishing.
enum class probe_ticket : std::uint32_t {};

/// One trace's strategy. The tracer calls, in any order:
///   `poll_wish` until it gives nothing, whenever something may have changed or `next_deadline` has come; each wish
///   gets the next ticket and is sent at once or waits its turn (pacing); `handle_sent` when it left; `handle_result`
///   exactly once for each ticket; `poll_given_up` after each of these: probes that are waited for no longer, which get
///   their result (timed out, or cancelled where `beyond`) at once; `poll_event` after each of these (probe, hop,
///   round, paths, mtu events; `done` is the tracer's).
/// Not thread-safe.
class path_strategy {
public:
    virtual ~path_strategy() = default;

    [[nodiscard]] virtual std::optional<probe_wish> poll_wish(time_point now) = 0;
    virtual void handle_sent(probe_ticket ticket, time_point at) = 0;
    /// Its answer, if there was one, could not be told from those of others: it will be sent again (`handle_sent`), one
    /// at a time with them, and is not out until then.
    virtual void handle_held([[maybe_unused]] probe_ticket ticket) {}
    virtual void handle_result(time_point now, probe_ticket ticket, const probe_result& result) = 0;

    struct given_up {
        probe_ticket ticket;
        bool beyond = false;  ///< it went beyond the destination: cancelled
    };
    [[nodiscard]] virtual std::optional<given_up> poll_given_up(time_point now) = 0;
    /// When `poll_wish` or `poll_given_up` will have something though nothing came in; `time_point::max()` for never.
    [[nodiscard]] virtual time_point next_deadline() const = 0;
    [[nodiscard]] virtual std::optional<trace_event> poll_event() = 0;

    /// Nothing more to ask, nothing out.
    [[nodiscard]] virtual bool done() const = 0;
    [[nodiscard]] virtual trace_end end() const = 0;
    /// No further wish; what is out is not waited for.
    virtual void stop(time_point now) = 0;
    /// No further round.
    virtual void finish_round() {}
};

}  // namespace sonde::probe
