// A simulated network in place of sockets: listeners and tracers that a lab makes ask over it, under virtual time. A
// day passes as fast as its events can be computed, and the same scenario gives the same results.
//
//     boost::asio::io_context io;
//     sonde::lab lab(io.get_executor(), sonde::sim::read_scenario(text, "isp.toml").value().scenario);
//     sonde::listener listener = lab.listener();
//     auto result = co_await listener.pinger(address).async_ping({}, boost::asio::use_awaitable);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include <sonde/async/listener.hpp>
#include <sonde/async/timekeeper.hpp>
#include <sonde/async/tracer.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/sim/network.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde {

namespace async {
class lab_core;
}

/// The scenario's vantage is where its handles are. Its context is run by one thread; what was made by it may outlive
/// it. While nothing is on its way and nobody waits, it keeps no work on the executor.
class lab {
public:
    /// Fails where the scenario has no node that is outside.
    [[nodiscard]] static result<lab> open(boost::asio::any_io_executor executor, sim::scenario scenario);

    /// `listener_options::socket` counts for nothing.
    [[nodiscard]] sonde::listener listener(listener_options options = {}) const;
    [[nodiscard]] sonde::tracer tracer(const tracer_options& options = {}) const;

    /// The vantage's address of a family; the failure says that it has none.
    [[nodiscard]] result<ip_address> address(family f) const;
    /// The first address of the node of that name, of one family only if asked.
    [[nodiscard]] std::optional<ip_address> find(std::string_view name, std::optional<family> only) const;
    /// The name of the node that has the address; empty when none has.
    [[nodiscard]] std::string name_of(const ip_address& address) const;

    /// Virtual time, and alarms that ring in it.
    [[nodiscard]] std::shared_ptr<async::timekeeper> time() const;
    [[nodiscard]] const sim::network& network() const;

private:
    explicit lab(std::shared_ptr<async::lab_core> core) : core_(std::move(core)) {}
    std::shared_ptr<async::lab_core> core_;
};

}  // namespace sonde
