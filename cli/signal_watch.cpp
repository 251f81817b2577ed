#include <algorithm>
#include <array>
#include <cerrno>

#include <cli/output.hpp>
#include <cli/signal_watch.hpp>

namespace sonde::cli {

namespace {

constexpr std::array<int, 4> watched{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
volatile std::sig_atomic_t end_signal = 0;
volatile std::sig_atomic_t status_signal = 0;

bool is_ignored(int number) noexcept {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    return now.sa_handler == SIG_IGN;
}

void on_signal(int number) {
    if (number == SIGQUIT) {
        status_signal = 1;
    } else {
        end_signal = 1;
        note_end_request();
    }
}

// Ignored by whoever started this: the others are watched all the same.
bool is_watched(int number) noexcept {
    return number != SIGHUP || !is_ignored(SIGHUP);
}

}  // namespace

std::vector<int> signals_to_watch() {
    std::vector<int> all(watched.begin(), watched.end());
    std::erase_if(all, [](int number) { return !is_watched(number); });
    return all;
}

signal_watch::signal_watch() noexcept {
    end_signal = 0;
    status_signal = 0;
    sigset_t blocked;
    sigemptyset(&blocked);
    for (std::size_t i = 0; i < watched.size(); ++i) {
        struct sigaction action {};
        action.sa_handler = on_signal;
        ::sigaction(watched[i], nullptr, &former_[i]);
        if (!is_watched(watched[i])) continue;
        ::sigaction(watched[i], &action, nullptr);
        sigaddset(&blocked, watched[i]);
    }
    ::sigprocmask(SIG_BLOCK, &blocked, &former_mask_);
}

signal_watch::~signal_watch() {
    for (std::size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &former_[i], nullptr);
    ::sigprocmask(SIG_SETMASK, &former_mask_, nullptr);
}

void signal_watch::wait(std::span<pollfd> what, std::optional<duration> longest) noexcept {
    timespec timeout{};
    if (longest) {
        const auto left = std::max(duration::zero(), *longest);
        timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
        timeout.tv_nsec = static_cast<long>((left % std::chrono::seconds{1}).count());
    }
    for (auto& one : what) one.revents = 0;
    if (::ppoll(what.data(), what.size(), longest ? &timeout : nullptr, &former_mask_) < 0) {
        for (auto& one : what) one.revents = 0;
    }
}

bool signal_watch::end_wanted() const noexcept {
    return end_signal != 0;
}

bool signal_watch::take_status_wanted() noexcept {
    const bool wanted = status_signal != 0;
    status_signal = 0;
    return wanted;
}

}  // namespace sonde::cli
