#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <unistd.h>
#include <unordered_map>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cli/command.hpp>
#include <cli/family_sockets.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <cli/ping_display.hpp>
#include <cli/ping_session.hpp>
#include <cli/signal_watch.hpp>
#include <cli/vantage.hpp>
#include <fmt/format.h>

#include <sonde/async/listener.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/socket/icmp_counters.hpp>
#include <sonde/wire/icmp_names.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using probe::event_kind;

constexpr std::string_view title = "sonde ping";
constexpr duration redraw_every = 250ms;
constexpr duration redraw_each = 1us;  // more for each target, whose counts are read
constexpr duration progress_every = 1s;
constexpr std::uint64_t notices_at_once = 64;
constexpr std::uint64_t notices_per_ping = 4;
constexpr std::size_t names_remembered = 4096;
constexpr std::size_t write_at = 64 << 10;
constexpr double default_rate_for_many = 25'000;
// Targets begin this far apart at the most, so that ten of them do not take a second to get going.
constexpr duration widest_stagger = 1ms;

listener_options options_for(const ping_settings& s, std::function<void(const probe::event&)> observer) {
    listener_options o;
    o.rate = s.rate.value_or(s.many() ? default_rate_for_many : 0);
    o.burst = static_cast<std::uint32_t>(std::clamp(o.rate * 0.002, 1.0, 1024.0));
    o.announce_sends = s.outstanding || (s.flood && !s.many());
    o.socket.mark = s.mark;
    o.socket.broadcast = s.profile.broadcast;
    o.socket.source = s.profile.source;
    o.observer = std::move(observer);
    return o;
}

void tell_mechanism(family f, socket::icmp_socket_kind kind) {
    const bool datagram = kind == socket::icmp_socket_kind::datagram;
    print_error(
        title, fmt::format("IPv{} goes through {}", static_cast<int>(f),
                           datagram ? "an ICMP datagram socket" : "a raw socket: ICMP datagram sockets are forbidden"));
}

/// Single-threaded: everything happens on `io_`.
class ping_session {
public:
    explicit ping_session(ping_settings settings)
        : settings_(std::move(settings)),
          display_(make_ping_display(settings_)),
          vantage_(io_, settings_.lab),
          listener_(vantage_.make_listener(options_for(settings_, [this](const probe::event& e) { on_event(e); }))),
          signals_(io_),
          deadline_(vantage_.time()->make_alarm(io_.get_executor())),
          redraw_(io_) {
        for (const int signal : signals_to_watch()) signals_.add(signal);
    }

    int run();

private:
    [[nodiscard]] std::optional<failure> open_family(family f);
    void resolve_names();
    void on_resolved(std::size_t place, const result<ip_address>& address);
    [[nodiscard]] bool start(std::size_t place);
    [[nodiscard]] bool check_route(const pinged& p);
    void on_event(const probe::event& e);
    void on_sent(pinged& p, const probe::event& e);
    void count(pinged& p, const probe::event& e);
    static void note(pinged& p, const probe::event& e);
    [[nodiscard]] bool worth_showing(pinged& p, const probe::event& e);
    void show(const pinged& p, const probe::event& e);
    [[nodiscard]] std::string_view name_of(const ip_address& address, const pinged& p);
    [[nodiscard]] bool until_reached() const;
    void end_if_over();
    void end();
    void watch_signals();
    void draw_later();
    [[nodiscard]] bool shows_progress() const;
    void tell_progress_later();
    void flush_soon();
    void flush();
    [[nodiscard]] bool write(std::string_view text);
    void refresh_progress();
    [[nodiscard]] int report();
    [[nodiscard]] int verdict();
    [[nodiscard]] bool single() const noexcept { return !settings_.many(); }
    // With -w, -c counts answers: the listener is told no end.
    [[nodiscard]] std::uint32_t sends_per_target() const noexcept { return settings_.deadline ? 0 : settings_.count; }

    asio::io_context io_{1};
    ping_settings settings_;
    std::unique_ptr<ping_display> display_;
    vantage vantage_;
    std::optional<listener> listener_;
    asio::signal_set signals_;
    std::unique_ptr<async::alarm> deadline_;
    asio::steady_timer redraw_;
    std::vector<pinged> targets_;
    std::vector<std::uint32_t> place_of_;  // by the listener's number
    std::unordered_map<ip_address, std::string> reverse_;
    std::string out_;
    std::size_t unresolved_ = 0;  // names still being looked up
    std::uint64_t outcomes_wanted_ = 0;
    std::uint64_t outcomes_ = 0;
    std::size_t states_reached_ = 0;  // targets in the state of --until
    std::size_t complete_ = 0;        // targets with as many answers as -c wants, when -w is given
    std::size_t failed_names_ = 0;
    std::uint64_t notices_hidden_ = 0;
    std::uint64_t checksum_errors_ = socket::icmp_checksum_errors();
    std::uint32_t most_in_flight_ = 0;
    time_point first_send_{};
    time_point last_event_{};
    bool flush_posted_ = false;
    bool ended_ = false;
    bool output_closed_ = false;
    bool progress_shown_ = false;
    bool failed_ = false;  // an operation did: exit 2
};

int ping_session::run() {
    targets_.reserve(settings_.targets.size());
    for (auto& target : settings_.targets) {
        targets_.emplace_back().target = &target;
    }
    const auto open = [this](family f) { return open_family(f); };
    if (!open_families(title, settings_.targets, settings_.only, open)) return exit_trouble;
    watch_signals();
    if (settings_.deadline) {
        deadline_->set(vantage_.time()->now() + *settings_.deadline, [this] { end(); });
    }
    if (!single()) {
        display_->start(out_, targets_.front(), {});
        flush_soon();
    }
    for (std::size_t place = 0; place < targets_.size(); ++place) {
        if (targets_[place].target->address && !start(place)) return exit_trouble;
    }
    resolve_names();
    if (display_->redraws()) draw_later();
    if (shows_progress()) tell_progress_later();
    end_if_over();
    io_.run();
    return report();
}

std::optional<failure> ping_session::open_family(family f) {
    const auto kind = listener_->open(f);
    if (!kind) return kind.error();
    if (settings_.verbose && !vantage_.simulated()) tell_mechanism(f, *kind);
    return std::nullopt;
}

void ping_session::resolve_names() {
    for (std::size_t place = 0; place < targets_.size(); ++place) {
        if (targets_[place].target->address) continue;
        ++unresolved_;
        vantage_.resolve(targets_[place].target->label, settings_.only,
                         [this, place](const result<ip_address>& address) { on_resolved(place, address); });
    }
}

void ping_session::on_resolved(std::size_t place, const result<ip_address>& address) {
    --unresolved_;
    if (ended_) return;
    if (address) {
        targets_[place].target->address = *address;
        targets_[place].named = true;
        if (!start(place)) end();
    } else {
        failed_ = true;
        ++failed_names_;
        targets_[place].note = std::make_unique<std::string>("not resolved");
        print_failure(title, address.error());
    }
    end_if_over();
}

// The kernel is asked for a route first, so that a lone target that cannot be reached is told in one line.
bool ping_session::check_route(const pinged& p) {
    const auto source = vantage_.source_for(*p.target->address, settings_.profile.interface, settings_.profile.source);
    if (source) {
        display_->start(out_, p, *source);
        flush_soon();
        return true;
    }
    if (source.error().code.value() == EACCES) {
        if (settings_.profile.broadcast) {
            display_->start(out_, p, settings_.profile.source);
            return true;
        }
        print_error(title, fmt::format("{}: this is a broadcast address; -b pings it", p.target->address->to_string()));
    } else {
        print_error(title, fmt::format("{}: {}", p.target->address->to_string(), source.error().what));
    }
    failed_ = true;
    return false;
}

bool ping_session::start(std::size_t place) {
    pinged& p = targets_[place];
    if (single() && !check_route(p)) return false;
    const duration interval = settings_.send_interval();
    const duration stagger = std::min(widest_stagger, interval / static_cast<duration::rep>(targets_.size()));
    const auto listeners_number = static_cast<duration::rep>(place_of_.size());
    if (settings_.count > 0) p.tally.rtt.reserve(settings_.count);
    if (first_send_ == time_point{}) first_send_ = vantage_.time()->now();
    p.index = listener_->add_target({.destination = *p.target->address,
                                     .timeout = settings_.reply_timeout(),
                                     .interval = interval,
                                     .first_after = stagger * listeners_number,
                                     .count = sends_per_target(),
                                     .eager = settings_.eager_gap(),
                                     .profile = settings_.profile});
    place_of_.push_back(static_cast<std::uint32_t>(place));
    outcomes_wanted_ += settings_.count;
    return true;
}

void ping_session::on_event(const probe::event& e) {
    // Events that came together with the one that ended the run are counted too, or the sums would not hold.
    // Those of the listener's end are not: what is in flight then was pending.
    if (!e.series || e.kind == event_kind::closed) return;
    last_event_ = e.at;
    pinged& p = targets_[place_of_[probe::series_target(e.id)]];
    if (e.kind == event_kind::sent) return on_sent(p, e);
    count(p, e);
    if (!single()) note(p, e);
    if (worth_showing(p, e)) show(p, e);
    if (e.corrupt || e.kind == event_kind::damaged) p.tally.on_corrupt();
    if (!probe::is_outcome(e.kind)) return;

    if (single()) most_in_flight_ = std::max(most_in_flight_, listener_->progress(p.index).pending + 1);
    ++outcomes_;
    if (settings_.deadline && settings_.count > 0 && p.tally.received + p.tally.errors >= settings_.count) {
        listener_->stop_target(p.index);
    }
    if (until_reached()) end();
    end_if_over();
}

void ping_session::on_sent(pinged& p, const probe::event& e) {
    display_->sent(out_);
    if (settings_.outstanding && !p.last_settled) {
        probe::event late;
        late.kind = event_kind::timed_out;
        late.series = true;
        late.id = probe::series_id(p.index, p.last_sent);
        late.target = e.target;
        display_->outstanding(out_, {.target = p.view(), .event = late, .time = listener_->wall(e.at)});
    }
    p.last_sent = probe::series_ordinal(e.id);
    p.last_settled = false;
    flush_soon();
}

void ping_session::count(pinged& p, const probe::event& e) {
    switch (e.kind) {
        case event_kind::reply:
            p.tally.on_reply(e.rtt);
            break;
        case event_kind::icmp_error:
            p.tally.on_error();
            break;
        case event_kind::send_failed:
        case event_kind::local_drop:
            p.tally.on_send_failed();
            break;
        case event_kind::duplicate:
            p.tally.on_duplicate();
            break;
        case event_kind::late:
            p.tally.on_late();
            break;
        default:
            break;
    }
    if (!probe::is_outcome(e.kind)) return;
    const std::uint32_t number = probe::series_ordinal(e.id);
    const bool told = e.kind == event_kind::reply || e.kind == event_kind::icmp_error;
    if (told && p.tally.received + p.tally.errors == settings_.count) ++complete_;
    if (number > p.decided) {
        // An older ping's fate says nothing about now.
        const bool wanted = settings_.until == stop_when::up;
        const bool was_there = p.decided > 0 && p.up == wanted;
        p.up = e.kind == event_kind::reply;
        p.decided = number;
        const bool is_there = p.up == wanted;
        if (is_there && !was_there) ++states_reached_;
        if (!is_there && was_there) --states_reached_;
    }
    if (number == p.last_sent) {
        p.last_settled = e.kind != event_kind::timed_out || settings_.outstanding == false;
    }
}

// What the table says behind a target's numbers: silence needs no words, trouble does.
void ping_session::note(pinged& p, const probe::event& e) {
    if (e.kind == event_kind::icmp_error) {
        p.note = std::make_unique<std::string>(fmt::format(
            "{} x {} (from {})", p.tally.errors,
            wire::icmp_error_text(e.target.family(), e.icmp_type, e.icmp_code, e.info), e.from.to_string()));
    } else if (e.kind == event_kind::send_failed || e.kind == event_kind::local_drop) {
        p.note = std::make_unique<std::string>(
            fmt::format("{} x not sent: {}", p.tally.send_failed, std::generic_category().message(e.error_number)));
    }
}

// One outcome per ping is shown always. What else comes in is up to others, so it has a bound: a few at once, and a few
// more for each ping.
bool ping_session::worth_showing(pinged& p, const probe::event& e) {
    if (probe::is_outcome(e.kind) || p.notices < notices_at_once + notices_per_ping * p.decided) {
        p.notices += probe::is_outcome(e.kind) ? 0U : 1U;
        return true;
    }
    ++notices_hidden_;
    return false;
}

void ping_session::show(const pinged& p, const probe::event& e) {
    display_->event(out_, {.target = p.view(),
                           .event = e,
                           .time = listener_->wall(e.at),
                           .from_name = single() ? name_of(e.from, p) : std::string_view{}});
    flush_soon();
}

// The name that goes before an address: looked up while probes go on, shown from when it is there.
std::string_view ping_session::name_of(const ip_address& address, const pinged& p) {
    if (settings_.numeric || settings_.json || (!p.named && !vantage_.simulated()) || address.is_unspecified())
        return {};
    if (reverse_.size() >= names_remembered && !reverse_.contains(address)) return {};
    const auto [known, fresh] = reverse_.try_emplace(address);
    if (fresh) {
        vantage_.reverse(address, [this, address](std::string name) { reverse_[address] = std::move(name); });
    }
    if (!known->second.empty()) return known->second;
    return address.same_octets(*p.target->address) ? std::string_view(p.target->label) : std::string_view{};
}

bool ping_session::until_reached() const {
    return settings_.until != stop_when::never && failed_names_ < targets_.size() &&
           states_reached_ + failed_names_ == targets_.size();
}

void ping_session::end_if_over() {
    if (unresolved_ > 0) return;
    if (place_of_.empty()) return end();
    if (settings_.count == 0) return;
    if (!settings_.deadline) {
        if (outcomes_ >= outcomes_wanted_) end();
        return;
    }
    if (complete_ + failed_names_ >= targets_.size()) end();
}

void ping_session::end() {
    if (ended_) return;
    ended_ = true;
    io_.stop();
}

void ping_session::watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal != SIGQUIT) return end();
        refresh_progress();
        const std::string text = display_->status(targets_);
        std::fwrite(text.data(), 1, text.size(), stderr);
        watch_signals();
    });
}

void ping_session::draw_later() {
    redraw_.expires_after(redraw_every + redraw_each * static_cast<duration::rep>(targets_.size()));
    redraw_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        refresh_progress();
        display_->redraw(out_, targets_);
        flush();
        draw_later();
    });
}

// Long work that prints nothing for a while says on the terminal how far it is.
bool ping_session::shows_progress() const {
    const bool silent = settings_.quiet || ::isatty(STDOUT_FILENO) == 0;
    return !single() && silent && !display_->redraws() && ::isatty(STDERR_FILENO) != 0;
}

void ping_session::tell_progress_later() {
    redraw_.expires_after(progress_every);
    redraw_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        const stats::accounting counts = listener_->accounting();
        fmt::print(stderr, "\r{} sent, {} answered, {} pending\x1b[K", counts.sent, counts.replied, counts.pending);
        progress_shown_ = true;
        tell_progress_later();
    });
}

void ping_session::flush_soon() {
    if (out_.size() >= write_at) return flush();
    if (flush_posted_ || out_.empty()) return;
    flush_posted_ = true;
    asio::post(io_, [this] {
        flush_posted_ = false;
        flush();
    });
}

void ping_session::flush() {
    if (!out_.empty() && !write(out_)) end();
    out_.clear();
}

bool ping_session::write(std::string_view text) {
    output_closed_ = output_closed_ || !write_out(text);
    return !output_closed_;
}

void ping_session::refresh_progress() {
    for (pinged& p : targets_) {
        if (p.index == pinged::not_started) continue;
        const auto progress = listener_->progress(p.index);
        p.tally.sent = progress.sent;
        p.tally.pending = progress.pending;
    }
}

int ping_session::report() {
    refresh_progress();
    const stats::accounting accounting = listener_->accounting();
    const time_point now = vantage_.time()->now();
    const time_point last = last_event_ == time_point{} ? now : last_event_;
    const wall_time ended_at = vantage_.simulated() ? listener_->wall(now) : wall_now();
    flush();
    if (progress_shown_) fmt::print(stderr, "\r\x1b[K");
    listener_.reset();
    if (place_of_.empty() && single()) return exit_trouble;
    if (!output_closed_) {
        display_->finish({.targets = targets_,
                          .accounting = accounting,
                          .elapsed = std::max(duration::zero(), last - first_send_),
                          .most_in_flight = most_in_flight_,
                          .notices_hidden = notices_hidden_,
                          .checksum_errors = socket::icmp_checksum_errors() - checksum_errors_,
                          .time = ended_at},
                         [this](std::string_view text) { return write(text); });
    }
    return verdict();
}

int ping_session::verdict() {
    if (settings_.until != stop_when::never && !failed_) return until_reached() ? exit_yes : exit_no;
    bool all_answered = true;
    bool none_left = true;  // of the pings: every send failed
    for (const pinged& p : targets_) {
        const std::uint64_t needed = settings_.deadline && settings_.count > 0 ? settings_.count : 1;
        all_answered = all_answered && p.tally.received >= needed;
        none_left = none_left && p.tally.sent == 0 && p.tally.send_failed > 0;
        for (const auto& condition : settings_.fail_if) {
            if (!condition.violated(p.tally)) continue;
            all_answered = false;
            print_error(title,
                        fmt::format("{}: failed, because {}", report::escape_text(p.target->label), condition.text()));
        }
    }
    if (failed_ || none_left) return exit_trouble;
    return all_answered ? exit_yes : exit_no;
}

}  // namespace

int run_ping_session(ping_settings settings) {
    return ping_session(std::move(settings)).run();
}

}  // namespace sonde::cli
