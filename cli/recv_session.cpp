#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <unistd.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cli/command.hpp>
#include <cli/local_time.hpp>
#include <cli/output.hpp>
#include <cli/recv_explanation.hpp>
#include <cli/recv_session.hpp>
#include <cli/signal_watch.hpp>
#include <cli/text_layout.hpp>
#include <fmt/format.h>

#include <sonde/report/datagram_json.hpp>
#include <sonde/report/datagram_text.hpp>
#include <sonde/report/escape.hpp>
#include <sonde/socket/dialect.hpp>
#include <sonde/socket/interface.hpp>
#include <sonde/socket/neighbour.hpp>
#include <sonde/socket/privilege.hpp>
#include <sonde/socket/raw_socket.hpp>
#include <sonde/socket/route.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::cli {

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::string_view title = "sonde recv";
constexpr std::size_t largest_datagram = 65'536;
constexpr int datagrams_per_turn = 256;
constexpr std::size_t write_at = 64 << 10;
constexpr duration interface_check_every = 500ms;

/// Single-threaded: everything happens on `io_`.
class recv_session {
public:
    explicit recv_session(recv_settings settings)
        : settings_(std::move(settings)),
          buffer_(largest_datagram),
          text_(local_utc_offset),
          signals_(io_),
          deadline_(io_),
          interface_check_(io_) {
        for (const int signal : signals_to_watch()) signals_.add(signal);
    }

    int run();

private:
    /// The descriptor belongs to the socket.
    struct lane {
        lane(asio::io_context& io, socket::raw_socket s) : socket(std::move(s)), readiness(io, socket.fd()) {}
        lane(const lane&) = delete;
        lane& operator=(const lane&) = delete;
        ~lane() { readiness.release(); }

        socket::raw_socket socket;
        asio::posix::stream_descriptor readiness;
    };

    [[nodiscard]] bool open_sockets();
    [[nodiscard]] result<void> open(family f);
    [[nodiscard]] result<void> join_groups(socket::raw_socket& socket);
    void explain() const;
    void wait(lane& l);
    void drain(lane& l);
    void take(family f, const socket::raw_socket::received& got);
    [[nodiscard]] bool count(recv_verdict verdict);
    void show(const report::datagram_view& view);
    [[nodiscard]] const socket::network_interface* interface_of(std::uint32_t index);
    void watch_signals();
    void watch_interface();
    void end();
    void flush();
    [[nodiscard]] report::datagram_accounting counts() const;
    [[nodiscard]] int report();

    asio::io_context io_{1};
    recv_settings settings_;
    std::vector<std::byte> buffer_;
    report::datagram_text text_;
    asio::signal_set signals_;
    asio::steady_timer deadline_;
    asio::steady_timer interface_check_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::vector<socket::network_interface> interfaces_;
    report::datagram_accounting counts_;
    std::string out_;
    bool ended_ = false;
    bool output_closed_ = false;
    bool failed_ = false;
};

int recv_session::run() {
    if (!open_sockets()) return exit_trouble;
    explain();
    watch_signals();
    if (settings_.interface_index != 0) watch_interface();
    if (settings_.deadline) {
        deadline_.expires_after(*settings_.deadline);
        deadline_.async_wait([this](const boost::system::error_code& error) {
            if (!error) end();
        });
    }
    for (const auto& l : lanes_) wait(*l);
    io_.run();
    return report();
}

// From then on the process has no privilege.
bool recv_session::open_sockets() {
    std::optional<failure> why;
    bool lacking = false;
    for (const family f : settings_.families) {
        const auto opened = open(f);
        if (opened) continue;
        // Half of what was asked for is enough where the system has no IPv6 at all.
        const bool wanted =
            std::ranges::any_of(settings_.groups, [f](const group_membership& m) { return m.group.family() == f; });
        const bool lacks_family = opened.error().code == std::errc::address_family_not_supported && !wanted;
        if (!why || !lacks_family) why = opened.error();
        lacking = !lacks_family;
        if (lacking) break;
    }
    if (lanes_.empty() || lacking) {
        print_failure(title, *why);
        return false;
    }
    if (const auto dropped = socket::drop_all_capabilities(); !dropped) {
        print_failure(title, dropped.error());
        return false;
    }
    if (auto all = socket::interfaces()) interfaces_ = *std::move(all);
    return true;
}

result<void> recv_session::open(family f) {
    auto opened =
        socket::raw_socket::open({.family = f, .protocol = settings_.protocol, .interface = settings_.interface_index});
    if (!opened) return opened.error();
    // The kernel's filter is a help, and no more: it knows ICMP alone.
    const bool filters_types = !settings_.types.empty() && (settings_.protocol == wire::ip_protocol::icmp ||
                                                            settings_.protocol == wire::ip_protocol::icmpv6);
    if (filters_types) {
        if (const auto done = opened->accept_types(settings_.types); !done) return done.error();
    }
    if (const auto joined = join_groups(*opened); !joined) return joined.error();
    lanes_.push_back(std::make_unique<lane>(io_, *std::move(opened)));
    return {};
}

result<void> recv_session::join_groups(socket::raw_socket& socket) {
    for (auto& [group, interface] : settings_.groups) {
        if (group.family() != socket.family()) continue;
        std::uint32_t index = settings_.interface_index != 0 ? settings_.interface_index : group.scope_id();
        if (index == 0) {
            const auto hop = socket::next_hop_towards(group, 0);
            if (!hop || hop->interface == 0) {
                return failure{fmt::format("no route says by which interface to join {}", group.to_string()),
                               "say by which with -I", std::make_error_code(std::errc::no_such_device)};
            }
            index = hop->interface;
        }
        if (const auto joined = socket.join(group, index); !joined) return joined.error();
        const auto found = socket::find_interface(fmt::format("{}", index));
        interface = found ? found->name : fmt::format("interface {}", index);
    }
    return {};
}

void recv_session::explain() const {
    const bool asked_for = settings_.verbose || (::isatty(STDERR_FILENO) != 0 && !settings_.quiet);
    if (!asked_for) return;
    const auto words = explain_raw_socket(settings_, socket::rules_of(socket::native_dialect()));
    std::string text;
    for (const auto& line : wrap(words, std::min<std::size_t>(output_columns(), 100))) text += line + '\n';
    std::fwrite(text.data(), 1, text.size(), stderr);
}

void recv_session::wait(lane& l) {
    l.readiness.async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, &l](const boost::system::error_code& error) {
                               if (error || ended_) return;
                               drain(l);
                               if (!ended_) wait(l);
                           });
}

// A bounded number, so that signals and the other family get their turn; the rest raises another wake-up.
void recv_session::drain(lane& l) {
    for (int i = 0; i < datagrams_per_turn && !ended_; ++i) {
        const auto got = l.socket.receive(buffer_);
        if (!got) {
            // An error that lies on the socket would wake for ever. It says nothing about what comes in.
            if (i == 0) l.socket.take_error();
            break;
        }
        take(l.socket.family(), *got);
        if (out_.size() >= write_at) flush();
    }
    flush();
}

void recv_session::take(family f, const socket::raw_socket::received& got) {
    const auto* interface = interface_of(got.interface);
    const auto view =
        report::datagram_view::read({.family = f,
                                     .protocol = settings_.protocol,
                                     .bytes = got.bytes,
                                     .full_size = got.full_size,
                                     .from = got.from,
                                     .destination = got.destination,
                                     .hop_limit = got.hop_limit,
                                     .time = got.at ? *got.at : wall_now(),
                                     .interface = interface == nullptr ? std::string_view{} : interface->name,
                                     .loopback = interface != nullptr && interface->loopback});
    if (count(judge(settings_, view, got.interface))) show(view);
    if (settings_.count != 0 && counts_.shown >= settings_.count) end();
}

bool recv_session::count(recv_verdict verdict) {
    ++counts_.received;
    switch (verdict) {
        case recv_verdict::show:
            ++counts_.shown;
            return true;
        case recv_verdict::other_type:
            ++counts_.filtered_type;
            break;
        case recv_verdict::other_source:
            ++counts_.filtered_source;
            break;
        case recv_verdict::other_destination:
            ++counts_.filtered_destination;
            break;
        case recv_verdict::other_interface:
            ++counts_.filtered_interface;
            break;
        case recv_verdict::malformed:
            ++counts_.rejected_malformed;
            break;
    }
    return false;
}

void recv_session::show(const report::datagram_view& view) {
    if (settings_.quiet) return;
    if (settings_.json) return report::datagram_json(out_, view, settings_.bytes);
    if (!settings_.bytes) return text_.line(out_, view);
    if (!settings_.verbose) return report::datagram_text::row(out_, view);
    text_.line(out_, view);
    report::datagram_text::dump(out_, view);
}

const socket::network_interface* recv_session::interface_of(std::uint32_t index) {
    if (index == 0) return nullptr;
    const auto find = [&] {
        return std::ranges::find_if(interfaces_, [index](const auto& i) { return i.index == index; });
    };
    auto found = find();
    if (found == interfaces_.end()) {  // made since
        if (auto all = socket::interfaces()) interfaces_ = *std::move(all);
        found = find();
    }
    return found == interfaces_.end() ? nullptr : &*found;
}

void recv_session::watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal != SIGQUIT) {
            note_end_request();
            return end();
        }
        std::string line;
        report::datagram_text::summary(line, counts());
        std::fwrite(line.data(), 1, line.size(), stderr);
        watch_signals();
    });
}

// A socket that is bound to an interface that is gone receives nothing and is told nothing.
void recv_session::watch_interface() {
    interface_check_.expires_after(interface_check_every);
    interface_check_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        if (socket::interface_index(settings_.interface) == settings_.interface_index) return watch_interface();
        print_error(title, fmt::format("interface '{}' was deleted", report::escape_text(settings_.interface)));
        failed_ = true;
        end();
    });
}

void recv_session::end() {
    if (ended_) return;
    ended_ = true;
    io_.stop();
}

void recv_session::flush() {
    if (!out_.empty() && !output_closed_ && !write_out(out_)) {
        output_closed_ = true;
        end();
    }
    out_.clear();
}

report::datagram_accounting recv_session::counts() const {
    report::datagram_accounting all = counts_;
    for (const auto& l : lanes_) all.kernel_drops += l->socket.dropped();
    return all;
}

int recv_session::report() {
    flush();
    if (settings_.json) {
        report::datagram_summary_json(out_, settings_.protocol, counts(), wall_now());
    } else {
        report::datagram_text::summary(out_, counts());
    }
    flush();
    if (failed_) return exit_trouble;
    return counts_.shown > 0 ? exit_yes : exit_no;
}

}  // namespace

int run_recv_session(recv_settings settings) {
    return recv_session(std::move(settings)).run();
}

}  // namespace sonde::cli
