#include <utility>

#include <boost/asio/post.hpp>

#include <sonde/async/lab_inbox.hpp>

namespace sonde::async {

lab_inbox::lab_inbox(std::shared_ptr<lab_core> lab, boost::asio::any_io_executor executor,
                     std::function<bool(const lab_arrival&)> wanted)
    : lab_(std::move(lab)), executor_(std::move(executor)), wanted_(std::move(wanted)) {
    lab_->add(*this);
}

lab_inbox::~lab_inbox() {
    lab_->remove(*this);
}

void lab_inbox::hear(const lab_arrival& arrived) {
    if (!wanted_(arrived)) return;
    letters_.push_back({.at = arrived.at,
                        .from = arrived.from,
                        .to = arrived.to,
                        .protocol = arrived.protocol,
                        .hop_limit = arrived.hop_limit,
                        .payload = {arrived.payload.begin(), arrived.payload.end()}});
    wake();
}

std::vector<lab_inbox::letter> lab_inbox::take() {
    return std::exchange(letters_, {});
}

void lab_inbox::wait_readable(std::function<void(std::uint64_t)> on_wake) {
    if (waiting_) return;
    waiting_ = true;
    ++wait_;
    on_wake_ = std::move(on_wake);
    if (!letters_.empty()) wake();
}

void lab_inbox::wake() {
    if (!waiting_ || !on_wake_) return;
    boost::asio::post(executor_, [on_wake = std::exchange(on_wake_, nullptr), wait = wait_] { on_wake(wait); });
}

bool lab_inbox::woken(std::uint64_t wait) noexcept {
    if (wait != wait_ || !waiting_) return false;
    waiting_ = false;
    return true;
}

void lab_inbox::cancel() noexcept {
    waiting_ = false;
    on_wake_ = nullptr;
}

}  // namespace sonde::async
