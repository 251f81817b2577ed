// Who is on the way: all hops at once, what was silent again, round after round.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <sonde/base/time.hpp>
#include <sonde/probe/path_strategy.hpp>
#include <sonde/probe/trace_options.hpp>

namespace sonde::probe {

/// The strategy of `trace_goal::path`. One query of each hop first, so that the destination, which hears all that went
/// beyond, is not asked more than it is willing to answer; further queries follow where somebody answers, or is passed
/// over in silence. The least TTL that the destination (or an unreachable) answers at ends the way. What went beyond
/// comes there too, so the next of these that are out count as its further queries: what the destination is willing to
/// answer is spent on them anyway. The rest is cancelled. The first round asks up to `max_hops`, later ones up to where
/// the way ended, and on if it got longer.
///
/// Events: `probe` for each that left (or failed to); `hop` ascending; `round`. Not thread-safe.
class path_finder final : public path_strategy {
public:
    path_finder(time_point now, const trace_options& options);

    [[nodiscard]] std::optional<probe_wish> poll_wish(time_point now) override;
    void handle_sent(probe_ticket ticket, time_point at) override;
    void handle_held(probe_ticket ticket) override;
    void handle_result(time_point now, probe_ticket ticket, const probe_result& result) override;
    [[nodiscard]] std::optional<given_up> poll_given_up(time_point now) override;
    [[nodiscard]] time_point next_deadline() const override;
    [[nodiscard]] std::optional<trace_event> poll_event() override;
    [[nodiscard]] bool done() const override;
    [[nodiscard]] trace_end end() const override;
    void stop(time_point now) override;
    void finish_round() override { last_round_ = true; }

private:
    enum class phase : std::uint8_t { waiting, out, held, over };
    struct ask {
        phase now = phase::waiting;
        bool again = false;     ///< it was held once
        bool given_up = false;  ///< told to the tracer
        time_point sent_at{};   ///< where it is out
        probe_result result = {};
        bool told = false;     ///< its result goes into the hop's report: it left, or failed to
        bool adopted = false;  ///< it left with a higher TTL than this hop's
    };
    struct hop {
        std::vector<ask> asks;  ///< by query
        bool answered = false;
        duration slowest{};  ///< of its answers
        std::optional<time_point> first_sent = {};

        [[nodiscard]] bool settled() const noexcept;
    };
    struct place {
        std::uint8_t ttl = 0;
        std::uint8_t query = 0;
    };
    /// What the rest of the path says about a hop.
    struct context {
        std::optional<duration> later;  ///< round-trip time of the nearest later hop that answered
        bool in_tail = false;           ///< among the first behind the last that answers
    };

    [[nodiscard]] hop& at(std::uint32_t ttl) { return hops_[ttl - first_]; }
    [[nodiscard]] const hop& at(std::uint32_t ttl) const { return hops_[ttl - first_]; }
    [[nodiscard]] ask* find(probe_ticket ticket);
    [[nodiscard]] std::uint32_t horizon() const;
    [[nodiscard]] time_point deadline_of(const hop& h, const ask& a, const context& c) const;
    [[nodiscard]] std::size_t queries_wanted(const hop& h, const context& c, time_point now);
    void decide(time_point now);
    void adopt_beyond();
    void give_up_beyond();
    [[nodiscard]] time_point turn_of(std::uint32_t ttl) const;
    void ask_hop(std::uint32_t ttl, std::size_t queries);
    void tell_hops(time_point now);
    void finish(time_point now);
    void begin_round(time_point now);
    void wake_at(time_point t) { deadline_ = std::min(deadline_, t); }

    trace_options options_;
    std::uint32_t first_;
    std::uint32_t last_;             ///< max_hops
    std::vector<hop> hops_;          ///< of this round; [0] is `first_`
    std::vector<context> contexts_;  ///< of `decide`, by hop
    std::vector<place> tickets_;     ///< of this round
    std::uint32_t ticket_base_ = 0;
    std::deque<probe_wish> wishes_;
    std::deque<given_up> given_up_;
    std::deque<trace_event> events_;
    std::uint32_t round_ = 0;
    time_point round_began_;
    std::optional<time_point> next_round_;  ///< between rounds
    std::uint32_t known_;                   ///< how far this round looks to begin with
    std::uint32_t end_;                     ///< the least TTL that ended the way in this round, or `last_`
    bool ended_ = false;                    ///< something ended the way in this round
    std::uint32_t highest_answered_ = 0;
    std::uint32_t next_told_;
    duration slowest_{};  ///< of all answers, over all rounds
    bool any_answer_ = false;
    bool one_at_a_time_ = false;  ///< quotes are short: see `handle_held`
    bool reached_ = false;
    bool unreachable_ = false;
    bool anything_sent_ = false;
    bool last_round_ = false;
    bool stopped_ = false;
    bool dirty_ = true;
    time_point deadline_;
};

[[nodiscard]] std::unique_ptr<path_strategy> make_path_finder(time_point now, const trace_options& options);

}  // namespace sonde::probe
