#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <unistd.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cli/command.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <cli/signal_watch.hpp>
#include <cli/sniff_output.hpp>
#include <cli/sniff_session.hpp>
#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/cooked_frame.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/packet_ring.hpp>
#include <sonde/socket/privilege.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::string_view title = "sonde sniff";
constexpr std::string_view any_interface = "any";
constexpr std::size_t frames_at_once = 512;
constexpr int batches_per_turn = 64;  // signals and timers get their turn between
constexpr std::size_t tag_size = 4;
constexpr duration interface_check_every = 100ms;
constexpr int most_last_looks = 20;
// A shown packet should be seen at once; of a file nobody sees the end yet.
constexpr duration shown_block_timeout = 20ms;
constexpr duration written_block_timeout = 100ms;

void say(const std::string& text) {
    print_error(title, text);
}

// As tcpdump does.
void say_counts(const report::capture_totals& totals) {
    const auto packets = [](std::uint64_t n) { return n == 1 ? "packet" : "packets"; };
    fmt::print(stderr, "{}{} {} captured\n{} {} received by filter\n{} {} dropped by kernel\n",
               ::isatty(STDERR_FILENO) != 0 ? "\n" : "", totals.captured, packets(totals.captured), totals.received,
               packets(totals.received), totals.dropped, packets(totals.dropped));
}

std::string_view link_name(link_type link) {
    switch (link) {
        case link_type::ethernet:
            return "EN10MB (Ethernet)";
        case link_type::linux_cooked_v2:
            return "LINUX_SLL2 (Linux cooked v2)";
        case link_type::raw_ip:
            return "RAW (Raw IP)";
        default:
            return "of its own";
    }
}

/// What is captured on.
struct capture_place {
    std::optional<socket::network_interface> interface;  ///< nothing: all of them
    [[nodiscard]] link_type link() const { return interface ? interface->link() : link_type::linux_cooked_v2; }
    /// Without the link header, which is none that the command reads, or differs from frame to frame.
    [[nodiscard]] bool cooked() const { return link() == link_type::linux_cooked_v2; }
    [[nodiscard]] std::string_view name() const {
        return interface ? std::string_view{interface->name} : any_interface;
    }
};

// As tcpdump: the first that is up and not loopback.
result<capture_place> choose_interface(const std::string& wanted) {
    if (wanted == any_interface) return capture_place{};
    if (!wanted.empty()) {
        auto found = socket::find_interface(wanted);
        if (!found) return found.error();
        return capture_place{*std::move(found)};
    }
    auto all = socket::interfaces();
    if (!all) return all.error();
    const auto usable = std::ranges::find_if(*all, [](const auto& i) { return i.up && i.running && !i.loopback; });
    if (usable == all->end()) return capture_place{};
    return capture_place{std::move(*usable)};
}

/// Single-threaded: everything happens on `io_`.
class sniff_capture {
public:
    sniff_capture(const sniff_settings& settings, capture_place place)
        : settings_(settings),
          place_(std::move(place)),
          output_(settings, place_.link()),
          signals_(io_),
          deadline_(io_),
          interface_check_(io_),
          frames_(frames_at_once) {}

    int run();

private:
    [[nodiscard]] result<void> prepare_filter();
    [[nodiscard]] result<void> open();
    void announce() const;
    void wait();
    void drain();
    [[nodiscard]] bool take(const socket::ring_frame& frame);
    [[nodiscard]] socket::cooked_frame whole_frame(const socket::ring_frame& frame);
    [[nodiscard]] const socket::network_interface* interface_of(std::uint32_t index);
    void lost_interface();
    void look_for_interface();
    void watch_signals();
    void stop();
    void gather_last(int looks_left);
    void end();
    [[nodiscard]] report::capture_totals totals();
    int report();
    [[nodiscard]] duration block_timeout() const {
        return settings_.shows() ? shown_block_timeout : written_block_timeout;
    }

    asio::io_context io_{1};
    const sniff_settings& settings_;
    capture_place place_;
    sniff_output output_;
    asio::signal_set signals_;
    asio::steady_timer deadline_;
    asio::steady_timer interface_check_;
    std::optional<socket::packet_ring> ring_;
    std::optional<asio::posix::stream_descriptor> readiness_;
    std::vector<socket::ring_frame> frames_;
    std::vector<std::byte> cooked_;
    std::vector<socket::network_interface> interfaces_;
    std::chrono::steady_clock::time_point interfaces_read_{};
    socket::bpf_filter kernel_filter_;
    socket::bpf_filter own_filter_;  // what the kernel cannot judge
    std::uint64_t taken_ = 0;        // frames out of the ring
    std::uint64_t filtered_ = 0;
    std::uint64_t loopback_copies_ = 0;
    bool stopping_ = false;
    bool ended_ = false;
    bool output_closed_ = false;
    bool failed_ = false;
    bool gone_ = false;
};

result<void> sniff_capture::prepare_filter() {
    if (settings_.filter.empty()) return {};
    auto compiled = socket::bpf_filter::compile(settings_.filter, place_.link(), settings_.snap_length);
    if (!compiled) return compiled.error();
    std::optional<socket::bpf_filter> judged_there;
    if (!compiled->reads_vlan_tags()) {
        if (!place_.cooked()) {
            judged_there = *compiled;
        } else if (auto cooked = compiled->for_cooked_socket()) {
            judged_there = *std::move(cooked);
        }
    }
    (judged_there ? kernel_filter_ : own_filter_) = judged_there ? *std::move(judged_there) : *std::move(compiled);
    return {};
}

// From then on the process has no privilege.
result<void> sniff_capture::open() {
    socket::packet_ring_options options;
    options.socket.cooked = place_.cooked();
    options.socket.interface = place_.interface ? place_.interface->index : 0;
    options.socket.promiscuous = place_.interface && !settings_.no_promiscuous;
    options.snap_length = settings_.snap_length;
    options.block_timeout = block_timeout();
    if (settings_.buffer_kib) options.memory = std::size_t{*settings_.buffer_kib} << 10;
    auto ring = socket::packet_ring::open(options);
    if (!ring) return ring.error();
    ring_ = *std::move(ring);
    if (const auto made = output_.create_file(); !made) return made.error();
    if (auto all = socket::interfaces()) interfaces_ = *std::move(all);
    if (const auto dropped = socket::drop_all_capabilities(); !dropped) return dropped.error();
    return ring_->socket().start(kernel_filter_);
}

void sniff_capture::announce() const {
    if (settings_.json) return;
    say(fmt::format("listening on {}, link-type {}, snapshot length {} bytes", report::escape_text(place_.name()),
                    link_name(place_.link()), settings_.snap_length));
}

int sniff_capture::run() {
    auto ready = prepare_filter();
    // libpcap may take minutes over a long filter: until here Ctrl-C ends the process as it does any other.
    for (const int signal : signals_to_watch()) signals_.add(signal);
    if (ready) ready = open();
    if (!ready) {
        print_failure(title, ready.error());
        return exit_trouble;
    }
    watch_signals();
    announce();
    readiness_.emplace(io_, ring_->fd());
    if (settings_.deadline) {
        deadline_.expires_after(*settings_.deadline);
        deadline_.async_wait([this](const boost::system::error_code& error) {
            if (!error) stop();
        });
    }
    wait();
    io_.run();
    readiness_->release();
    return report();
}

void sniff_capture::wait() {
    readiness_->async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
        if (error || ended_) return;
        drain();
        if (!ended_) wait();
    });
}

// A bounded number; what is left raises another wake-up.
void sniff_capture::drain() {
    for (int i = 0; i < batches_per_turn && !ended_; ++i) {
        const std::size_t count = ring_->receive(frames_);
        if (count == 0) {
            if (i == 0 && ring_->socket().take_error() != 0) lost_interface();
            break;
        }
        for (std::size_t f = 0; f < count && !ended_; ++f) {
            if (!take(frames_[f])) end();
        }
        ring_->release();
    }
    if (!output_.flush()) {
        output_closed_ = true;
        end();
    }
}

// False when that was the last one.
bool sniff_capture::take(const socket::ring_frame& frame) {
    ++taken_;
    const socket::frame_meta& meta = frame.meta;
    const socket::network_interface* interface = nullptr;
    if (!place_.interface) interface = interface_of(meta.interface);
    const bool loopback = place_.interface ? place_.interface->loopback : interface != nullptr && interface->loopback;
    if (loopback && meta.type == socket::packet_type::outgoing) {
        ++loopback_copies_;
        return true;
    }
    const auto [whole, full_size] = whole_frame(frame);
    bytes_view bytes = whole;
    if (!own_filter_.accepts_all() && !own_filter_.matches(bytes, full_size)) {
        ++filtered_;
        return true;
    }
    bytes = bytes.first(std::min<std::size_t>(bytes.size(), settings_.snap_length));
    const bool going_on =
        output_.packet({.frame = bytes,
                        .full_size = full_size,
                        .time = meta.at ? *meta.at : wall_now(),
                        .interface = place_.interface       ? place_.name()
                                     : interface != nullptr ? interface->name
                                                            : std::string_view{},
                        .direction = report::direction_of_packet_type(static_cast<std::uint8_t>(meta.type)),
                        .checksum_unfinished = meta.checksum_unfinished});
    output_closed_ = output_closed_ || !going_on;
    if (settings_.packet_buffered && going_on && !output_.flush()) output_closed_ = true;
    return going_on && (!settings_.count || output_.captured() < *settings_.count);
}

// As it stands in a capture file: with its header, and with the VLAN tag that the kernel took out.
socket::cooked_frame sniff_capture::whole_frame(const socket::ring_frame& frame) {
    const socket::frame_meta& meta = frame.meta;
    if (place_.cooked()) return socket::cook(frame.bytes, meta, cooked_);
    if (!meta.tag || place_.link() != link_type::ethernet) return {frame.bytes, meta.full_size};
    return {frame.with_tag(), meta.full_size + static_cast<std::uint32_t>(tag_size)};
}

// Null for one that has gone. New ones come up in the middle of a run: the list is read anew, but not for every frame.
const socket::network_interface* sniff_capture::interface_of(std::uint32_t index) {
    const auto find = [&]() -> const socket::network_interface* {
        const auto found = std::ranges::find(interfaces_, index, &socket::network_interface::index);
        return found == interfaces_.end() ? nullptr : &*found;
    };
    if (const auto* known = find()) return known;
    const auto now = std::chrono::steady_clock::now();
    if (now - interfaces_read_ < 1s) return nullptr;
    interfaces_read_ = now;
    if (auto all = socket::interfaces()) interfaces_ = *std::move(all);
    return find();
}

void sniff_capture::lost_interface() {
    if (!place_.interface || gone_ || ended_) return;
    gone_ = true;
    say(fmt::format("{} went down or away; waiting for it to come back", report::escape_text(place_.name())));
    look_for_interface();
}

void sniff_capture::look_for_interface() {
    interface_check_.expires_after(interface_check_every);
    interface_check_.async_wait([this](const boost::system::error_code& error) {
        if (error || ended_) return;
        auto found = socket::find_interface(place_.name());
        if (!found || !found->up) return look_for_interface();
        if (found->link() != place_.link()) {
            say(fmt::format("{} came back as another kind of interface", report::escape_text(place_.name())));
            failed_ = true;
            return end();
        }
        if (!ring_->socket().rebind(found->index)) return look_for_interface();
        place_.interface = *std::move(found);
        gone_ = false;
        ring_->socket().take_error();
        say(fmt::format("{} is up again", report::escape_text(place_.name())));
    });
}

void sniff_capture::watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error || ended_) return;
        watch_signals();
        if (signal == SIGQUIT) return say_counts(totals());
        note_end_request();
        if (stopping_) return end();
        stop();
    });
}

// No more come in; those that came are in a block that the kernel hands over when it is old enough.
void sniff_capture::stop() {
    if (stopping_ || ended_) return;
    stopping_ = true;
    (void)ring_->socket().start(socket::bpf_filter::nothing());
    gather_last(most_last_looks);
}

// A loaded machine may be late with it, and many are not taken at one go.
void sniff_capture::gather_last(int looks_left) {
    interface_check_.expires_after(block_timeout() + 10ms);
    interface_check_.async_wait([this, looks_left](const boost::system::error_code&) {
        if (ended_) return;
        drain();
        if (looks_left > 0 && totals().unread > 0) return gather_last(looks_left - 1);
        end();
    });
}

void sniff_capture::end() {
    if (ended_) return;
    ended_ = true;
    io_.stop();
}

report::capture_totals sniff_capture::totals() {
    const auto counts = ring_->read_statistics();
    report::capture_totals all{.received = counts.passed,
                               .dropped = counts.dropped,
                               .loopback_copies = loopback_copies_,
                               .filtered = filtered_,
                               .captured = output_.captured()};
    all.unread = all.received - std::min(all.received, all.dropped + loopback_copies_ + filtered_ + all.captured);
    return all;
}

int sniff_capture::report() {
    const report::capture_totals all = totals();
    bool open = output_.flush();
    output_.summary(all);
    open = output_.flush() && open;
    if (!settings_.json) say_counts(all);
    if (failed_ || output_.failed()) return exit_trouble;
    if (!open || output_closed_) return exit_yes;
    return all.captured > 0 ? exit_yes : exit_no;
}

}  // namespace

int sniff_interface(const sniff_settings& settings) {
    auto place = choose_interface(settings.interface);
    if (!place) {
        print_failure(title, place.error());
        return exit_trouble;
    }
    return sniff_capture(settings, *std::move(place)).run();
}

}  // namespace sonde::cli
