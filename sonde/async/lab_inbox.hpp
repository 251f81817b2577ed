// What arrived at a lab's vantage for one of its sockets and was not read yet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/lab_core.hpp>

namespace sonde::async {

/// One thread at a time, as its lab.
class lab_inbox final : private lab_station {
public:
    /// An arrival, with its bytes.
    struct letter {
        time_point at{};
        ip_address from = {};
        ip_address to = {};
        std::uint8_t protocol = 0;
        std::uint8_t hop_limit = 0;
        std::vector<std::byte> payload = {};
    };

    /// Keeps what `wanted` says yes to.
    lab_inbox(std::shared_ptr<lab_core> lab, boost::asio::any_io_executor executor,
              std::function<bool(const lab_arrival&)> wanted);
    lab_inbox(const lab_inbox&) = delete;
    lab_inbox& operator=(const lab_inbox&) = delete;
    ~lab_inbox();

    /// All of it, in the order of arrival.
    [[nodiscard]] std::vector<letter> take();

    /// As `lane::wait_readable` and so on.
    void wait_readable(std::function<void(std::uint64_t)> on_wake);
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept;
    void cancel() noexcept;

private:
    void hear(const lab_arrival& arrived) override;
    void wake();

    std::shared_ptr<lab_core> lab_;
    boost::asio::any_io_executor executor_;
    std::function<bool(const lab_arrival&)> wanted_;
    std::vector<letter> letters_;
    std::function<void(std::uint64_t)> on_wake_;
    std::uint64_t wait_ = 0;
    bool waiting_ = false;
};

}  // namespace sonde::async
