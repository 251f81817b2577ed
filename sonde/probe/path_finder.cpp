#include <algorithm>
#include <utility>

#include <sonde/probe/path_finder.hpp>
#include <sonde/probe/patience.hpp>

namespace sonde::probe {

namespace {

using namespace std::chrono_literals;

// A hop is asked again when the answer of a later one has been in for as long again as it took, unless it is given up
// sooner.
constexpr double overdue = 2;
// On an unknown path so many hops are asked at once; the others follow with a gap, or when others near them answered.
// What goes beyond the destination uses up the errors that it is willing to send (Linux: six, then one a
// second).
constexpr std::uint32_t at_once = 10;
constexpr duration gap = 1ms;
// Behind the last hop that answers so many more get all their queries: one of them may have lost the first.
constexpr std::uint32_t tail_hops = 3;
// Where probes are asked one at a time, they wait for each other: not long, where all that came were fast.
constexpr double alone = 3;
constexpr duration alone_at_least = 100ms;

duration times(duration d, double factor) {
    const double result = static_cast<double>(d.count()) * std::max(factor, 0.0);
    return result < static_cast<double>(longest_duration.count()) ? duration{static_cast<duration::rep>(result)}
                                                                  : longest_duration;
}

duration wait_of(duration rtt, double factor) {
    return std::max(patience::least, times(rtt, factor));
}

}  // namespace

bool path_finder::hop::settled() const noexcept {
    return !asks.empty() && std::ranges::all_of(asks, [](const ask& a) { return a.now == phase::over; });
}

path_finder::path_finder(time_point now, const trace_options& options)
    : options_(options),
      first_(std::max<std::uint32_t>(options.first_hop, 1)),
      last_(std::max<std::uint32_t>(options.max_hops, first_)),
      round_began_(now),
      known_(last_),
      end_(last_),
      next_told_(first_),
      deadline_(time_point::max()) {
    options_.queries = std::max<std::uint8_t>(options.queries, 1);
    options_.wait = std::clamp(options.wait, duration::zero(), longest_duration);
    options_.tail = std::clamp(options.tail, duration::zero(), longest_duration);
    options_.round_interval = std::clamp(options.round_interval, duration::zero(), longest_duration);
    hops_.resize(last_ - first_ + 1);
}

path_finder::ask* path_finder::find(probe_ticket ticket) {
    const std::uint32_t index = static_cast<std::uint32_t>(ticket) - ticket_base_;
    if (index >= tickets_.size()) return nullptr;
    return &at(tickets_[index].ttl).asks[tickets_[index].query];
}

// The last TTL that is asked in this round.
std::uint32_t path_finder::horizon() const {
    if (ended_) return end_;
    // The way got longer than it was.
    return highest_answered_ < known_ ? known_ : std::min(last_, highest_answered_ + tail_hops);
}

std::optional<probe_wish> path_finder::poll_wish(time_point now) {
    decide(now);
    while (!wishes_.empty()) {
        const probe_wish wish = wishes_.front();
        wishes_.pop_front();
        tickets_.push_back({wish.ttl, wish.query});
        return wish;
    }
    return std::nullopt;
}

void path_finder::handle_sent(probe_ticket ticket, time_point at) {
    ask* a = find(ticket);
    if (a == nullptr || a->now == phase::over) return;
    a->now = phase::out;
    a->sent_at = at;
    hop& h = this->at(tickets_[static_cast<std::uint32_t>(ticket) - ticket_base_].ttl);
    if (!h.first_sent || a->again) h.first_sent = at;
    dirty_ = true;
}

void path_finder::handle_held(probe_ticket ticket) {
    ask* a = find(ticket);
    if (a == nullptr || a->now != phase::out) return;
    a->now = phase::held;
    a->again = true;
    one_at_a_time_ = true;
    dirty_ = true;
}

void path_finder::handle_result(time_point now, probe_ticket ticket, const probe_result& result) {
    ask* a = find(ticket);
    if (a == nullptr || a->now == phase::over) return;
    const place where = tickets_[static_cast<std::uint32_t>(ticket) - ticket_base_];
    const std::uint32_t ttl = where.ttl;
    const bool left = a->now != phase::waiting || result.fate == probe_fate::send_failed;
    anything_sent_ = anything_sent_ || (left && result.fate != probe_fate::send_failed);
    a->now = phase::over;
    a->result = result;
    dirty_ = true;
    // It went beyond the end, and a router answers: the way is not what it was, and this says nothing about its end.
    const bool passed_the_end =
        a->adopted && result.fate == probe_fate::answered && result.answer.kind == answer_from::hop;
    if (a->adopted && !passed_the_end) {
        a->result.ttl = where.ttl;
        a->result.query = where.query;
    }
    a->told = left && !passed_the_end;
    if (left) {
        events_.push_back({.kind = trace_event_kind::probe,
                           .at = now,
                           .round = round_,
                           .error_number = result.error_number,
                           .result = a->result});
    }
    if (result.fate != probe_fate::answered || passed_the_end) return;

    hop& h = at(ttl);
    h.answered = true;
    h.slowest = std::max(h.slowest, result.answer.rtt);
    any_answer_ = true;
    slowest_ = std::max(slowest_, result.answer.rtt);
    if (ended_ && ttl > end_) return;
    highest_answered_ = std::max(highest_answered_, ttl);
    if (result.answer.kind == answer_from::hop) return;
    (result.answer.kind == answer_from::destination ? reached_ : unreachable_) = true;
    end_ = ttl;
    ended_ = true;
    highest_answered_ = ttl;
    adopt_beyond();
    give_up_beyond();
}

// Of the destination's few errors those that come first are for the next TTLs (Linux: six, then one a second).
void path_finder::adopt_beyond() {
    hop& last = at(end_);
    for (place& where : tickets_) {
        if (last.asks.size() >= options_.queries) return;
        if (where.ttl <= end_) continue;
        ask& beyond = at(where.ttl).asks[where.query];
        if (beyond.now != phase::out || beyond.given_up) continue;
        where = {static_cast<std::uint8_t>(end_), static_cast<std::uint8_t>(last.asks.size())};
        last.asks.push_back(beyond);
        last.asks.back().adopted = true;
        beyond.now = phase::over;
    }
}

void path_finder::give_up_beyond() {
    std::erase_if(wishes_, [this](const probe_wish& w) {
        if (w.ttl <= end_) return false;
        at(w.ttl).asks[w.query].now = phase::over;
        return true;
    });
    for (std::uint32_t index = 0; index < tickets_.size(); ++index) {
        if (tickets_[index].ttl <= end_) continue;
        ask& a = at(tickets_[index].ttl).asks[tickets_[index].query];
        if (a.now == phase::over || std::exchange(a.given_up, true)) continue;
        given_up_.push_back({static_cast<probe_ticket>(ticket_base_ + index), true});
    }
}

std::optional<path_strategy::given_up> path_finder::poll_given_up(time_point now) {
    decide(now);
    if (given_up_.empty()) return std::nullopt;
    const given_up first = given_up_.front();
    given_up_.pop_front();
    return first;
}

time_point path_finder::next_deadline() const {
    if (dirty_ || !wishes_.empty() || !given_up_.empty()) return time_point::min();
    return deadline_;
}

time_point path_finder::deadline_of(const hop& h, const ask& a, const context& c) const {
    time_point limit = a.sent_at + options_.wait;
    if (h.answered) {
        // What it takes itself says more than a later hop: its errors may be slow.
        limit = std::min(limit, a.sent_at + wait_of(h.slowest, options_.here));
    } else if (c.later) {
        const duration near = wait_of(*c.later, options_.near);
        // Of a hop that is silent all end together, also what was sent later: it had half the time.
        limit = std::min({limit, a.sent_at + near, std::max(*h.first_sent + near, a.sent_at + near / 2)});
    } else if (any_answer_) {
        limit = std::min(limit, a.sent_at + std::max(options_.tail, times(slowest_, options_.near)));
    }
    if (one_at_a_time_) {
        limit = std::min(limit, a.sent_at + std::min(options_.tail, std::max(alone_at_least, times(slowest_, alone))));
    }
    return limit;
}

// How many queries a hop is to have got by now; where only time can tell, it wakes at that time.
std::size_t path_finder::queries_wanted(const hop& h, const context& c, time_point now) {
    if (h.asks.empty()) return 1;
    if (h.answered) return std::max<std::size_t>(h.asks.size(), options_.queries);
    if (!h.first_sent || (!c.later && !c.in_tail)) return h.asks.size();
    const std::size_t most = options_.queries + (c.later ? std::size_t{options_.retries} : 0);
    if (h.asks.size() >= most || h.asks.back().now == phase::waiting || h.asks.back().now == phase::held) {
        return h.asks.size();
    }
    const duration rtt = c.later ? *c.later : slowest_;
    const duration near = c.later ? wait_of(rtt, options_.near) : std::max(options_.tail, times(rtt, options_.near));
    if (now >= *h.first_sent + near) return h.asks.size();
    const time_point when =
        h.asks.back().sent_at + std::min(times(near, 0.5), std::max(patience::least / 2, times(rtt, overdue)));
    if (now < when) {
        wake_at(when);
        return h.asks.size();
    }
    return h.asks.size() < options_.queries ? options_.queries : h.asks.size() + 1;
}

// When a hop may be asked first.
time_point path_finder::turn_of(std::uint32_t ttl) const {
    const std::uint32_t free = std::max(first_ + at_once - 1, highest_answered_ + tail_hops);
    return ttl <= free || round_ > 0 ? round_began_ : round_began_ + gap * (ttl - first_ - at_once + 1);
}

void path_finder::ask_hop(std::uint32_t ttl, std::size_t queries) {
    hop& h = at(ttl);
    while (h.asks.size() < queries && h.asks.size() < 255) {
        wishes_.push_back({.ttl = static_cast<std::uint8_t>(ttl),
                           .flow = 0,
                           .size = options_.packet_size,
                           .dont_fragment = options_.dont_fragment,
                           .round = round_,
                           .query = static_cast<std::uint8_t>(h.asks.size())});
        h.asks.emplace_back();
    }
}

void path_finder::decide(time_point now) {
    if (next_round_) {
        if (stopped_ || last_round_ || now < *next_round_) return;
        begin_round(now);
    }
    if (!dirty_ && now < deadline_) return;
    dirty_ = false;
    deadline_ = time_point::max();

    const std::uint32_t horizon = this->horizon();
    contexts_.resize(horizon - first_ + 1);
    std::optional<duration> later;
    for (std::uint32_t ttl = horizon; ttl >= first_; --ttl) {
        contexts_[ttl - first_] = {later, any_answer_ && !later && ttl <= highest_answered_ + tail_hops};
        if (at(ttl).answered) later = at(ttl).slowest;
    }
    for (std::uint32_t ttl = first_; !stopped_ && ttl <= horizon; ++ttl) {
        if (at(ttl).asks.empty() && now < turn_of(ttl)) {
            wake_at(turn_of(ttl));
            break;
        }
        ask_hop(ttl, queries_wanted(at(ttl), contexts_[ttl - first_], now));
    }
    for (std::uint32_t index = 0; index < tickets_.size(); ++index) {
        const place where = tickets_[index];
        if (where.ttl > horizon) continue;
        hop& h = at(where.ttl);
        ask& a = h.asks[where.query];
        if (a.now != phase::out || a.given_up) continue;
        const time_point limit = deadline_of(h, a, contexts_[where.ttl - first_]);
        if (now < limit) {
            wake_at(limit);
            continue;
        }
        a.given_up = true;
        given_up_.push_back({static_cast<probe_ticket>(ticket_base_ + index), false});
    }
    tell_hops(now);
}

void path_finder::tell_hops(time_point now) {
    const std::uint32_t horizon = this->horizon();
    for (; next_told_ <= horizon && at(next_told_).settled(); ++next_told_) {
        trace_event e{.kind = trace_event_kind::hop, .at = now, .round = round_};
        e.hop = {.ttl = static_cast<std::uint8_t>(next_told_), .round = round_};
        for (const ask& a : at(next_told_).asks) {
            if (a.told) e.hop.probes.push_back(a.result);
        }
        events_.push_back(std::move(e));
    }
    if (next_told_ <= horizon) return;
    const auto over = [](const hop& h) { return h.asks.empty() || h.settled(); };
    if (std::ranges::all_of(hops_, over)) finish(now);
}

void path_finder::finish(time_point now) {
    events_.push_back({.kind = trace_event_kind::round, .at = now, .round = round_});
    next_round_ = std::max(now, round_began_ + options_.round_interval);
    deadline_ = *next_round_;
    if (options_.rounds != 0 && round_ + 1 >= options_.rounds) last_round_ = true;
}

void path_finder::begin_round(time_point now) {
    known_ = ended_ ? end_ : std::max(first_, std::min(last_, highest_answered_ + tail_hops));
    ++round_;
    round_began_ = now;
    next_round_.reset();
    ticket_base_ += static_cast<std::uint32_t>(tickets_.size());
    tickets_.clear();
    for (hop& h : hops_) {
        h.asks.clear();
        h.answered = false;
        h.slowest = {};
        h.first_sent.reset();
    }
    end_ = last_;
    ended_ = false;
    highest_answered_ = 0;
    next_told_ = first_;
    dirty_ = true;
}

std::optional<trace_event> path_finder::poll_event() {
    if (events_.empty()) return std::nullopt;
    trace_event e = std::move(events_.front());
    events_.pop_front();
    return e;
}

bool path_finder::done() const {
    if (!given_up_.empty()) return false;
    if (next_round_) return last_round_ || stopped_;
    if (!stopped_) return false;
    const auto waits = [](const hop& h) {
        return std::ranges::any_of(h.asks, [](const ask& a) { return a.now != phase::over; });
    };
    return std::ranges::none_of(hops_, waits);
}

trace_end path_finder::end() const {
    if (reached_) return trace_end::reached;
    if (unreachable_) return trace_end::unreachable;
    return anything_sent_ ? trace_end::silent : trace_end::failed;
}

// Asks that were wished but not taken are as if they had never been.
void path_finder::stop([[maybe_unused]] time_point now) {
    stopped_ = true;
    dirty_ = true;
    for (const probe_wish& wish : wishes_) at(wish.ttl).asks[wish.query].now = phase::over;
    wishes_.clear();
    for (std::uint32_t index = 0; index < tickets_.size(); ++index) {
        ask& a = at(tickets_[index].ttl).asks[tickets_[index].query];
        if (a.now == phase::over || std::exchange(a.given_up, true)) continue;
        given_up_.push_back({static_cast<probe_ticket>(ticket_base_ + index), false});
    }
}

std::unique_ptr<path_strategy> make_path_finder(time_point now, const trace_options& options) {
    return std::make_unique<path_finder>(now, options);
}

}  // namespace sonde::probe
