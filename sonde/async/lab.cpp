#include <utility>

#include <sonde/async/core.hpp>
#include <sonde/async/lab.hpp>
#include <sonde/async/lab_core.hpp>
#include <sonde/async/lab_lane.hpp>
#include <sonde/async/lab_trace_lane.hpp>

namespace sonde {

using async::lab_core;

namespace {

// Every address of a node: its own, and those of its ends of links. Stops when `visit` says so.
template <class Visitor>
bool any_address(const sim::scenario& s, sim::node_index n, const Visitor& visit) {
    for (const auto& a : s.nodes[n].addresses) {
        if (visit(a.address)) return true;
    }
    for (const sim::link& link : s.links) {
        for (const sim::link_end& end : link.ends) {
            if (end.node != n) continue;
            for (const auto& a : end.addresses) {
                if (visit(a.address)) return true;
            }
        }
    }
    return false;
}

}  // namespace

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
    any_address(s, *node, [&](const ip_address& a) {
        if (!only || a.family() == *only) found = a;
        return found.has_value();
    });
    return found;
}

std::string lab::name_of(const ip_address& address) const {
    const sim::scenario& s = network().scenario();
    for (sim::node_index n = 0; n < s.nodes.size(); ++n) {
        if (any_address(s, n, [&](const ip_address& a) { return a == address; })) return s.nodes[n].name;
    }
    return {};
}

std::shared_ptr<async::timekeeper> lab::time() const {
    return core_;
}

const sim::network& lab::network() const {
    return core_->network();
}

}  // namespace sonde
