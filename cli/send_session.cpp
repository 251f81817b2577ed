#include <algorithm>
#include <chrono>
#include <cstdio>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <cli/command.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <cli/send_door.hpp>
#include <cli/send_input.hpp>
#include <cli/send_outstanding.hpp>
#include <cli/send_report.hpp>
#include <cli/send_session.hpp>
#include <cli/send_watch.hpp>
#include <cli/signal_watch.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
using packet_pointer = std::shared_ptr<const prepared_packet>;

constexpr std::string_view title = "sonde send";
constexpr std::size_t most_outstanding = 65'536;
constexpr std::size_t most_reasons = 10;  // why packets could not be sent, each said when it comes first
constexpr std::size_t packets_per_turn = 64;
constexpr std::size_t frames_per_turn = 256;
constexpr std::size_t write_at = 64 << 10;
constexpr duration caught_within = 500ms;  // what leaves is seen before the call returns, but for queues
constexpr duration room_within = 10ms;

time_point now() {
    return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now());
}

/// Why packets could not be sent.
struct reason {
    std::string what;
    std::uint64_t packets = 0;
};

/// Single-threaded.
class send_session {
public:
    explicit send_session(const send_settings& settings)
        : settings_(settings),
          preparer_(settings, {.shape = settings.explain || settings.json, .asked = settings.wait.has_value()}),
          report_(settings, output_takes_colour()) {}

    int run();

private:
    [[nodiscard]] bool open(const prepared_packet& first);
    [[nodiscard]] bool fetch();
    [[nodiscard]] int run_dry();
    void tell_notes();
    void send_due();
    void sent(const packet_pointer& packet, std::size_t times);
    void failed(const failure& why);
    void tell_reasons();
    void drain();
    void take(const watched_frame& frame);
    [[nodiscard]] bool take_departure(const watched_frame& frame);
    [[nodiscard]] bool take_answer(const watched_frame& frame);
    void tell(outstanding& one, bytes_view left, std::string not_caught);
    void give_up_catching();
    [[nodiscard]] bool waiting() const;
    [[nodiscard]] std::optional<duration> longest_wait() const;
    void flush();
    [[nodiscard]] int conclude();
    [[nodiscard]] bool watches_departures() const noexcept { return watch_ && (settings_.explain || settings_.wait); }

    const send_settings& settings_;
    packet_preparer preparer_;
    send_report report_;
    std::optional<send_input> input_;
    std::optional<send_door> door_;
    std::optional<send_watch> watch_;
    std::string no_watch_;  // why there is none
    std::size_t notes_told_ = 0;

    packet_pointer current_;
    std::uint64_t rounds_left_ = 1;
    bool endless_ = false;
    bool more_ = true;
    bool several_may_answer_ = false;  // a lone host answers once
    bool full_ = false;
    time_point due_{};
    time_point last_sent_{};
    std::uint64_t number_ = 0;
    outstanding_packets outstanding_;
    std::uint64_t untold_ = 0;  // of them
    send_accounting counts_;
    std::string out_;
    std::vector<reason> reasons_;
    std::uint64_t other_reasons_ = 0;
    bool trouble_ = false;
    bool interrupted_ = false;
    bool output_closed_ = false;
};

int send_session::run() {
    auto input = send_input::open(settings_, preparer_);
    if (!input) {
        print_failure(title, input.error());
        return exit_trouble;
    }
    input_ = *std::move(input);
    endless_ = settings_.count == 0;
    rounds_left_ = settings_.count;
    more_ = fetch();
    tell_notes();
    if (!more_) {
        if (!trouble_) print_error(title, "there is no packet that could be sent");
        return exit_trouble;
    }
    if (settings_.dry_run) return run_dry();
    if (!open(*current_)) return exit_trouble;
    signal_watch signals;
    due_ = now();
    while ((more_ || waiting()) && !interrupted_ && !output_closed_) {
        send_due();
        drain();
        flush();
        if (!more_ && !waiting()) break;  // on loopback the answer is there at once
        std::array<pollfd, 2> what{};
        what[0] = {.fd = watch_ ? watch_->fd() : -1, .events = POLLIN, .revents = 0};
        what[1] = {.fd = full_ ? door_->fd() : -1, .events = POLLOUT, .revents = 0};
        signals.wait(what, longest_wait());
        full_ = false;
        interrupted_ = signals.end_wanted();
        if (signals.take_status_wanted()) {
            std::string line;
            report_.summary(line, counts_, wall_now());
            print_error(title, line.substr(0, line.find('\n')));
        }
    }
    drain();
    return conclude();
}

// Every socket that the run needs; from then on the process has no privilege.
bool send_session::open(const prepared_packet& first) {
    const bool both = !input_->is_single();
    auto opened = send_door::open(first, both);
    if (!opened) {
        print_failure(title, opened.error());
        return false;
    }
    door_ = *std::move(opened);
    if (settings_.explain || settings_.wait) {
        auto watch = send_watch::open(first, both);
        if (watch) {
            watch_ = *std::move(watch);
        } else if (settings_.wait) {
            print_failure(title, watch.error());
            return false;
        } else {
            no_watch_ = report::escape_text(watch.error().what);
        }
    }
    if (const auto dropped = socket::drop_all_capabilities(); !dropped) {
        print_failure(title, dropped.error());
        return false;
    }
    return true;
}

// The next packet into `current_`; false when there is none.
bool send_session::fetch() {
    for (bool again = false;; again = true) {
        auto packet = input_->next();
        counts_.skipped = input_->skipped();
        if (!packet) {
            print_failure(title, packet.error());
            trouble_ = true;
            return false;
        }
        if (*packet) {
            current_ = *std::move(packet);
            return true;
        }
        // The end of a round; one without any packet is the last.
        if (again || (!endless_ && --rounds_left_ == 0)) return false;
        if (auto done = input_->rewind(); !done) {
            print_failure(title, done.error());
            trouble_ = true;
            return false;
        }
    }
}

int send_session::run_dry() {
    const bool single = input_->is_single();
    do {
        ++number_;
        counts_.bytes += current_->written.size();
        if (report_.tells_packets()) {
            report_.sent(
                out_, {.number = number_, .packet = *current_, .not_caught = "nothing was sent", .time = wall_now()});
        }
        flush();
    } while (!single && !output_closed_ && fetch());
    if (!report_.tells_packets()) {
        out_ += fmt::format("{} packet{}, {} byte{}: built, not sent\n", number_, number_ == 1 ? "" : "s",
                            counts_.bytes, counts_.bytes == 1 ? "" : "s");
    }
    if (settings_.json) report_.summary(out_, counts_, wall_now());
    flush();
    return trouble_ ? exit_trouble : exit_yes;
}

void send_session::tell_notes() {
    for (; notes_told_ < preparer_.notes().size(); ++notes_told_) print_error(title, preparer_.notes()[notes_told_]);
}

void send_session::send_due() {
    const duration gap = settings_.gap();
    const bool single = input_->is_single();
    std::size_t budget = packets_per_turn;
    while (more_ && budget > 0) {
        const time_point at = now();
        if (gap > duration::zero() && at < due_) return;
        std::size_t times = single ? budget : 1;
        if (single && gap > duration::zero()) {
            times = static_cast<std::size_t>(
                std::clamp<std::int64_t>((at - due_) / gap + 1, 1, std::int64_t{packets_per_turn}));
            times = std::min(times, budget);
        }
        if (!endless_) times = static_cast<std::size_t>(std::min<std::uint64_t>(times, rounds_left_));
        const auto done = door_->send(*current_, times);
        if (done.sent > 0) sent(current_, done.sent);
        std::size_t settled = done.sent;
        if (done.why) {
            failed(*done.why);
            ++settled;
        }
        if (done.full) full_ = true;
        if (settled == 0) return;
        budget -= std::min(budget, settled);
        due_ = std::max(due_ + static_cast<std::int64_t>(settled) * gap,
                        at - 1s);  // what was missed longer ago is not made up for
        if (single && !endless_) rounds_left_ -= std::min<std::uint64_t>(rounds_left_, settled - 1);
        more_ = fetch();
        tell_notes();
        if (done.full) return;
    }
}

void send_session::sent(const packet_pointer& packet, std::size_t times) {
    last_sent_ = now();
    several_may_answer_ = several_may_answer_ || packet->any_source || packet->destination.is_multicast();
    counts_.sent += times;
    counts_.bytes += times * packet->written.size();
    for (std::size_t i = 0; i < times; ++i) {
        ++number_;
        if (watches_departures()) {
            if (outstanding_.size() == most_outstanding) {
                if (!outstanding_.first().told) --untold_;
                outstanding_.drop_first();
            }
            ++untold_;
            outstanding_.add({number_, packet, last_sent_, wall_now()});
        }
        if (!report_.tells_packets() || (settings_.explain && watch_)) continue;  // told when it has been seen
        report_.sent(out_, {.number = number_, .packet = *packet, .not_caught = no_watch_, .time = wall_now()});
        if (out_.size() >= write_at) flush();
    }
}

void send_session::failed(const failure& why) {
    ++number_;
    ++counts_.send_failed;
    report_.send_failed(out_, number_, why, wall_now());
    const auto known = std::ranges::find(reasons_, why.what, &reason::what);
    if (known != reasons_.end()) {
        ++known->packets;
    } else if (reasons_.size() < most_reasons) {
        reasons_.push_back({why.what, 1});
        flush();
        print_failure(title, why);
    } else {
        ++other_reasons_;
    }
}

// One reason's count is the summary's.
void send_session::tell_reasons() {
    if (reasons_.size() < 2) return;
    for (const auto& one : reasons_)
        print_error(title, fmt::format("{} packet{}: {}", one.packets, one.packets == 1 ? "" : "s", one.what));
    if (other_reasons_ > 0) {
        print_error(title, fmt::format("{} packet{} could not be sent for other reasons", other_reasons_,
                                       other_reasons_ == 1 ? "" : "s"));
    }
}

void send_session::drain() {
    if (!watch_) return;
    for (std::size_t i = 0; i < frames_per_turn; ++i) {
        const auto frame = watch_->next();
        if (!frame) break;
        take(*frame);
    }
    give_up_catching();
}

void send_session::take(const watched_frame& frame) {
    ++counts_.frames;
    if (frame.outgoing ? take_departure(frame) : take_answer(frame)) return;
    ++counts_.not_ours;
}

bool send_session::take_departure(const watched_frame& frame) {
    outstanding* one = outstanding_.catch_departure(frame.bytes);
    if (one == nullptr) return false;
    one->stamp = frame.at;
    ++counts_.left;
    tell(*one, frame.bytes, {});
    return true;
}

bool send_session::take_answer(const watched_frame& frame) {
    if (!settings_.wait) return false;
    const auto received = wire::dissect(frame.link, frame.bytes, {.checksums = false});
    const auto owner = outstanding_.owner_of(received, frame.bytes);
    if (owner.packet == nullptr) return false;
    outstanding& meant = *owner.packet;
    tell(meant, {}, "what left was not seen");
    answer_view view{.number = meant.number,
                     .kind = owner.kind,
                     .frame = frame.bytes,
                     .link = frame.link,
                     .dissection = received,
                     .time = frame.at.value_or(wall_now())};
    if (owner.certain) {
        const bool stamped = frame.at && meant.stamp;
        view.clock = stamped ? clock_source::kernel : clock_source::user;
        view.rtt = stamped ? *frame.at - *meant.stamp : now() - meant.sent;
    }
    ++(owner.kind == craft::answer_kind::error ? counts_.icmp_errors : counts_.replies);
    if (!meant.answered) {
        outstanding_.mark_answered(meant);
        ++counts_.answered;
    }
    report_.answer(out_, view);
    return true;
}

void send_session::tell(outstanding& one, bytes_view left, std::string not_caught) {
    if (one.told) return;
    one.told = true;
    --untold_;
    if (!settings_.explain) return;
    report_.sent(out_, {.number = one.number,
                        .packet = *one.packet,
                        .left = left,
                        .not_caught = std::move(not_caught),
                        .time = one.sent_at});
}

// What nothing more is to come of is forgotten, and what was not seen leaving by now is told without.
void send_session::give_up_catching() {
    const time_point at = now();
    for (auto& one : outstanding_) {
        if (untold_ == 0 || !settings_.explain) break;
        if (one.told) continue;
        if (at - one.sent < caught_within) break;
        tell(one, {}, "what left was not seen");
    }
    while (!outstanding_.empty()) {
        const auto& front = outstanding_.first();
        const bool told = front.told || (!settings_.explain && at - front.sent > caught_within);
        const bool answer_possible = settings_.wait && front.packet->asked && at - front.sent < *settings_.wait;
        if (!told || answer_possible) break;
        if (!front.told) --untold_;
        outstanding_.drop_first();
    }
}

bool send_session::waiting() const {
    if (settings_.explain && untold_ > 0) return true;
    if (!settings_.wait || counts_.sent == 0 || now() - last_sent_ >= *settings_.wait) return false;
    return outstanding_.open_questions() > 0 || several_may_answer_;
}

std::optional<duration> send_session::longest_wait() const {
    const time_point at = now();
    if (full_) return room_within;
    std::optional<duration> longest;
    const auto until = [&](time_point moment) {
        const duration left = std::max(duration::zero(), moment - at);
        longest = longest ? std::min(*longest, left) : left;
    };
    if (more_) until(settings_.gap() == duration::zero() ? at : due_);
    if (!more_ && settings_.wait) until(last_sent_ + *settings_.wait);
    if (settings_.explain && !outstanding_.empty()) until(outstanding_.first().sent + caught_within);
    return longest.value_or(duration::zero());
}

void send_session::flush() {
    if (out_.empty()) return;
    if (!write_out(out_)) output_closed_ = true;
    out_.clear();
}

int send_session::conclude() {
    for (auto& one : outstanding_) tell(one, {}, "what left was not seen");
    if (watch_) counts_.kernel_drops = watch_->dropped();
    report_.summary(out_, counts_, wall_now());
    flush();
    tell_reasons();
    if (trouble_ || counts_.send_failed > 0 || counts_.sent == 0) return exit_trouble;
    return settings_.wait && counts_.answered == 0 ? exit_no : exit_yes;
}

}  // namespace

int run_send_session(const send_settings& settings) {
    return send_session(settings).run();
}

}  // namespace sonde::cli
