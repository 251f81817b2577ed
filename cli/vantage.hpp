// Where a command asks from: this machine's network, or a simulated one (`--lab FILE`).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <cli/name_service.hpp>

#include <sonde/async/lab.hpp>
#include <sonde/async/listener.hpp>
#include <sonde/async/timekeeper.hpp>
#include <sonde/async/tracer.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::cli {

/// Reads the scenario of `--lab FILE`; its warnings go to stderr, with `command` before them.
[[nodiscard]] result<sim::scenario> read_lab(const std::string& path, std::string_view command);

/// The context outlives it, and is run by one thread.
class vantage {
public:
    /// Without a scenario it is this machine.
    vantage(boost::asio::io_context& io, const std::optional<sim::scenario>& scenario);

    [[nodiscard]] bool simulated() const noexcept { return lab_.has_value(); }
    /// Monotonic, or virtual.
    [[nodiscard]] const std::shared_ptr<async::timekeeper>& time() const noexcept { return time_; }
    [[nodiscard]] listener make_listener(listener_options options);
    [[nodiscard]] tracer make_tracer(const tracer_options& options);

    /// The address that a datagram to `destination` leaves from; fails where there is no route.
    [[nodiscard]] result<ip_address> source_for(const ip_address& destination, std::uint32_t interface,
                                                const ip_address& wanted) const;
    /// As `name_service`; in a lab the names are the nodes'.
    void resolve(const std::string& name, std::optional<family> only, std::function<void(result<ip_address>)> done);
    void reverse(const ip_address& address, std::function<void(std::string)> done);

private:
    boost::asio::io_context& io_;
    std::optional<lab> lab_;
    std::shared_ptr<async::timekeeper> time_;
    name_service names_;
};

}  // namespace sonde::cli
