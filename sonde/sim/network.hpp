// An internet in memory: carries IP packets over a scenario's links and routers, and lets its routers and hosts answer.
// No I/O, no clock: the caller says what time it is, real or virtual.
//
//     network net(scenario);
//     net.send(now, outside, packet);                 // from a node that is `outside`
//     net.advance(net.next_deadline());               // under virtual time; in real time at the deadline
//     while (auto arrived = net.poll_delivery()) ...  // at a node that is `outside`
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

/// Why a packet ended where it did; one each, so that every packet is counted exactly once.
enum class fate : std::uint8_t {
    delivered,   ///< handed to a node that is outside
    answered,    ///< reached a host or router, which answered
    absorbed,    ///< the same, and there was nothing to answer (an error, a reset, an open UDP port)
    expired,     ///< TTL or hop limit ran out
    no_route,    ///< nobody knows the way
    rejected,    ///< a route or a firewall says so, with an error
    blackholed,  ///< a route says so, without one
    filtered,    ///< by a firewall, or at a port that is filtered
    too_big,     ///< for the next link, and not to be fragmented
    malformed,   ///< no IP packet, or its header's checksum is wrong
    lost,        ///< by chance, on a link
    queue_full,  ///< of a link with a bandwidth
    link_down,
    node_down,
    no_such_host,  ///< of a population or a LAN
    nat_full,
    reassembly,  ///< a fragment that was never completed
    overload,    ///< `scenario::events_limit`
};
inline constexpr std::size_t fate_count = static_cast<std::size_t>(fate::overload) + 1;

/// `delivered`, `no_route`, ...: for programs and people.
[[nodiscard]] std::string_view to_string(fate f) noexcept;

struct node_counts {
    std::uint64_t received = 0;  ///< packets that came to it over links (and, where it is outside, from outside)
    std::uint64_t forwarded = 0;
    std::uint64_t originated = 0;        ///< answers and errors that it made
    std::uint64_t errors_held_back = 0;  ///< ICMP errors that it did not make: silent, or over its rate
    std::uint64_t fragmented = 0;        ///< fragments made beyond the first
    std::uint64_t reassembled = 0;       ///< fragments that went into a whole beyond the first
    std::array<std::uint64_t, fate_count> ended{};
};

/// One direction: towards its second end, or (backwards) towards its first; of a LAN all together.
struct link_counts {
    std::uint64_t packets = 0;  ///< handed to the link
    std::uint64_t bytes = 0;
    std::uint64_t carried = 0;  ///< came out, duplicates included
    std::uint64_t lost = 0;
    std::uint64_t queue_full = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;
    std::uint64_t corrupted = 0;
    std::uint64_t down = 0;
    std::uint64_t on_the_way = 0;
};

/// injected + originated + duplicated + fragmented = all that ended + on the way + reassembled.
struct network_counts {
    std::uint64_t injected = 0;
    std::uint64_t originated = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t fragmented = 0;
    std::uint64_t reassembled = 0;
    std::uint64_t forwarded = 0;  ///< hops, over all packets
    std::uint64_t on_the_way = 0;
    std::array<std::uint64_t, fate_count> ended{};

    [[nodiscard]] std::uint64_t operator[](fate f) const noexcept { return ended[static_cast<std::size_t>(f)]; }
    [[nodiscard]] bool adds_up() const noexcept;
};

/// A machine. One thread at a time. The same scenario, packets and times give the same packets and times back, byte for
/// byte. Sources: RFC 1812, RFC 1122, RFC 8200, RFC 4443.
class network {
public:
    /// The scenario is one that `read_scenario` or `check_scenario` found to be in order. Its time begins at `start`.
    explicit network(sim::scenario s, time_point start = time_point{});
    network(network&&) noexcept;
    network& operator=(network&&) noexcept;
    ~network();

    [[nodiscard]] const sim::scenario& scenario() const noexcept;

    /// A packet leaves the node `from`, which is outside. It may be anything: what is no IP packet is counted.
    void send(time_point now, node_index from, bytes_view packet);

    /// Everything that happens up to and at `now`, in the order of time.
    void advance(time_point now);
    /// When `advance` will have something to do; `time_point::max()` when nothing is on its way (changes to come do not
    /// count).
    [[nodiscard]] time_point next_deadline() const noexcept;

    struct delivery {
        node_index node;
        time_point at;      ///< when it arrived, at or before the `now` of the last call
        bytes_view packet;  ///< borrowed until the next call of a non-const member
    };
    /// In the order of arrival. Deliveries that nobody takes are bounded by `events_limit` too.
    [[nodiscard]] std::optional<delivery> poll_delivery();

    [[nodiscard]] const network_counts& counts() const noexcept;
    [[nodiscard]] const node_counts& node(node_index n) const noexcept;
    [[nodiscard]] const link_counts& link(link_index l, bool backwards = false) const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The truth that a tracer is to find: who would answer for each TTL, with every link up to its promises (no loss, no
/// rate limits, no silence).
struct true_hop {
    struct responder {
        ip_address address;  ///< what its errors (or answers) come from
        bool silent = false;
        bool is_target = false;
        friend auto operator<=>(const responder&, const responder&) = default;
    };
    std::vector<responder> responders;  ///< over all flows, ascending by address
    /// From a responder of the hop before (its index there; the first hop has none) to one of these.
    struct edge {
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        friend auto operator<=>(const edge&, const edge&) = default;
    };
    std::vector<edge> edges;
};

/// Hops from the outside node `from` to `destination`, at most `max_hops`, as routed at `at` after the start, over
/// every choice that a balancer may take. Ends at the destination, where the way ends, or where a loop closes. These
/// are the ways of flows, each of which ends once: where equal ways differ in length, who ended a shorter one answers
/// for every greater TTL too, and is listed there only if another way ends just there.
[[nodiscard]] std::vector<true_hop> true_paths(const scenario& s, node_index from, const ip_address& destination,
                                               duration at = {}, std::uint8_t max_hops = 64);

}  // namespace sonde::sim
