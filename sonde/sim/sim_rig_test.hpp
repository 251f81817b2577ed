// What the tests of the simulator share: small scenarios, packets to put in, and what came out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sonde/sim/network.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/icmp_extension.hpp>
#include <sonde/wire/ipv4.hpp>
#include <sonde/wire/ipv6.hpp>
#include <sonde/wire/protocol.hpp>
#include <sonde/wire/tcp.hpp>
#include <sonde/wire/udp.hpp>

namespace sonde::sim::rig {

using bytes = std::vector<std::byte>;

inline ip_address ip(std::string_view text) {
    return ip_address::parse(text).value();
}
inline sonde::prefix net(std::string_view text) {
    return sonde::prefix::parse(text).value();
}
inline interface_address at(const std::string& text) {
    const auto slash = text.find('/');
    return {ip(text.substr(0, slash)), static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1)))};
}

/// Nodes and links by name.
class builder {
public:
    scenario s;

    node& add(std::string name, node_kind kind, std::vector<std::string> addresses = {}) {
        s.nodes.push_back({.name = std::move(name), .kind = kind});
        for (const auto& text : addresses) s.nodes.back().addresses.push_back(at(text));
        return s.nodes.back();
    }
    [[nodiscard]] node_index n(std::string_view name) const { return s.find_node(name).value(); }
    [[nodiscard]] node& of(std::string_view name) { return s.nodes[n(name)]; }
    [[nodiscard]] sim::link& between(std::string_view a, std::string_view b) {
        return *std::ranges::find(s.links, std::string(a) + "-" + std::string(b), &sim::link::name);
    }
    [[nodiscard]] link_index l(std::string_view a, std::string_view b) {
        return static_cast<link_index>(&between(a, b) - s.links.data());
    }

    /// `10.0.1.1/30 10.0.1.2/30 2001:db8:1::1/64 ...`: the first address of each family is `a`'s, the second `b`'s.
    sim::link& join(std::string_view a, std::string_view b, std::vector<std::string> addresses = {},
                    link_behaviour behaviour = {.delay = std::chrono::milliseconds{1}}) {
        sim::link made{.name = std::string(a) + "-" + std::string(b),
                       .ends = {{.node = n(a)}, {.node = n(b)}},
                       .behaviour = std::move(behaviour)};
        for (std::size_t i = 0; i < addresses.size(); ++i) made.ends[i % 2].addresses.push_back(at(addresses[i]));
        s.links.push_back(std::move(made));
        return s.links.back();
    }
};

/// `us` - r1 - r2 - ... - `target`, with 10.0.I.1 and .2 and 2001:db8:I::1 and ::2 on link number I, from 1 on.
inline builder chain(unsigned routers, link_behaviour behaviour = {.delay = std::chrono::milliseconds{1}}) {
    builder b;
    b.add("us", node_kind::outside);
    for (unsigned i = 1; i <= routers; ++i) b.add("r" + std::to_string(i), node_kind::router);
    b.add("target", node_kind::host);
    for (unsigned i = 0; i <= routers; ++i) {
        const std::string number = std::to_string(i + 1);
        const std::string v4 = "10.0." + number + ".";
        const std::string v6 = "2001:db8:" + number + "::";
        b.join(b.s.nodes[i].name, b.s.nodes[i + 1].name, {v4 + "1/24", v4 + "2/24", v6 + "1/64", v6 + "2/64"},
               behaviour);
    }
    return b;
}

struct envelope {
    ip_address from;
    ip_address to;
    std::uint8_t ttl = 64;
    std::uint8_t tos = 0;
    bool dont_fragment = false;
    std::uint16_t identification = 0;
    std::uint32_t flow_label = 0;
};

inline bytes wrapped(const envelope& e, std::uint8_t protocol, bytes_view payload) {
    bytes out(payload.size() + 40);
    std::size_t size = 0;
    if (e.to.is_v4()) {
        size = wire::ipv4_message{.tos = e.tos,
                                  .identification = e.identification,
                                  .dont_fragment = e.dont_fragment,
                                  .ttl = e.ttl,
                                  .protocol = protocol,
                                  .source = e.from,
                                  .destination = e.to,
                                  .payload = payload}
                   .emit(out, wire::checksum_fill::compute);
    } else {
        size = wire::ipv6_message{.traffic_class = e.tos,
                                  .flow_label = e.flow_label,
                                  .next_header = protocol,
                                  .hop_limit = e.ttl,
                                  .source = e.from,
                                  .destination = e.to,
                                  .payload = payload}
                   .emit(out);
    }
    out.resize(size);
    return out;
}

inline bytes echo_request(const envelope& e, std::uint16_t sequence = 1, std::size_t size = 16,
                          std::uint16_t identifier = 0x1234) {
    bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i);
    const wire::icmp_echo_message m{.identifier = identifier, .sequence = sequence, .payload = payload};
    bytes message(m.size());
    const family f = e.to.family();
    const std::uint8_t protocol = f == family::v4 ? wire::ip_protocol::icmp : wire::ip_protocol::icmpv6;
    const wire::pseudo_header addresses{e.from, e.to};
    m.emit(f, message, wire::checksum_fill::compute,
           {f == family::v4 ? std::uint16_t{0} : addresses.sum(message.size(), protocol)});
    return wrapped(e, protocol, message);
}

inline bytes udp(const envelope& e, std::uint16_t source, std::uint16_t destination, std::size_t size = 16) {
    const bytes payload(size, std::byte{0x41});
    const wire::udp_message m{.source_port = source, .destination_port = destination, .payload = payload};
    bytes message(m.size());
    m.emit(message, wire::checksum_fill::compute, {e.from, e.to});
    return wrapped(e, wire::ip_protocol::udp, message);
}

inline bytes tcp(const envelope& e, const wire::tcp_message& m) {
    bytes message(m.size());
    m.emit(message, wire::checksum_fill::compute, {e.from, e.to});
    return wrapped(e, wire::ip_protocol::tcp, message);
}

/// A packet that came out, and what is in it.
struct arrival {
    node_index node = 0;
    duration at{};  // since the start
    bytes packet;

    [[nodiscard]] bool v4() const { return std::to_integer<unsigned>(packet.at(0)) >> 4 == 4; }
    [[nodiscard]] sonde::family family() const { return v4() ? family::v4 : family::v6; }
    [[nodiscard]] wire::ipv4_view ipv4() const {
        return wire::ipv4_view::parse(packet, wire::checksum_check::verify).value();
    }
    [[nodiscard]] wire::ipv6_view ipv6() const { return wire::ipv6_view::parse(packet).value(); }
    [[nodiscard]] ip_address source() const { return v4() ? ipv4().source() : ipv6().source(); }
    [[nodiscard]] ip_address destination() const { return v4() ? ipv4().destination() : ipv6().destination(); }
    [[nodiscard]] std::uint8_t ttl() const { return v4() ? ipv4().ttl() : ipv6().hop_limit(); }
    [[nodiscard]] std::uint8_t protocol() const { return v4() ? ipv4().protocol() : ipv6().upper_layer()->protocol; }
    [[nodiscard]] bytes_view upper() const { return v4() ? ipv4().payload() : ipv6().upper_layer()->payload; }
    [[nodiscard]] wire::pseudo_header addresses() const { return {source(), destination()}; }
    [[nodiscard]] wire::icmp_view icmp(wire::checksum_check check = wire::checksum_check::verify) const {
        const std::uint16_t sum = v4() ? std::uint16_t{0} : addresses().sum(upper().size(), wire::ip_protocol::icmpv6);
        return wire::icmp_view::parse(upper(), check, {sum}).value();
    }
    [[nodiscard]] std::pair<int, int> type_and_code() const { return {icmp().type(), icmp().code()}; }
    [[nodiscard]] bytes_view quote() const { return wire::split_icmp_error(family(), upper()).quote; }
    [[nodiscard]] wire::tcp_view tcp() const {
        return wire::tcp_view::parse(upper(), wire::checksum_check::verify, addresses()).value();
    }
    [[nodiscard]] wire::udp_view udp() const {
        return wire::udp_view::parse(upper(), wire::checksum_check::verify, addresses()).value();
    }
};

/// A network whose only clock is its next deadline, and which must add up at every step.
class running {
public:
    explicit running(scenario s) : net(std::move(s)) {}
    explicit running(const builder& b) : net(b.s) {}

    network net;
    time_point now{};

    void send(bytes_view packet, node_index from = 0) {
        net.send(now, from, packet);
        EXPECT_TRUE(net.counts().adds_up());
    }
    /// Everything that comes out until nothing is on its way, or until `until`.
    std::vector<arrival> run(duration until = std::chrono::hours{1}) {
        std::vector<arrival> all;
        const auto take = [&] {
            while (const auto d = net.poll_delivery()) {
                all.push_back({d->node, d->at.time_since_epoch(), {d->packet.begin(), d->packet.end()}});
            }
        };
        take();
        while (net.next_deadline() <= time_point{until}) {
            now = std::max(now, net.next_deadline());
            net.advance(now);
            EXPECT_TRUE(net.counts().adds_up());
            take();
        }
        return all;
    }
    std::vector<arrival> ask(bytes_view packet, node_index from = 0) {
        send(packet, from);
        return run();
    }
    /// The only answer.
    arrival answer(bytes_view packet, node_index from = 0) {
        auto all = ask(packet, from);
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? arrival{} : std::move(all.front());
    }
    void wait_until(duration at) {
        now = time_point{at};
        net.advance(now);
    }
    [[nodiscard]] std::uint64_t ended(fate f) const { return net.counts()[f]; }
};

}  // namespace sonde::sim::rig
