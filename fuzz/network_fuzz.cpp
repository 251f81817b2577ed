// A small internet with nodes of every kind, into which the input throws packets at times of its choice.
#include <optional>
#include <string>
#include <vector>

#include <sonde/sim/network.hpp>

#include "fuzz.hpp"

namespace {

using namespace sonde;
using namespace std::chrono_literals;
using fuzz::require;

constexpr std::uint32_t events_limit = 256;

sim::interface_address at(const char* text, unsigned length) {
    return {ip_address::parse(text).value(), static_cast<std::uint8_t>(length)};
}
prefix net(const char* text) {
    return prefix::parse(text).value();
}

// us - router - nat - firewall - lan(host, quirk); many live behind the firewall. Two ways from the router to the nat.
enum node : sim::node_index { us, router, nat, firewall, host, quirk };

std::vector<sim::node> nodes() {
    std::vector<sim::node> all(6);
    const sim::node_kind kinds[] = {sim::node_kind::outside,  sim::node_kind::router, sim::node_kind::nat,
                                    sim::node_kind::firewall, sim::node_kind::host,   sim::node_kind::host};
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].name = "n" + std::to_string(i);
        all[i].kind = kinds[i];
    }
    all[router].errors = {.rate = 100, .burst = 5, .mpls = {{.label = 3, .ttl = 1}}, .interface_information = true};
    all[router].forwarding.traffic_class = 0x20;
    all[nat].nat = {.inside = {net("10.0.1.0/24"), net("2001:db8:1::/64")},
                    .v4 = ip_address::parse("203.0.113.1").value(),
                    .v6 = ip_address::parse("2001:db8:113::1").value(),
                    .mappings = 20,
                    .idle = 1s};
    all[firewall].rules = {{.protocol = 17, .port = 53}, {.port = 99, .then = sim::firewall_rule::verdict::reject}};
    all[firewall].forwarding.balance = sim::balance::packet;
    all[host].host.udp.otherwise = sim::port_state::echo;
    all[host].host.tcp.otherwise = sim::port_state::open;
    all[quirk].errors = {.delay = 1ms, .jitter = 1ms, .legacy_extension = true, .bad_checksum = true, .quote = 8};
    all[quirk].host.delay = 1ms;
    return all;
}

sim::scenario scenario() {
    sim::scenario s;
    s.events_limit = events_limit;
    s.nodes = nodes();
    s.links = {
        {.name = "a",
         .ends = {{us, {at("10.0.1.1", 24), at("2001:db8:1::1", 64)}},
                  {router, {at("10.0.1.2", 24), at("2001:db8:1::2", 64)}}},
         .behaviour = {.delay = 1ms}},
        {.name = "b",
         .ends = {{router, {at("10.0.2.1", 24)}}, {nat, {at("10.0.2.2", 24), at("2001:db8:2::2", 64)}}},
         .behaviour = {.delay = 1ms, .jitter = 1ms, .loss = 0.02, .duplicate = 0.2, .reorder = 0.2, .corrupt = 0.1}},
        {.name = "c",
         .ends = {{router, {}}, {nat, {}}},
         .behaviour = {.delay = 1ms, .bandwidth = 1e6, .queue = 3, .mtu = 576}},
        {.name = "d",
         .ends = {{nat, {at("203.0.113.1", 30), at("2001:db8:113::1", 64)}},
                  {firewall, {at("203.0.113.2", 30), at("2001:db8:113::2", 64)}}},
         .behaviour = {.mtu = 1280}},
        {.name = "lan",
         .ends = {{firewall, {at("10.0.9.1", 24), at("2001:db8:9::1", 64)}},
                  {host, {at("10.0.9.2", 24), at("2001:db8:9::2", 64)}},
                  {quirk, {at("10.0.9.3", 24), at("2001:db8:9::3", 64)}}}}};
    s.populations = {{.name = "many",
                      .behind = firewall,
                      .addresses = net("198.51.100.0/24"),
                      .answering = 0.5,
                      .report_missing = true}};
    // Nobody decrements a TTL on this way round.
    s.routes = {{.at = router, .to = net("192.0.2.0/25"), .via = {nat}},
                {.at = nat, .to = net("192.0.2.0/25"), .via = {router}},
                {.at = us, .to = net("0.0.0.0/0"), .via = {router}},
                {.at = router, .to = net("192.0.2.128/26"), .blackhole = true},
                {.at = router, .to = net("192.0.2.192/26")}};
    s.changes = {{.at = 1s, .what = sim::change::link_change{.link = 1, .behaviour = {.down = true}}},
                 {.at = 2s, .what = sim::change::node_change{.node = quirk, .down = true}}};
    return s;
}

void drain(sim::network& network, time_point until) {
    network.advance(until);
    require(network.counts().adds_up(), "everything adds up");
    while (const auto d = network.poll_delivery()) {
        require(d->node == us, "only who is outside gets packets");
        require(d->at <= until, "nothing comes before its time");
        require(!d->packet.empty() && d->packet.size() <= 65575, "a packet");
    }
}

}  // namespace

// A byte of time in 10 ms, two of length, the packet; and again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    bytes_view rest = fuzz::input(data, size);
    sim::network network(scenario());
    time_point now{};
    while (rest.size() > 3) {
        now += 10ms * std::to_integer<int>(rest[0]);
        const auto length = std::min<std::size_t>(load_be<std::uint16_t>(rest, 1), rest.size() - 3);
        drain(network, now);
        network.send(now, us, rest.subspan(3, length));
        require(network.counts().adds_up(), "everything adds up");
        require(network.counts().on_the_way <= events_limit + 1, "what is on the way is bounded");
        rest = rest.subspan(3 + length);
    }
    // Everything ends: the last thing to wait for are fragments.
    for (int steps = 0; network.next_deadline() != time_point::max(); ++steps) {
        require(steps < 1'000'000, "everything ends");
        now = std::max(now, network.next_deadline());
        drain(network, now);
    }
    require(network.counts().on_the_way == 0, "nothing stays behind");
    return 0;
}
