// A lane over a simulated network: ICMP echo messages from the vantage and back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <sonde/async/lab_core.hpp>
#include <sonde/async/lab_inbox.hpp>
#include <sonde/async/lane.hpp>
#include <sonde/wire/icmp.hpp>

namespace sonde::async {

/// One thread at a time, as its lab.
class lab_lane final : public lane {
public:
    /// Fails where the vantage has no address of the family.
    [[nodiscard]] static result<std::unique_ptr<lane>> open(const std::shared_ptr<lab_core>& lab,
                                                            const boost::asio::any_io_executor& executor,
                                                            std::uint32_t number, const probe::lane_request& request);
    lab_lane(std::shared_ptr<lab_core> lab, const boost::asio::any_io_executor& executor, std::uint32_t number,
             family f);

    void enqueue(const probe::transmit& message) override;
    [[nodiscard]] bool flush(time_point now, probe::echo_prober& prober) override;
    void give_up(time_point /*now*/, probe::echo_prober& /*prober*/) override {}
    void drain(const wall_clock_bridge& clock, socket::receive_batch& batch, probe::echo_prober& prober) override;
    void report_drops(time_point /*now*/, probe::echo_prober& /*prober*/) override {}
    void wait_readable(std::function<void(std::uint64_t)> on_wake) override {
        inbox_.wait_readable(std::move(on_wake));
    }
    [[nodiscard]] bool woken(std::uint64_t wait) noexcept override { return inbox_.woken(wait); }
    void wait_writable(std::function<void()> /*on_wake*/) override {}
    void cancel_waits() override { inbox_.cancel(); }

private:
    struct outgoing {
        probe::flight_ref where;
        lab_packet packet;
    };

    void tell(const lab_inbox::letter& in, probe::echo_prober& prober) const;
    void tell_error(const lab_inbox::letter& in, const wire::icmp_view& error, probe::echo_prober& prober) const;

    std::shared_ptr<lab_core> lab_;
    lab_inbox inbox_;
    std::vector<outgoing> out_;
};

}  // namespace sonde::async
