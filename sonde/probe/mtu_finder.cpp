#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <optional>
#include <vector>

#include <sonde/probe/mtu_finder.hpp>
#include <sonde/probe/path_finder.hpp>
#include <sonde/probe/patience.hpp>

namespace sonde::probe {
namespace {

constexpr std::uint32_t largest_packet = 65'535;
constexpr std::uint32_t none = largest_packet + 1;
constexpr unsigned further_tries = 3;  // at once, when the first packet of a size was not answered
constexpr unsigned most_questions = 64;
// Where packets vanish without a word, most likely one of these is what passes: RFC 1191's table, Ethernet and what
// tunnels, PPP and VLANs leave of it, jumbo frames.
constexpr auto common_sizes =
    std::to_array<std::uint32_t>({68,   296,  508,  576,  1006, 1280, 1320, 1380,   1400,   1420,   1428,  1436, 1440,
                                  1450, 1454, 1460, 1464, 1468, 1472, 1476, 1480,   1488,   1492,   1496,  1500, 1600,
                                  2002, 4352, 4470, 8166, 9000, 9180, 9216, 16'110, 17'914, 32'000, 65'535});

enum class outcome : std::uint8_t { passed, too_big, refused, silent, impossible };

struct search_probe {
    std::uint8_t ttl;
    unsigned attempt;
    unsigned question;
    bool sent = false;
    bool given_up = false;
    time_point sent_at{};
};

class mtu_finder final : public path_strategy {
public:
    mtu_finder(time_point now, const trace_options& options)
        : options_(options), path_(now, path_options(options)), patience_(options) {
        low_ = options.destination.is_v4() ? 68 : 1280;  // what every link carries: RFC 791, RFC 8200
    }

    std::optional<probe_wish> poll_wish(time_point now) override;
    void handle_sent(probe_ticket ticket, time_point at) override;
    void handle_held(probe_ticket ticket) override;
    void handle_result(time_point now, probe_ticket ticket, const probe_result& result) override;
    std::optional<given_up> poll_given_up(time_point now) override;
    time_point next_deadline() const override;
    std::optional<trace_event> poll_event() override;
    bool done() const override {
        if (!events_.empty()) return false;
        return state_ == phase::path ? stopped_ && path_.done() : state_ == phase::over && open_.empty();
    }
    trace_end end() const override { return path_.end(); }
    void stop(time_point now) override;

private:
    enum class phase : std::uint8_t { path, size, place, over };
    /// Why `high_` does not pass.
    enum class reason : std::uint8_t { unknown, refused, named, unnamed, silence };

    static trace_options path_options(trace_options options) {
        options.goal = trace_goal::path;
        options.rounds = 1;
        options.packet_size = 0;
        options.dont_fragment = false;
        return options;
    }

    [[nodiscard]] bool is_path(probe_ticket t) const { return static_cast<std::uint32_t>(t) < path_tickets_; }
    [[nodiscard]] search_probe& own(probe_ticket t) { return probes_[static_cast<std::uint32_t>(t) - path_tickets_]; }
    void learn(const probe_result& result);
    void begin(time_point now);
    [[nodiscard]] std::uint32_t next_size() const;
    void ask_next(time_point now);
    void send(std::uint8_t ttl, unsigned attempt);
    [[nodiscard]] outcome outcome_of(const probe_result& result) const;
    void hear(time_point now, const search_probe& p, const probe_result& result);
    void settle(time_point now, outcome what, const probe_result& result);
    void too_big(const hop_answer& answer);
    void look_for_the_place(time_point now);
    void hear_place(time_point now, const search_probe& p, const probe_result& result);
    void conclude(time_point now);
    [[nodiscard]] time_point deadline_of(const search_probe& p) const {
        return p.sent ? p.sent_at + patience_.wait_for(p.ttl, p.attempt) : time_point::max();
    }

    trace_options options_;
    path_finder path_;
    patience patience_;
    phase state_ = phase::path;
    bool stopped_ = false;
    std::uint32_t path_tickets_ = 0;
    std::array<ip_address, 256> hops_{};  // who answered first
    std::uint8_t last_ = 0;               // the destination's hop, or the last that answered

    std::uint32_t low_;          // passes
    std::uint32_t high_ = none;  // does not
    reason why_ = reason::unknown;
    std::uint32_t named_ = 0;  // the MTU that an error names, below `high_`
    ip_address sayer_ = {};
    std::uint32_t asked_ = 0;  // the size in question
    std::uint32_t largest_sent_ = 0;
    unsigned questions_ = 0;
    unsigned tries_ = 0;                // of the question
    unsigned out_ = 0;                  // probes of it that may still be answered
    std::uint8_t place_ = 0;            // the last hop that a packet of `high_` came to
    std::vector<std::uint8_t> unsure_;  // hops that did not answer to it, yet
    std::vector<mtu_step> steps_;

    std::vector<search_probe> probes_;
    std::vector<std::uint32_t> open_;  // of `probes_`
    std::deque<probe_wish> queue_;
    std::uint8_t queries_ = 0;
    std::deque<trace_event> events_;
};

std::optional<probe_wish> mtu_finder::poll_wish(time_point now) {
    if (state_ == phase::path) {
        if (auto wish = path_.poll_wish(now)) {
            ++path_tickets_;
            return wish;
        }
        while (auto e = path_.poll_event()) events_.push_back(std::move(*e));
        if (!path_.done()) return std::nullopt;
        begin(now);
    }
    if (queue_.empty()) return std::nullopt;
    const probe_wish wish = queue_.front();
    queue_.pop_front();
    return wish;
}

void mtu_finder::handle_sent(probe_ticket ticket, time_point at) {
    if (is_path(ticket)) return path_.handle_sent(ticket, at);
    search_probe& p = own(ticket);
    p.sent = true;
    p.sent_at = at;
}

void mtu_finder::handle_held(probe_ticket ticket) {
    if (is_path(ticket)) return path_.handle_held(ticket);
    own(ticket).sent = false;
}

void mtu_finder::handle_result(time_point now, probe_ticket ticket, const probe_result& result) {
    if (is_path(ticket)) {
        learn(result);
        return path_.handle_result(now, ticket, result);
    }
    const search_probe p = own(ticket);
    if (std::erase(open_, static_cast<std::uint32_t>(ticket) - path_tickets_) == 0) return;
    if (p.sent || result.fate != probe_fate::cancelled) {
        events_.push_back({.kind = trace_event_kind::probe, .at = now, .round = 1, .result = result});
    }
    if (result.fate == probe_fate::answered || result.fate == probe_fate::timed_out) {
        largest_sent_ = std::max<std::uint32_t>(largest_sent_, result.size);
    }
    if (state_ == phase::size) return hear(now, p, result);
    if (state_ == phase::place) return hear_place(now, p, result);
}

void mtu_finder::learn(const probe_result& result) {
    if (result.fate != probe_fate::answered) return;
    patience_.answered(result.ttl, result.answer.rtt);
    if (hops_[result.ttl] == ip_address{}) hops_[result.ttl] = result.answer.from;
}

// The path is known.
void mtu_finder::begin(time_point now) {
    const bool reached = path_.end() == trace_end::reached;
    for (unsigned ttl = 1; ttl < hops_.size(); ++ttl) {
        if (hops_[ttl] == ip_address{}) continue;
        last_ = static_cast<std::uint8_t>(ttl);
        if (reached && hops_[ttl].same_octets(options_.destination)) break;
    }
    if (last_ == 0 || stopped_) {
        state_ = phase::over;
        return;
    }
    state_ = phase::size;
    ask_next(now);
}

// Asking about sizes.

std::uint32_t mtu_finder::next_size() const {
    if (high_ == none) {
        if (options_.packet_size > 0) return largest_sent_ == 0 ? options_.packet_size : 0U;
        for (const std::uint32_t size : {1500U, 9000U, largest_packet}) {
            if (size > low_) return size;
        }
        return 0;
    }
    if (named_ != 0) return named_ > low_ ? named_ : 0U;
    if (high_ - low_ < 2) return 0;
    const auto first = std::upper_bound(common_sizes.begin(), common_sizes.end(), low_);
    const auto behind = std::lower_bound(first, common_sizes.end(), high_);
    if (first != behind) return first[(behind - first) / 2];
    // Between two common sizes: it is the lower one, or any.
    if (std::binary_search(common_sizes.begin(), common_sizes.end(), low_) && high_ - low_ > 2) return low_ + 1;
    return low_ + (high_ - low_) / 2;
}

void mtu_finder::ask_next(time_point now) {
    asked_ = questions_++ < most_questions ? next_size() : 0;
    if (asked_ == 0) return look_for_the_place(now);
    tries_ = 1;
    out_ = 1;
    send(last_, 0);
}

void mtu_finder::send(std::uint8_t ttl, unsigned attempt) {
    open_.push_back(static_cast<std::uint32_t>(probes_.size()));
    probes_.push_back({.ttl = ttl, .attempt = attempt, .question = questions_});
    queue_.push_back(
        {.ttl = ttl, .size = static_cast<std::uint16_t>(asked_), .dont_fragment = true, .round = 1, .query = queries_});
    if (queries_ < 255) ++queries_;
}

outcome mtu_finder::outcome_of(const probe_result& result) const {
    switch (result.fate) {
        case probe_fate::send_failed:
            return result.error_number == EMSGSIZE ? outcome::refused : outcome::impossible;
        case probe_fate::answered:
            break;
        case probe_fate::timed_out:
        case probe_fate::cancelled:
            return outcome::silent;
    }
    const hop_answer& a = result.answer;
    const bool fits = !a.from_icmp || (options_.destination.is_v4() ? a.type != 3 || a.code != 4 : a.type != 2);
    return fits ? outcome::passed : outcome::too_big;
}

void mtu_finder::hear(time_point now, const search_probe& p, const probe_result& result) {
    if (p.question != questions_) return;  // the answer to it came already
    if (result.size != asked_ && result.fate == probe_fate::answered && result.size != 0) {
        low_ = std::max<std::uint32_t>(low_, result.size);  // probes of this kind have a size of their own
        return conclude(now);
    }
    --out_;
    const outcome what = outcome_of(result);
    if (what == outcome::silent) {
        if (out_ > 0) return;
        if (tries_ == 1) {
            for (unsigned i = 0; i < further_tries; ++i) send(p.ttl, 1);
            out_ = further_tries;
            tries_ += further_tries;
            return;
        }
    }
    settle(now, what, result);
}

void mtu_finder::settle(time_point now, outcome what, const probe_result& result) {
    switch (what) {
        case outcome::impossible:
            return conclude(now);
        case outcome::passed:
            low_ = std::max(low_, asked_);
            if (named_ == asked_) return look_for_the_place(now);
            break;
        case outcome::too_big:
            too_big(result.answer);
            break;
        case outcome::refused:
        case outcome::silent:
            high_ = asked_;
            named_ = 0;
            why_ = what == outcome::refused ? reason::refused : reason::silence;
            break;
    }
    ask_next(now);
}

// An MTU is believed that is smaller than what was sent, not smaller than what passed already, and one that a link may
// have (RFC 1191 section 7.1, RFC 8201 section 4): others are mistakes, or forged.
void mtu_finder::too_big(const hop_answer& answer) {
    high_ = asked_;
    sayer_ = answer.from;
    named_ = answer.info < high_ && answer.info >= low_ ? answer.info : 0;
    why_ = named_ != 0 ? reason::named : reason::unnamed;
    if (named_ == 0) return;
    const auto known = std::find(hops_.begin(), hops_.end(), sayer_);
    steps_.push_back({.ttl = known == hops_.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(known - hops_.begin()),
                      .from = sayer_,
                      .mtu = named_});
}

// Asking where: a packet that is too large comes to the hop behind which it is, and expires there as any other.

void mtu_finder::look_for_the_place(time_point now) {
    const bool unplaced = std::any_of(steps_.begin(), steps_.end(), [](const mtu_step& s) { return s.ttl == 0; });
    const bool wanted = why_ == reason::silence || why_ == reason::unnamed || unplaced;
    if (high_ == none || !wanted || state_ == phase::place) return conclude(now);
    state_ = phase::place;
    asked_ = high_;
    for (unsigned ttl = 1; ttl < last_; ++ttl) {
        if (hops_[ttl] != ip_address{}) unsure_.push_back(static_cast<std::uint8_t>(ttl));
    }
    tries_ = 1;
    for (const std::uint8_t ttl : unsure_) send(ttl, 0);
    if (unsure_.empty()) conclude(now);
}

void mtu_finder::hear_place(time_point now, const search_probe& p, const probe_result& result) {
    if (result.fate == probe_fate::answered) {
        std::erase(unsure_, p.ttl);
        if (outcome_of(result) == outcome::passed) place_ = std::max(place_, p.ttl);
    }
    std::erase_if(unsure_, [&](std::uint8_t ttl) { return ttl <= place_; });
    if (!open_.empty()) return;
    if (unsure_.empty() || tries_ > 1) return conclude(now);
    ++tries_;
    for (const std::uint8_t ttl : unsure_) {
        for (unsigned i = 0; i < further_tries; ++i) send(ttl, 1);
    }
}

void mtu_finder::conclude(time_point now) {
    if (state_ == phase::over) return;
    if (why_ == reason::silence || why_ == reason::unnamed) {
        const bool said = why_ == reason::unnamed;
        const auto known = std::find(hops_.begin(), hops_.end(), sayer_);
        const bool on_path = said && known != hops_.end();
        steps_.push_back({.ttl = on_path ? static_cast<std::uint8_t>(known - hops_.begin()) : place_,
                          .from = said ? sayer_ : ip_address{},
                          .mtu = low_});
    }
    state_ = phase::over;
    queue_.clear();
    const std::uint32_t sent = std::max(largest_sent_, std::min<std::uint32_t>(low_, largest_packet));
    events_.push_back({.kind = trace_event_kind::mtu, .at = now, .round = 1, .mtu = {.mtu = sent}});
    for (mtu_step& s : steps_) {
        if (s.ttl == 0) s.ttl = place_;
        events_.push_back({.kind = trace_event_kind::mtu, .at = now, .round = 1, .mtu = s});
    }
}

// Waiting.

std::optional<path_strategy::given_up> mtu_finder::poll_given_up(time_point now) {
    if (state_ == phase::path) return path_.poll_given_up(now);
    for (const std::uint32_t index : open_) {
        search_probe& p = probes_[index];
        if (p.given_up || (state_ != phase::over && now < deadline_of(p))) continue;
        p.given_up = true;
        return given_up{probe_ticket{index + path_tickets_}, state_ == phase::over};
    }
    return std::nullopt;
}

time_point mtu_finder::next_deadline() const {
    if (state_ == phase::path) return path_.next_deadline();
    time_point next = time_point::max();
    for (const std::uint32_t index : open_) {
        if (!probes_[index].given_up && state_ == phase::over) return time_point::min();
        if (!probes_[index].given_up) next = std::min(next, deadline_of(probes_[index]));
    }
    return next;
}

std::optional<trace_event> mtu_finder::poll_event() {
    if (state_ == phase::path) {
        if (auto e = path_.poll_event()) return e;
    }
    if (events_.empty()) return std::nullopt;
    trace_event e = std::move(events_.front());
    events_.pop_front();
    return e;
}

void mtu_finder::stop(time_point now) {
    stopped_ = true;
    if (state_ == phase::path) {
        path_.stop(now);
        return;
    }
    conclude(now);
}

}  // namespace

std::unique_ptr<path_strategy> make_mtu_finder(time_point now, const trace_options& options) {
    return std::make_unique<mtu_finder>(now, options);
}

}  // namespace sonde::probe
