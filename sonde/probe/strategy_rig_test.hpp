// A network in a few lines, and a tracer that only carries: for the tests of strategies, under virtual time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <tuple>
#include <vector>

#include <sonde/probe/path_strategy.hpp>

namespace sonde::probe::testing {

inline ip_address router(unsigned number) {
    return ip_address::v4(0x0a000000U + number);
}
inline const ip_address target = ip_address::v4(0xcb007150U);

/// What comes back for a wish; nothing for silence.
using network = std::function<std::optional<probe_result>(const probe_wish&, time_point)>;

inline probe_result answer_of(answer_from kind, const ip_address& from, duration rtt) {
    probe_result r{.fate = probe_fate::answered};
    r.answer = {.kind = kind, .from = from, .rtt = rtt, .from_icmp = true};
    return r;
}

/// Runs a strategy to its end. Checks that each ticket gets one result and that the strategy does not wait for ever.
class strategy_rig {
public:
    strategy_rig(path_strategy& strategy, network net, double rate = 10'000)
        : strategy_(strategy), network_(std::move(net)), gap_(static_cast<duration::rep>(1e9 / rate)) {}

    /// False: more than a million steps, or nothing to do and not done.
    bool run() {
        for (int step = 0; step < 1'000'000; ++step) {
            send();
            while (give_up()) send();
            take_events();
            if (strategy_.done()) return open_.empty();
            if (stop_at && now >= *stop_at) {
                stop_at.reset();
                strategy_.stop(now);
                continue;
            }
            time_point next =
                std::min(strategy_.next_deadline(), arrivals_.empty() ? time_point::max() : arrivals_.top().at);
            if (stop_at) next = std::min(next, *stop_at);
            if (next == time_point::max()) return false;
            now = std::max(now, next);
            deliver();
        }
        return false;
    }

    time_point now{};
    std::optional<time_point> stop_at = {};
    std::vector<trace_event> events;
    std::vector<probe_wish> wishes;
    std::size_t most_out = 0;

    [[nodiscard]] std::size_t sent() const { return wishes.size(); }
    [[nodiscard]] std::shared_ptr<const path_graph> paths() const {
        for (const trace_event& e : events) {
            if (e.kind == trace_event_kind::paths) return e.paths;
        }
        return nullptr;
    }

private:
    struct arrival {
        time_point at;
        std::uint32_t ticket;
        probe_result result;
        bool operator<(const arrival& b) const { return std::tie(at, ticket) > std::tie(b.at, b.ticket); }
    };

    void send() {
        while (const auto wish = strategy_.poll_wish(now)) {
            const auto ticket = static_cast<std::uint32_t>(wishes.size());
            wishes.push_back(*wish);
            open_[ticket] = true;
            most_out = std::max(most_out, open_.size());
            next_send_ = std::max(now, next_send_ + gap_);
            strategy_.handle_sent(probe_ticket{ticket}, next_send_);
            if (auto result = network_(*wish, next_send_)) {
                const duration after = result->fate == probe_fate::answered ? result->answer.rtt : duration{0};
                arrivals_.push({next_send_ + after, ticket, std::move(*result)});
            }
        }
    }

    bool give_up() {
        bool any = false;
        while (const auto given = strategy_.poll_given_up(now)) {
            settle(static_cast<std::uint32_t>(given->ticket),
                   {.fate = given->beyond ? probe_fate::cancelled : probe_fate::timed_out});
            any = true;
        }
        return any;
    }

    void deliver() {
        while (!arrivals_.empty() && arrivals_.top().at <= now) {
            const arrival a = arrivals_.top();
            arrivals_.pop();
            settle(a.ticket, a.result);
        }
    }

    void settle(std::uint32_t ticket, probe_result result) {
        if (open_.erase(ticket) == 0) return;  // late
        result.ttl = wishes[ticket].ttl;
        result.flow = wishes[ticket].flow;
        result.size = wishes[ticket].size;
        result.query = wishes[ticket].query;
        strategy_.handle_result(now, probe_ticket{ticket}, result);
        take_events();
    }

    void take_events() {
        while (auto e = strategy_.poll_event()) events.push_back(std::move(*e));
    }

    path_strategy& strategy_;
    network network_;
    duration gap_;
    time_point next_send_{};
    std::map<std::uint32_t, bool> open_;
    std::priority_queue<arrival> arrivals_;
};

}  // namespace sonde::probe::testing
