#include <utility>

#include <sonde/async/core.hpp>
#include <sonde/async/lab.hpp>
#include <sonde/async/lab_core.hpp>
#include <sonde/async/lab_lane.hpp>
#include <sonde/async/lab_trace_lane.hpp>

namespace sonde {

using async::lab_core;

result<lab> lab::open(boost::asio::any_io_executor executor, sim::scenario scenario) {
    const auto vantage = scenario.vantage();
    if (!vantage) return failure{.what = "the scenario has no node of the kind outside: nobody could ask"};
    return lab(std::make_shared<lab_core>(std::move(executor), std::move(scenario), *vantage));
}

listener lab::listener(listener_options options) const {
    auto open = [core = core_](const boost::asio::any_io_executor& strand, std::uint32_t number,
                               const probe::lane_request& request, const socket::icmp_socket_options& /*options*/) {
        return async::lab_lane::open(core, strand, number, request);
    };
    return sonde::listener(
        std::make_shared<async::core>(core_->executor(), std::move(options), core_, std::move(open)));
}

tracer lab::tracer(const tracer_options& options) const {
    return sonde::tracer(async::tracer_core::make(core_->executor(), options, core_, async::lab_trace_lanes(core_)));
}

result<ip_address> lab::address(family f) const {
    return core_->address(f);
}

std::optional<ip_address> lab::find(std::string_view name, std::optional<family> only) const {
    const sim::scenario& s = network().scenario();
    const auto node = s.find_node(name);
    if (!node) return std::nullopt;
    std::optional<ip_address> found;
    s.each_address([&](sim::node_index n, const ip_address& a) {
        if (n == *node && !found && (!only || a.family() == *only)) found = a;
    });
    return found;
}

std::string lab::name_of(const ip_address& address) const {
    return core_->name_of(address);
}

std::shared_ptr<async::timekeeper> lab::time() const {
    return core_;
}

const sim::network& lab::network() const {
    return core_->network();
}

}  // namespace sonde
