#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include <sonde/async/timekeeper.hpp>

namespace sonde::async {

namespace {

class timer_alarm final : public alarm {
public:
    explicit timer_alarm(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    // A wait that was over when it was cancelled still rings: `setting_` tells it from the one that counts.
    void set(time_point at, std::function<void()> ring) override {
        timer_.expires_at(at);
        timer_.async_wait([weak = std::weak_ptr(setting_), setting = ++*setting_,
                           ring = std::move(ring)](const boost::system::error_code& error) {
            const auto alive = weak.lock();
            if (!error && alive && *alive == setting) ring();
        });
    }
    void cancel() override {
        ++*setting_;
        timer_.cancel();
    }

private:
    boost::asio::steady_timer timer_;
    std::shared_ptr<std::atomic<std::uint64_t>> setting_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

class monotonic_clock final : public timekeeper {
public:
    time_point now() const override { return std::chrono::steady_clock::now(); }
    std::unique_ptr<alarm> make_alarm(const boost::asio::any_io_executor& executor) override {
        return std::make_unique<timer_alarm>(executor);
    }
};

}  // namespace

std::shared_ptr<timekeeper> machine_time() {
    return std::make_shared<monotonic_clock>();
}

}  // namespace sonde::async
