#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <set>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cli/command.hpp>
#include <cli/family_sockets.hpp>
#include <cli/held_lines.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <cli/signal_watch.hpp>
#include <cli/trace_display.hpp>
#include <cli/trace_session.hpp>
#include <cli/vantage.hpp>
#include <fmt/format.h>

#include <sonde/async/tracer.hpp>
#include <sonde/report/escape.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using probe::trace_event;
using probe::trace_event_kind;

constexpr std::string_view title = "sonde trace";
constexpr duration redraw_every = 250ms;
constexpr duration progress_every = 1s;
// A line waits for its names so long. They are asked for when the first answer is in, before its hop is settled.
constexpr duration name_patience = 1500ms;
constexpr std::size_t write_at = 64 << 10;
// Traces under way; the others wait for their turn.
constexpr std::size_t at_once = 1000;
constexpr int events_at_once = 1000;
constexpr double rate_for_many = 5000;

tracer_options options_for(const trace_settings& s) {
    tracer_options o;
    // Each of the routers that many traces have in common answers a fraction of their probes only.
    o.rate = s.rate.value_or(s.many() ? rate_for_many : o.rate);
    // A short path is asked whole without waiting for its turn; above that, what a timer's tick lets through.
    o.burst =
        static_cast<std::uint32_t>(std::clamp(std::max(std::min(o.rate * 0.064, 64.0), o.rate * 0.002), 1.0, 1024.0));
    return o;
}

/// Single-threaded: everything happens on `io_`.
class trace_session {
public:
    trace_session(trace_settings settings, address_atlas atlas)
        : settings_(std::move(settings)),
          atlas_(std::move(atlas)),
          vantage_(io_, settings_.lab),
          tracer_(vantage_.make_tracer(options_for(settings_))),
          notebook_(name_lookup(), atlas_, [this] { release_soon(); }),
          display_(make_trace_display(settings_, atlas_, notebook_)),
          signals_(io_),
          redraw_(io_),
          patience_(io_) {
        for (const int signal : signals_to_watch()) signals_.add(signal);
    }

    int run();

private:
    /// What the session itself keeps of a target.
    struct course {
        std::optional<sonde::trace> handle;
        held_lines held;
        std::string block;  ///< of many targets' text: written when it is whole
        int last_error = 0;
    };

    [[nodiscard]] address_notebook::name_lookup name_lookup();
    [[nodiscard]] std::optional<failure> open_family(family f);
    void resolve_names();
    void start_waiting();
    [[nodiscard]] result<void> begin(std::size_t place);
    [[nodiscard]] result<void> check(const ip_address& destination) const;
    void refuse(std::size_t place, const failure& why);
    void await_event(std::size_t place);
    void take_events(std::size_t place, trace_event first);
    void on_event(std::size_t place, const trace_event& e);
    void on_done(std::size_t place, const trace_event& e);
    void tell_send_failures(const traced& t, const course& c, const trace_event& e);
    void hold(std::size_t place, trace_piece piece);
    void release_soon();
    void release();
    void wait_for_names();
    void end_if_over();
    void ask_for_end();
    void watch_signals();
    void draw_later();
    [[nodiscard]] bool shows_progress() const;
    void tell_progress_later();
    void flush_soon();
    void flush();
    [[nodiscard]] int report();
    [[nodiscard]] bool in_blocks() const noexcept { return settings_.many() && !settings_.json; }

    asio::io_context io_{1};
    trace_settings settings_;
    address_atlas atlas_;
    vantage vantage_;
    tracer tracer_;
    address_notebook notebook_;
    std::unique_ptr<trace_display> display_;
    asio::signal_set signals_;
    asio::steady_timer redraw_;
    asio::steady_timer patience_;
    std::vector<traced> targets_;  // never grows: pieces refer to them
    std::vector<course> courses_;
    std::array<std::string_view, 2> mechanisms_;  // of IPv4, IPv6
    std::deque<std::size_t> waiting_;             // targets that have an address and no trace yet
    std::set<std::size_t> holding_;               // targets with lines that wait for names
    std::string out_;
    std::size_t unresolved_ = 0;
    std::size_t under_way_ = 0;
    std::size_t over_ = 0;
    bool release_posted_ = false;
    bool flush_posted_ = false;
    bool end_wanted_ = false;
    bool output_closed_ = false;
    bool progress_shown_ = false;
    bool failed_ = false;  // an operation did: exit 2
};

address_notebook::name_lookup trace_session::name_lookup() {
    if (settings_.numeric) return {};
    return [this](const ip_address& address, std::function<void(std::string)> done) {
        vantage_.reverse(address, std::move(done));
    };
}

int trace_session::run() {
    targets_.reserve(settings_.targets.size());
    for (auto& target : settings_.targets) targets_.push_back({.target = &target});
    courses_.resize(targets_.size());
    const auto open = [this](family f) { return open_family(f); };
    if (!open_families(title, settings_.targets, settings_.only, open)) return exit_trouble;
    watch_signals();
    for (std::size_t place = 0; place < targets_.size(); ++place) {
        if (targets_[place].target->address) waiting_.push_back(place);
    }
    resolve_names();
    start_waiting();
    if (display_->redraws()) draw_later();
    if (shows_progress()) tell_progress_later();
    end_if_over();
    io_.run();
    return report();
}

std::optional<failure> trace_session::open_family(family f) {
    const auto& o = settings_.options;
    const bool fits = o.source.is_unspecified() || o.source.family() == f;
    const auto mechanism = tracer_.open(o.method, f, fits ? o.source : ip_address{}, o.interface);
    if (!mechanism) return mechanism.error();
    mechanisms_[f == family::v6] = vantage_.simulated() ? "simulated" : to_string(*mechanism);
    return std::nullopt;
}

void trace_session::resolve_names() {
    for (std::size_t place = 0; place < targets_.size(); ++place) {
        if (targets_[place].target->address) continue;
        ++unresolved_;
        vantage_.resolve(targets_[place].target->label, settings_.only,
                         [this, place](const result<ip_address>& address) {
                             --unresolved_;
                             if (end_wanted_) return end_if_over();
                             if (address) {
                                 targets_[place].target->address = *address;
                                 waiting_.push_back(place);
                             } else {
                                 refuse(place, address.error());
                             }
                             start_waiting();
                             end_if_over();
                         });
    }
}

void trace_session::start_waiting() {
    while (!end_wanted_ && under_way_ < at_once && !waiting_.empty()) {
        const std::size_t place = waiting_.front();
        waiting_.pop_front();
        if (const auto begun = begin(place); !begun) refuse(place, begun.error());
    }
}

// The kernel is asked for a route first, so that a target that has none is told in one line.
result<void> trace_session::check(const ip_address& destination) const {
    const std::string name = destination.to_string();
    // The kernel would send to this machine, whose answers have another address.
    if (destination.is_unspecified()) return failure{name + ": is the address of no host; try 127.0.0.1 or ::1"};
    if (destination.is_multicast()) return failure{name + ": a multicast group has no path of its own"};
    const failure broadcast{name + ": a broadcast has no path of its own"};
    if (destination.is_limited_broadcast()) return broadcast;
    const auto& o = settings_.options;
    const auto source = vantage_.source_for(destination, o.interface, o.source);
    if (source) return {};
    if (source.error().code.value() == EACCES) return broadcast;
    return failure{fmt::format("{}: {}", name, source.error().what)};
}

result<void> trace_session::begin(std::size_t place) {
    traced& t = targets_[place];
    const ip_address destination = *t.target->address;
    if (const auto possible = check(destination); !possible) return possible.error();
    probe::trace_options options = settings_.options;
    options.destination = destination;
    t.record = std::make_shared<probe::trace_record>(options);
    t.begun = true;
    t.mechanism = mechanisms_[destination.family() == family::v6];
    display_->start(in_blocks() ? courses_[place].block : out_, t);
    flush_soon();
    ++under_way_;
    courses_[place].handle.emplace(tracer_.trace(options));
    await_event(place);
    return {};
}

void trace_session::refuse(std::size_t place, const failure& why) {
    traced& t = targets_[place];
    failed_ = true;
    t.refusal = why.what;
    t.ended_at = wall_now();
    print_failure(title, why);
    if (settings_.many()) display_->refused(out_, t);
    t.over = true;
    ++over_;
    flush_soon();
}

void trace_session::await_event(std::size_t place) {
    courses_[place].handle->async_next(
        [this, place](const boost::system::error_code& error, std::optional<trace_event> e) {
            if (!error && e) take_events(place, *std::move(e));
        });
}

void trace_session::take_events(std::size_t place, trace_event first) {
    course& c = courses_[place];
    on_event(place, first);
    // Others have a turn now and then.
    const bool& over = targets_[place].over;
    for (int i = 0; i < events_at_once && !over; ++i) {
        const auto e = c.handle->try_next();
        if (!e) break;
        on_event(place, *e);
    }
    if (!over) return await_event(place);
    c.handle.reset();
    --under_way_;
    start_waiting();
    end_if_over();
}

void trace_session::on_event(std::size_t place, const trace_event& e) {
    traced& t = targets_[place];
    t.record->add(e);
    if (e.kind == trace_event_kind::probe) {
        if (e.result.fate == probe::probe_fate::answered) notebook_.want(e.result.answer.from);
        if (e.result.fate == probe::probe_fate::send_failed) courses_[place].last_error = e.result.error_number;
    }
    if (e.kind == trace_event_kind::done) on_done(place, e);
    if (auto piece = display_->event(t, e, tracer_.wall(e.at))) hold(place, *std::move(piece));
}

void trace_session::on_done(std::size_t place, const trace_event& e) {
    traced& t = targets_[place];
    course& c = courses_[place];
    t.accounting = std::make_shared<const stats::accounting>(c.handle->accounting().value_or(stats::accounting{}));
    t.ended_at = tracer_.wall(e.at);
    t.over = true;
    t.reached = t.record->reached();
    ++over_;
    tell_send_failures(t, c, e);
}

void trace_session::tell_send_failures(const traced& t, const course& c, const trace_event& e) {
    const std::string label = report::escape_text(t.target->label);
    if (e.end == probe::trace_end::failed) {
        failed_ = true;
        const auto refusal = tracer_.refusal(settings_.options.method, t.target->address->family());
        if (refusal) return print_failure(title, *refusal);
        const int number = e.error_number != 0 ? e.error_number : c.last_error;
        return print_error(title, fmt::format("{}: cannot send: {}", label, std::generic_category().message(number)));
    }
    // --mtu tries what this machine refuses.
    if (t.accounting->send_failed == 0 || settings_.options.goal == probe::trace_goal::mtu) return;
    print_error(title, fmt::format("{}: {} of {} probes could not be sent: {}", label, t.accounting->send_failed,
                                   t.accounting->scheduled, std::generic_category().message(c.last_error)));
}

void trace_session::hold(std::size_t place, trace_piece piece) {
    for (const auto& address : piece.needs) notebook_.want(address);
    courses_[place].held.add({.needs = std::move(piece.needs),
                              .write = std::move(piece.write),
                              .until = std::chrono::steady_clock::now() + name_patience});
    holding_.insert(place);
    release_soon();
}

// Once for all that came together.
void trace_session::release_soon() {
    if (release_posted_) return;
    release_posted_ = true;
    asio::post(io_, [this] {
        release_posted_ = false;
        release();
    });
}

void trace_session::release() {
    const time_point now = std::chrono::steady_clock::now();
    const auto settled = [this](const ip_address& a) { return end_wanted_ || notebook_.settled(a); };
    for (auto at = holding_.begin(); at != holding_.end();) {
        course& c = courses_[*at];
        c.held.release(in_blocks() ? c.block : out_, now, settled);
        if (c.held.empty() && targets_[*at].over) {
            out_ += std::exchange(c.block, {});
            // There may be millions of targets.
            if (settings_.many()) targets_[*at].record.reset();
        }
        at = c.held.empty() ? holding_.erase(at) : std::next(at);
    }
    flush_soon();
    wait_for_names();
    end_if_over();
}

void trace_session::wait_for_names() {
    time_point next = time_point::max();
    for (const std::size_t place : holding_) next = std::min(next, courses_[place].held.next());
    if (next == time_point::max()) {
        patience_.cancel();
        return;
    }
    patience_.expires_at(next);
    patience_.async_wait([this](const boost::system::error_code& error) {
        if (!error) release();
    });
}

void trace_session::end_if_over() {
    const bool all_told = under_way_ == 0 && holding_.empty();
    const bool none_left = end_wanted_ || (unresolved_ == 0 && waiting_.empty());
    if (all_told && none_left) io_.stop();
}

// What is under way is cancelled and told; asked a second time it ends at once.
void trace_session::ask_for_end() {
    if (std::exchange(end_wanted_, true)) return io_.stop();
    for (course& c : courses_) {
        if (c.handle) c.handle->cancel();
    }
    release_soon();
}

void trace_session::watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal == SIGQUIT) {
            const std::string text = display_->status(targets_);
            std::fwrite(text.data(), 1, text.size(), stderr);
        } else {
            ask_for_end();
        }
        watch_signals();
    });
}

void trace_session::draw_later() {
    redraw_.expires_after(redraw_every);
    redraw_.async_wait([this](const boost::system::error_code& error) {
        if (error || over_ == targets_.size()) return;
        display_->redraw(out_, targets_);
        flush();
        draw_later();
    });
}

// Long work that prints nothing for a while says on the terminal how far it is.
bool trace_session::shows_progress() const {
    return settings_.many() && !(settings_.json && ::isatty(STDOUT_FILENO) != 0) && ::isatty(STDERR_FILENO) != 0;
}

void trace_session::tell_progress_later() {
    redraw_.expires_after(progress_every);
    redraw_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        fmt::print(stderr, "\r{} of {} targets done, {} under way, {} probes sent\x1b[K", over_, targets_.size(),
                   under_way_, tracer_.accounting().sent);
        progress_shown_ = true;
        tell_progress_later();
    });
}

void trace_session::flush_soon() {
    if (out_.size() >= write_at) return flush();
    if (flush_posted_ || out_.empty()) return;
    flush_posted_ = true;
    asio::post(io_, [this] {
        flush_posted_ = false;
        flush();
    });
}

void trace_session::flush() {
    if (out_.empty()) return;
    if (std::exchange(progress_shown_, false)) fmt::print(stderr, "\r\x1b[K");
    output_closed_ = output_closed_ || !write_out(out_);
    out_.clear();
    if (output_closed_) io_.stop();
}

int trace_session::report() {
    for (const std::size_t place : holding_) {
        courses_[place].held.release_all(in_blocks() ? courses_[place].block : out_);
    }
    for (course& c : courses_) out_ += c.block;
    const bool any = std::ranges::any_of(targets_, &traced::begun);
    if (any || settings_.many()) {
        display_->finish(out_, {.targets = targets_, .accounting = tracer_.accounting(), .time = wall_now()});
    }
    if (!output_closed_) flush();
    if (progress_shown_) fmt::print(stderr, "\r\x1b[K");
    if (failed_) return exit_trouble;
    return std::ranges::all_of(targets_, &traced::reached) ? exit_yes : exit_no;
}

}  // namespace

int run_trace_session(trace_settings settings) {
    address_atlas atlas;
    for (const auto& path : settings.databases) {
        if (const auto opened = atlas.open(path); !opened) {
            print_failure(title, opened.error());
            return exit_trouble;
        }
    }
    if (settings.systems && !atlas.knows_systems()) {
        if (const auto opened = atlas.open_usual(); !opened) {
            print_failure(title, opened.error());
            return exit_trouble;
        }
    }
    return trace_session(std::move(settings), std::move(atlas)).run();
}

}  // namespace sonde::cli
