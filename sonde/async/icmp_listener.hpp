// Hears the ICMP errors that reach this machine, whole, for all lanes of a family.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/readiness.hpp>
#include <sonde/async/trace_lane.hpp>
#include <sonde/base/error.hpp>
#include <sonde/socket/raw_socket.hpp>

namespace sonde::async {

/// Owns the socket.
class icmp_listener final : public trace_source {
public:
    /// A raw socket that takes destination unreachable, packet too big, time exceeded and parameter problem only. Needs
    /// CAP_NET_RAW, raised around the opening alone.
    [[nodiscard]] static result<socket::raw_socket> open(family f);

    icmp_listener(const boost::asio::any_io_executor& executor, std::uint32_t lane, socket::raw_socket socket);

    void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::tracer& tracer) override;
    void report_drops(time_point now, probe::tracer& tracer) override;
    void wait_readable(std::function<void(std::uint64_t)> on_wake) override;
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept override { return ready_.woken(wait); }
    void cancel_waits() override { ready_.cancel(); }

private:
    void tell(const wall_clock_bridge& clock, const socket::raw_socket::received& in, probe::tracer& tracer);

    socket::raw_socket socket_;
    readiness ready_;
    std::uint32_t lane_;  // the first of the family, which stands for all
    std::vector<std::byte> buffer_;
    std::uint32_t drops_seen_ = 0;
};

}  // namespace sonde::async
