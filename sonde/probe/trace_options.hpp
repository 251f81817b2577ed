// What a trace is asked to find out, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>

namespace sonde::probe {

enum class trace_method : std::uint8_t {
    udp,   ///< datagrams to a port where nobody listens
    icmp,  ///< echo requests
    tcp,   ///< SYN segments; where a raw socket is forbidden, connecting sockets
};

/// `udp`, `icmp`, `tcp`.
[[nodiscard]] std::string_view to_string(trace_method m) noexcept;

enum class trace_goal : std::uint8_t {
    path,   ///< who is on the way
    paths,  ///< every equal-cost path: the multipath detection algorithm
    mtu,    ///< the path MTU, and where it shrinks
};

/// For designated initialisers. A value type.
struct trace_options {
    ip_address destination = {};
    trace_goal goal = trace_goal::path;
    trace_method method = trace_method::udp;
    /// Destination port of UDP and TCP: one for all probes, so that they are one flow (Paris traceroute). 0: 33434 for
    /// UDP, 80 for TCP.
    std::uint16_t port = 0;
    std::uint8_t first_hop = 1;
    std::uint8_t max_hops = 30;
    std::uint8_t queries = 3;  ///< probes per hop and round
    std::uint8_t retries = 1;  ///< further probes to a hop that was silent though later ones answer
    std::uint32_t rounds = 1;  ///< 0: no end
    duration round_interval = std::chrono::seconds{1};  ///< from the beginning of one round to that of the next
    /// How long a probe is waited for: `wait`; once another probe of its hop was answered, at most `here` times that
    /// round-trip time; else, once a later hop was, at most `near` times that one (traceroute's -w max,here,near).
    /// Behind the last hop that answers, `near` times the slowest so far, but at least `tail`. Never less than 10 ms: a
    /// router makes its errors on a slow path.
    duration wait = std::chrono::seconds{5};
    double here = 3;
    double near = 10;
    duration tail = std::chrono::seconds{1};
    duration send_wait{};           ///< between two probes of this trace
    std::uint16_t packet_size = 0;  ///< bytes of the IP packet; 0: 60 for IPv4, 80 for IPv6. TCP SYNs have their own
    std::optional<std::uint8_t> traffic_class = {};
    ip_address source = {};       ///< `::` for the kernel's choice
    std::uint32_t interface = 0;  ///< index, 0 for the routing table's
    bool dont_fragment = false;
    double confidence = 0.95;  ///< of `paths`: that no next hop of a load balancer was missed, for each of them
};

}  // namespace sonde::probe
