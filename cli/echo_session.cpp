#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include <cli/alarm.hpp>
#include <cli/command.hpp>
#include <cli/echo_display.hpp>
#include <cli/echo_filter.hpp>
#include <cli/echo_session.hpp>
#include <cli/kernel_echo.hpp>
#include <cli/output.hpp>
#include <cli/signal_watch.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/respond/echo_responder.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/packet_ring.hpp>
#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
using respond::disposition;
using respond::echo_responder;
using socket::network_interface;

constexpr std::string_view title = "sonde echo";
constexpr std::size_t batch = 64;
constexpr unsigned busy_batches = 16;  // between two looks at the signals and the clock
constexpr duration interface_every = 1s;
constexpr duration absent_every = 100ms;
constexpr duration redraw_every = 250ms;
constexpr int send_attempts = 50;
// From so many frames a second on they are left to gather for a moment: to be woken for each one, and to send each
// reply by itself, costs more than all else. Who asks again only when answered never comes that far.
constexpr double gathering_rate = 50'000;
constexpr duration gathering_time = 200us;
constexpr duration rate_window = 2ms;
constexpr std::uint32_t link_headers = 14 + 16;  // Ethernet and four tags

/// A short turn on the processor comes sooner: since Linux 6.12 sched_setattr(2) takes the length of an ordinary
/// process's slice (0.1 ms is the least), which decides how soon it runs after it was woken on a busy machine. Nobody's
/// share changes. Without it things are as before.
void ask_for_short_turns() {
    struct {
        std::uint32_t size = 48;
        std::uint32_t policy = 0;  // SCHED_OTHER
        std::uint64_t flags = 0;
        std::int32_t nice = 0;
        std::uint32_t priority = 0;
        std::uint64_t runtime = 100'000;  // ns
        std::uint64_t deadline = 0;
        std::uint64_t period = 0;
    } wanted;
    wanted.nice = ::getpriority(PRIO_PROCESS, 0);
    ::syscall(SYS_sched_setattr, 0, &wanted, 0);
}

time_point clock_now() {
    return std::chrono::steady_clock::now();
}

bool carries_ethernet(const network_interface& i) {
    return i.link() == link_type::ethernet;
}

std::vector<ip_address> own_addresses(const network_interface& i) {
    std::vector<ip_address> own;
    for (const auto& a : i.addresses) own.push_back(a.address);
    return own;
}

/// The one that was set, and the one that follows from the prefix: to the kernel both are broadcast addresses.
std::vector<ip_address> broadcast_addresses(const network_interface& i) {
    std::vector<ip_address> all;
    for (const auto& a : i.addresses) {
        if (!a.address.is_v4() || a.prefix_length > 30) continue;
        all.push_back(ip_address::v4(load_be<std::uint32_t>(a.address.bytes(), 0) | 0xffff'ffffU >> a.prefix_length));
        // An interface address without one shows itself there.
        if (a.broadcast != a.address) all.push_back(a.broadcast);
    }
    return all;
}

respond::echo_responder_options options_for(const echo_settings& s, const network_interface& i) {
    return {.link = i.link(),
            .mac = i.mac,
            .own = own_addresses(i),
            .answer_own = s.answers_own(),
            .prefixes = s.prefixes,
            .broadcasts = broadcast_addresses(i),
            .largest_frame = i.mtu + (carries_ethernet(i) ? 14U : 0U),
            .faults = s.faults};
}

std::vector<std::string> answered_for(const echo_settings& s, const network_interface& i) {
    std::vector<std::string> words;
    if (s.answers_own()) {
        for (const auto& a : i.addresses) words.push_back(a.address.to_string());
    }
    for (const auto& p : s.prefixes) words.push_back(fmt::format("{}/{}", p.network().to_string(), p.length()));
    return words;
}

result<socket::packet_ring> open_ring(const echo_settings& s, const network_interface& i) {
    const bool v6_prefix = std::ranges::any_of(s.prefixes, [](const prefix& p) { return !p.network().is_v4(); });
    auto ring = socket::packet_ring::open({.socket = {.interface = i.index,
                                                      // Solicitations for addresses that the kernel has never heard of.
                                                      .all_multicast = v6_prefix},
                                           .wake = socket::ring_wake::per_frame,
                                           .snap_length = i.mtu + link_headers});
    if (!ring) return ring;
    const auto started = ring->socket().start(echo_filter());
    // An interface that is down may come up.
    if (!started && started.error().code.value() != ENETDOWN) return started.error();
    return ring;
}

/// Replies of one batch, one behind the other.
class reply_arena {
public:
    explicit reply_arena(std::size_t largest) : memory_(batch * 512 + 2 * largest), largest_(largest) {
        replies_.reserve(batch);
    }
    /// Room for one reply of at most `size` bytes; none when the arena must be sent first.
    [[nodiscard]] bytes_span room(std::size_t size) noexcept {
        if (replies_.size() == batch || used_ + size > memory_.size()) return {};
        return bytes_span{memory_}.subspan(used_);
    }
    void add(std::size_t size) noexcept {
        replies_.push_back(bytes_view{memory_}.subspan(used_, size));
        used_ += (size + 63) / 64 * 64;
        used_ = std::min(used_, memory_.size());
    }
    void clear() noexcept {
        replies_.clear();
        used_ = 0;
    }
    [[nodiscard]] std::size_t largest() const noexcept { return largest_; }
    [[nodiscard]] std::span<const bytes_view> replies() const noexcept { return replies_; }

private:
    std::vector<std::byte> memory_;
    std::vector<bytes_view> replies_;
    std::size_t largest_;
    std::size_t used_ = 0;
};

/// Whether frames come so fast that they are left to gather.
class arrival_rate {
public:
    void add(std::size_t frames) noexcept { frames_ += frames; }
    [[nodiscard]] bool is_high(time_point now) noexcept {
        const duration passed = now - since_;
        if (passed >= rate_window) {
            high_ = static_cast<double>(frames_) >= gathering_rate * std::chrono::duration<double>(passed).count();
            frames_ = 0;
            since_ = now;
        }
        return high_;
    }

private:
    time_point since_{};
    std::size_t frames_ = 0;
    bool high_ = false;
};

/// Single-threaded.
class echo_session {
public:
    echo_session(const echo_settings& settings, network_interface interface, socket::packet_ring ring,
                 alarm_clock alarm)
        : settings_(settings),
          interface_(std::move(interface)),
          ring_(std::move(ring)),
          alarm_(std::move(alarm)),
          responder_(options_for(settings_, interface_)),
          display_(settings_),
          frames_(batch),
          arena_(interface_.mtu + link_headers + echo_responder::reply_growth),
          began_(clock_now()),
          up_(interface_.up) {}

    int run();

private:
    void say_what_is_answered();
    void warn_of_kernel();
    [[nodiscard]] bool kernel_may_answer(family f) const;
    void answer_batch(std::size_t count, time_point now);
    [[nodiscard]] static respond::heard heard_of(const socket::frame_meta& meta);
    void show(bytes_view frame, disposition what);
    void send_due(time_point now);
    void send_replies();
    void wait(bool gather);
    void look_after(time_point now);
    void check_interface(bool failed);
    void take_interface(const network_interface& found, bool failed);
    [[nodiscard]] bool complete() const noexcept {
        return settings_.count > 0 && responder_.counts()[disposition::answered] >= settings_.count;
    }
    [[nodiscard]] bool over(time_point now) const;
    [[nodiscard]] report::echo_totals totals();

    const echo_settings& settings_;
    network_interface interface_;
    socket::packet_ring ring_;
    alarm_clock alarm_;
    echo_responder responder_;
    echo_display display_;
    signal_watch signals_;
    std::vector<socket::ring_frame> frames_;
    reply_arena arena_;
    time_point began_;
    time_point next_check_{};
    time_point next_redraw_{};
    std::uint64_t sent_ = 0;
    std::uint64_t send_failed_ = 0;
    int send_error_ = 0;
    arrival_rate rate_;
    unsigned busy_ = 0;
    bool up_;
    bool gone_ = false;
    bool kernel_seen_ = false;
};

int echo_session::run() {
    say_what_is_answered();
    if (!settings_.only) warn_of_kernel();
    next_check_ = began_ + interface_every;
    if (!up_) display_.notice("interface_down", fmt::format("{} is down; waiting for it", interface_.name));
    for (;;) {
        const time_point now = clock_now();
        if (over(now)) break;
        const std::size_t count = complete() ? 0 : ring_.receive(frames_);
        if (count > 0) answer_batch(count, now);
        send_due(now);
        rate_.add(count);
        const bool gather = rate_.is_high(now) && count < batch;
        if (count > 0 && !gather && ++busy_ % busy_batches != 0) continue;
        look_after(now);
        display_.flush();
        wait(gather);
    }
    if (!display_.closed()) display_.finish(totals());
    return responder_.counts()[disposition::answered] > 0 ? exit_yes : exit_no;
}

bool echo_session::over(time_point now) const {
    if (signals_.end_wanted() || display_.closed()) return true;
    if (settings_.deadline && now - began_ >= *settings_.deadline) return true;
    return complete() && !responder_.next_deadline();
}

void echo_session::say_what_is_answered() {
    display_.listening(interface_.name, interface_.mac, answered_for(settings_, interface_));
}

bool echo_session::kernel_may_answer(family f) const {
    const auto asked = [&](const socket::interface_address& a) {
        return a.address.family() == f &&
               (settings_.answers_own() ||
                std::ranges::any_of(settings_.prefixes, [&](const prefix& p) { return p.contains(a.address); }));
    };
    return std::ranges::any_of(interface_.addresses, asked) && kernel_answers(f);
}

void echo_session::warn_of_kernel() {
    const bool v4 = kernel_may_answer(family::v4);
    const bool v6 = kernel_may_answer(family::v6);
    if (!v4 && !v6) return;
    display_.notice("kernel_may_answer",
                    "the kernel may answer too, unless a firewall drops the requests: then askers see duplicates; "
                    "--only silences it meanwhile",
                    "To silence it for good:\n" + silencing_commands(v4, v6));
}

respond::heard echo_session::heard_of(const socket::frame_meta& meta) {
    using socket::packet_type;
    respond::heard h{.outgoing = meta.type == packet_type::outgoing,
                     .group = meta.type == packet_type::broadcast || meta.type == packet_type::multicast,
                     .checksum_unfinished = meta.checksum_unfinished,
                     .full_size = meta.full_size,
                     .at = meta.at};
    if (meta.tag) h.tag = std::uint32_t{meta.tag->tpid} << 16 | meta.tag->tci;
    return h;
}

void echo_session::answer_batch(std::size_t count, time_point now) {
    for (std::size_t i = 0; i < count && !complete(); ++i) {
        const socket::ring_frame& frame = frames_[i];
        const std::size_t most = frame.bytes.size() + echo_responder::reply_growth;
        bytes_span room = arena_.room(most);
        if (room.empty()) {
            send_replies();
            room = arena_.room(most);
        }
        const auto answer = responder_.handle_frame(now, heard_of(frame.meta), frame.bytes, room);
        if (answer.size > 0) arena_.add(answer.size);
        if (display_.wants_requests() || answer.what == disposition::kernel_reply) show(frame.bytes, answer.what);
    }
    send_replies();
    ring_.release();
}

void echo_session::show(bytes_view frame, disposition what) {
    if (what == disposition::kernel_reply && !kernel_seen_) {
        kernel_seen_ = true;
        display_.notice(
            "kernel_answers", "the kernel answers too: askers see duplicates; --only silences it meanwhile",
            "To silence it for good:\n" + silencing_commands(kernel_answers(family::v4), kernel_answers(family::v6)));
    }
    if (!display_.wants_requests() || what == disposition::kernel_reply || what == disposition::outgoing ||
        what == disposition::not_asked) {
        return;
    }
    display_.request(interface_.link(), frame, what);
}

void echo_session::send_due(time_point now) {
    while (responder_.next_deadline().value_or(time_point::max()) <= now) {
        bytes_span room = arena_.room(arena_.largest());
        if (room.empty()) {
            send_replies();
            room = arena_.room(arena_.largest());
        }
        arena_.add(responder_.poll_transmit(now, room));
    }
    send_replies();
}

void echo_session::send_replies() {
    auto left = arena_.replies();
    for (int attempt = 0; !left.empty();) {
        const auto done = ring_.send(left);
        sent_ += done.sent;
        left = left.subspan(done.sent);
        if (left.empty()) break;
        if (done.full() && attempt++ < send_attempts) {
            // A full socket tells when there is room again; a full queue of the interface does not.
            pollfd room{.fd = ring_.fd(), .events = POLLOUT, .revents = 0};
            ::poll(&room, done.error_number == EAGAIN ? 1 : 0, 1);
            continue;
        }
        send_error_ = done.error_number;
        const std::size_t failed = done.error_number == EMSGSIZE ? 1 : left.size();
        send_failed_ += failed;
        left = left.subspan(failed);
    }
    arena_.clear();
}

void echo_session::wait(bool gather) {
    if (gather) {
        // Nobody is woken who waits for the time alone.
        signals_.wait({}, gathering_time);
    } else {
        time_point until = next_check_;
        if (display_.is_live()) until = std::min(until, next_redraw_);
        if (const auto due = responder_.next_deadline()) until = std::min(until, *due);
        if (settings_.deadline) until = std::min(until, began_ + *settings_.deadline);
        alarm_.set(until);
        std::array<pollfd, 2> what{
            {{.fd = ring_.fd(), .events = static_cast<short>(complete() ? 0 : POLLIN), .revents = 0},
             {.fd = alarm_.fd(), .events = POLLIN, .revents = 0}}};
        signals_.wait(what, std::nullopt);
        if ((what[0].revents & POLLERR) != 0 && ring_.socket().take_error() != 0) check_interface(true);
    }
    if (signals_.take_status_wanted()) display_.status(totals());
}

void echo_session::look_after(time_point now) {
    if (now >= next_check_) {
        check_interface(false);
        next_check_ = now + (gone_ ? absent_every : interface_every);
    }
    if (display_.is_live() && now >= next_redraw_) {
        display_.live(now, totals());
        next_redraw_ = now + redraw_every;
    }
}

void echo_session::check_interface(bool failed) {
    const auto all = socket::interfaces();
    if (!all) return;
    const auto found =
        std::ranges::find_if(*all, [this](const network_interface& i) { return i.name == interface_.name; });
    if (found != all->end()) return take_interface(*found, failed);
    if (gone_) return;
    gone_ = true;
    up_ = false;
    next_check_ = clock_now() + absent_every;
    responder_.set_own({}, {}, {});
    display_.notice("interface_gone", fmt::format("{} is gone; waiting for it to come back", interface_.name));
}

void echo_session::take_interface(const network_interface& found, bool failed) {
    const bool other = gone_ || found.index != interface_.index;
    // A socket that the kernel has taken off its interface binds to it again, needing no privilege for it.
    if (other || failed) {
        const auto bound = ring_.socket().rebind(found.index);
        if (!bound && bound.error().code.value() != ENETDOWN) return;
    }
    const bool renamed = found.mac != interface_.mac || own_addresses(found) != own_addresses(interface_);
    interface_ = found;
    if (other || renamed) responder_.set_own(own_addresses(found), broadcast_addresses(found), found.mac);
    gone_ = false;
    if (found.up && (!up_ || other)) {
        display_.notice("interface_back", fmt::format("{} is back", found.name));
    } else if (!found.up && up_) {
        display_.notice("interface_down", fmt::format("{} is down; waiting for it", found.name));
    }
    up_ = found.up;
    if (other || (renamed && settings_.answers_own())) say_what_is_answered();
}

report::echo_totals echo_session::totals() {
    return {.interface = interface_.name,
            .counts = responder_.counts(),
            .sent = sent_,
            .send_failed = send_failed_,
            .send_error = send_error_,
            .kernel_dropped = ring_.read_statistics().dropped,
            .elapsed = clock_now() - began_};
}

}  // namespace

int run_echo_session(const echo_settings& settings) {
    auto interface = socket::find_interface(settings.interface);
    if (!interface) {
        print_failure(title, interface.error());
        return exit_trouble;
    }
    std::optional<kernel_silence> silence;
    if (settings.only) {
        auto begun = kernel_silence::begin();
        if (!begun) {
            print_failure(title, begun.error());
            return exit_trouble;
        }
        silence.emplace(std::move(*begun));
    }
    auto ring = open_ring(settings, *interface);
    if (!ring) {
        print_failure(title, ring.error());
        return exit_trouble;
    }
    auto alarm = alarm_clock::make();
    if (!alarm) {
        print_failure(title, alarm.error());
        return exit_trouble;
    }
    if (const auto dropped = socket::drop_all_capabilities(); !dropped) {
        print_failure(title, dropped.error());
        return exit_trouble;
    }
    ask_for_short_turns();
    // The times that it waits are short.
    ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    return echo_session(settings, std::move(*interface), std::move(*ring), std::move(*alarm)).run();
}

}  // namespace sonde::cli
