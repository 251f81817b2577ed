// A tracer's lane made of connecting sockets, one for each probe: TCP without a privilege.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/readiness.hpp>
#include <sonde/async/trace_lane.hpp>
#include <sonde/socket/connecting_socket.hpp>

namespace sonde::async {

/// A connection is given up shortly before the kernel would send its SYN again: one probe is one SYN, and its
/// round-trip time is never that of a second one. So what takes longer than that is not heard. Owns the sockets.
class connecting_trace_lane final : public trace_lane {
public:
    /// At most `most` connections at a time, and fewer where the process may not open so many descriptors.
    connecting_trace_lane(const boost::asio::any_io_executor& executor, std::uint32_t number, const facts& about,
                          std::size_t most);

    [[nodiscard]] bool has_room() const noexcept override { return connections_.size() + out_.size() < most_; }
    void enqueue(const probe::probe_transmit& probe) override;
    [[nodiscard]] bool flush(time_point now, probe::tracer& tracer) override;
    void give_up(time_point now, probe::tracer& tracer) override;
    void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::tracer& tracer) override;
    void report_drops(time_point /*now*/, probe::tracer& /*tracer*/) override {}
    void wait_readable(std::function<void(std::uint64_t)> on_wake) override;
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept override;
    void wait_writable(std::function<void()> /*on_wake*/) override {}
    /// Nobody waits for any of them any more.
    void cancel_waits() override { connections_.clear(); }
    [[nodiscard]] time_point next_deadline() const noexcept override;
    void handle_deadline(time_point now) override;

private:
    struct connection {
        connection(const boost::asio::any_io_executor& executor, socket::connecting_socket s, probe::probe_place place,
                   time_point until)
            : socket(std::move(s)), ready(executor, socket.fd()), where(place), deadline(until) {}
        socket::connecting_socket socket;
        readiness ready;
        probe::probe_place where;
        time_point deadline;
        bool waiting = false;
    };
    void look(const wall_clock_bridge& clock, std::uint64_t number, probe::tracer& tracer);

    boost::asio::any_io_executor executor_;
    std::size_t most_;
    std::vector<probe::probe_transmit> out_;
    std::map<std::uint64_t, std::unique_ptr<connection>> connections_;  // in the order of their beginning
    std::uint64_t next_ = 0;
    std::vector<std::uint64_t> stirred_;  // woken, and not looked at yet
};

}  // namespace sonde::async
