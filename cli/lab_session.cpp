#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/prctl.h>
#include <vector>

#include <cli/alarm.hpp>
#include <cli/command.hpp>
#include <cli/file_text.hpp>
#include <cli/lab_device.hpp>
#include <cli/lab_display.hpp>
#include <cli/lab_door.hpp>
#include <cli/lab_plan.hpp>
#include <cli/lab_session.hpp>
#include <cli/output.hpp>
#include <cli/signal_watch.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/sim/network.hpp>
#include <sonde/sim/scenario_file.hpp>
#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view title = "sonde lab";
constexpr std::size_t largest_packet = 65536;
constexpr int batch = 64;
constexpr unsigned busy_batches = 16;  // between two looks at the signals
constexpr duration redraw_every = 250ms;

time_point clock_now() {
    return std::chrono::steady_clock::now();
}

/// Single-threaded.
class lab_session {
public:
    lab_session(const lab_settings& settings, sim::scenario scenario, lab_plan plan, lab_device device,
                alarm_clock alarm, signal_watch& signals)
        : settings_(settings),
          plan_(std::move(plan)),
          device_(std::move(device)),
          alarm_(std::move(alarm)),
          signals_(signals),
          door_({.kind = settings.kind, .station = device_.station, .own = own_addresses(), .answered = answered()}),
          display_(settings),
          file_name_(settings.file_name()),
          began_(clock_now()),
          network_(std::move(scenario), began_) {}

    int run();

private:
    [[nodiscard]] std::vector<ip_address> own_addresses() const {
        std::vector<ip_address> own;
        for (const auto& a : plan_.addresses) own.push_back(a.address);
        return own;
    }
    /// The prefixes, and the links that this machine's addresses are on.
    [[nodiscard]] std::vector<prefix> answered() const {
        std::vector<prefix> all = plan_.prefixes;
        for (const auto& a : plan_.addresses) {
            if (a.prefix_length < 8 * address_size(a.address.family())) all.push_back(a.link());
        }
        return all;
    }
    [[nodiscard]] report::lab_view view(time_point now) const {
        return {file_name_, device_.tap.name(), network_, counts_, now - began_};
    }
    [[nodiscard]] bool over(time_point now) const {
        if (signals_.end_wanted() || display_.closed() || gone_) return true;
        return settings_.longest && now - began_ >= *settings_.longest;
    }
    [[nodiscard]] int take_in(time_point now);
    void deliver();
    void wait();

    const lab_settings& settings_;
    lab_plan plan_;
    lab_device device_;
    alarm_clock alarm_;
    signal_watch& signals_;
    lab_door door_;
    lab_display display_;
    std::string file_name_;
    time_point began_;
    sim::network network_;
    report::lab_counts counts_;
    std::vector<std::byte> frame_ = std::vector<std::byte>(largest_packet + lab_door::growth);
    std::vector<std::byte> out_ = std::vector<std::byte>(largest_packet + 2 * lab_door::growth);
    time_point next_redraw_{};
    unsigned busy_ = 0;
    bool gone_ = false;
};

int lab_session::run() {
    display_.ready(network_.scenario(), plan_, device_.tap.name());
    for (;;) {
        const time_point now = clock_now();
        if (over(now)) break;
        const int taken = take_in(now);
        network_.advance(clock_now());
        deliver();
        if (taken == batch && ++busy_ % busy_batches != 0) continue;
        if (display_.is_live() && now >= next_redraw_) {
            display_.draw(view(now));
            next_redraw_ = now + redraw_every;
        }
        wait();
        if (signals_.take_status_wanted()) display_.status(view(clock_now()));
    }
    display_.finish(view(clock_now()));
    if (!gone_) return exit_yes;
    print_error(title, fmt::format("{} was deleted by somebody else", report::escape_text(device_.tap.name())));
    return exit_trouble;
}

int lab_session::take_in(time_point now) {
    int taken = 0;
    for (; taken < batch; ++taken) {
        const auto read = device_.tap.read(frame_);
        if (!read.done()) {
            gone_ = gone_ || read.error_number == EBADFD;
            break;
        }
        ++counts_.read;
        const auto entry = door_.take(bytes_view{frame_}.first(read.size), out_);
        switch (entry.what) {
            case lab_door::matter::packet:
                ++counts_.injected;
                network_.send(now, plan_.vantage, entry.bytes);
                break;
            case lab_door::matter::neighbour:
                ++counts_.neighbours;
                // An answer that is lost is asked for again.
                (void)device_.tap.write(entry.bytes);
                break;
            case lab_door::matter::ignored:
                ++counts_.ignored;
                break;
        }
    }
    return taken;
}

void lab_session::deliver() {
    while (const auto arrived = network_.poll_delivery()) {
        if (arrived->node != plan_.vantage) {
            ++counts_.elsewhere;
            continue;
        }
        ++counts_.delivered;
        const bytes_view frame = door_.wrap(arrived->packet, out_);
        const bool written = !frame.empty() && device_.tap.write(frame).done();
        ++(written ? counts_.written : counts_.write_failed);
    }
}

void lab_session::wait() {
    time_point until = network_.next_deadline();
    if (display_.is_live()) until = std::min(until, next_redraw_);
    if (settings_.longest) until = std::min(until, began_ + *settings_.longest);
    alarm_.set(until);
    std::array<pollfd, 2> what{{{.fd = device_.tap.fd(), .events = POLLIN, .revents = 0},
                                {.fd = alarm_.fd(), .events = POLLIN, .revents = 0}}};
    signals_.wait(what, std::nullopt);
    // A deleted device says nothing else.
    if ((what[0].revents & POLLERR) != 0 && (what[0].revents & POLLIN) == 0) {
        gone_ = device_.tap.read(frame_).error_number == EBADFD;
    }
}

int refuse(const failure& f) {
    print_failure(title, f);
    return exit_trouble;
}

void warn_of_device(const lab_device& d, const lab_plan& plan) {
    for (const auto& line : overlaps(plan, d.tap.name())) print_error(title, "warning: " + line);
    if (!d.without_v6.empty()) {
        print_error(title, fmt::format("warning: without IPv6, of which this scenario has some: {}", d.without_v6));
    }
    if (d.lacks == 0) return;
    print_failure(title, {fmt::format("warning: {} was there already, and lacks some of what this scenario needs",
                                      report::escape_text(d.tap.name())),
                          "To give it that, as root:\n" + d.lacking,
                          {}});
}

/// Nothing of privilege is left when it returns without a failure.
result<void> give_up_privileges(const lab_settings& s) {
    if (s.user) {
        if (const auto done = become(*s.user); !done) return done.error();
    }
    return socket::drop_all_capabilities();
}

}  // namespace

int run_lab_session(const lab_settings& settings) {
    // From here on a signal ends it in good order, also before it has begun.
    signal_watch signals;
    const auto text = file_text(settings.file, "scenario");
    if (!text) return refuse(text.error());
    const std::string name = settings.file == "-" ? settings.file_name() : report::escape_text(settings.file);
    auto read = sim::read_scenario(*text, name);
    if (!read) return refuse(read.error());
    for (const auto& w : read->warnings) print_error(title, "warning: " + report::escape_text(w));
    auto plan = plan_lab(read->scenario);
    if (!plan) {
        return refuse({fmt::format("{}: {}", name, plan.error().what), {}, {}});
    }
    if (settings.check) {
        return write_out(lab_overview(settings, read->scenario, *plan)) ? exit_yes : exit_trouble;
    }
    auto device = open_lab_device(settings, *plan);
    if (!device) return refuse(device.error());
    auto alarm = alarm_clock::make();
    if (!alarm) return refuse(alarm.error());
    if (const auto done = give_up_privileges(settings); !done) return refuse(done.error());
    warn_of_device(*device, *plan);
    // The times that it waits are short, and exact.
    ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    return lab_session(settings, std::move(read->scenario), std::move(*plan), std::move(*device), std::move(*alarm),
                       signals)
        .run();
}

}  // namespace sonde::cli
