// A scenario: what an internet in memory consists of, as plain data. `read_scenario` (scenario_file.hpp) makes one from
// TOML; `network` (network.hpp) carries packets over it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/prefix.hpp>
#include <sonde/base/time.hpp>
#include <sonde/wire/icmp_extension.hpp>

namespace sonde::sim {

/// Index into `scenario::nodes` or `scenario::links`.
using node_index = std::uint32_t;
using link_index = std::uint32_t;

enum class node_kind : std::uint8_t {
    outside,   ///< where packets enter and leave the simulation: this machine, in a lab behind a TUN device
    router,    ///< forwards
    host,      ///< answers for its addresses, never forwards
    nat,       ///< a router that translates the sources behind it (RFC 3022, address and port)
    firewall,  ///< a router with rules
};

/// How a router spreads packets over next hops of equal cost.
enum class balance : std::uint8_t {
    flow,    ///< by a hash of addresses, protocol and ports (of ICMP: identifier and checksum), salted per node
    packet,  ///< one after another
    none,    ///< the first always
};

/// How a node makes ICMP errors (time exceeded, unreachable, too big): RFC 1812 section 4.3, RFC 4443 section 2.4.
struct error_behaviour {
    bool silent = false;  ///< none
    duration delay{};     ///< the slow path
    duration jitter{};    ///< the delay is drawn from delay to delay + jitter
    double rate = 0;      ///< errors a second over all who ask, 0 for no limit
    std::uint32_t burst = 1;
    std::vector<wire::mpls_label> mpls = {};  ///< RFC 4950, top of stack first
    bool interface_information = false;       ///< RFC 5837: index, address, name and MTU of the incoming interface
    /// RFC 4884's length field stays zero, as with routers from before it: the structure begins at byte 128.
    bool legacy_extension = false;
    bool bad_checksum = false;  ///< of the ICMP message
    std::optional<std::uint16_t> quote =
        {};  ///< bytes quoted after the IP header (8: RFC 792); all that fits otherwise
    std::optional<ip_address> source_v4 = {};  ///< errors come from there and not from the incoming interface
    std::optional<ip_address> source_v6 = {};
    std::uint8_t ttl = 255;  ///< TTL or hop limit that errors (and echo replies) leave with
};

enum class port_state : std::uint8_t {
    closed,    ///< UDP: port unreachable; TCP: reset
    open,      ///< UDP: swallowed; TCP: handshake and close
    echo,      ///< the payload comes back (TCP: as open)
    filtered,  ///< silence
};

struct ports {
    port_state otherwise = port_state::closed;
    std::map<std::uint16_t, port_state> at = {};

    [[nodiscard]] port_state of(std::uint16_t port) const {
        const auto found = at.find(port);
        return found == at.end() ? otherwise : found->second;
    }
};

/// How a node answers what is addressed to it.
struct host_behaviour {
    bool echo = true;            ///< answers echo requests
    bool broadcast_echo = true;  ///< and those to a broadcast address of its link (RFC 1122 section 3.2.2.6 lets it)
    duration delay{};            ///< before any answer
    duration jitter{};
    /// Everything is answered with destination unreachable and this code (of ICMP or ICMPv6).
    std::optional<std::uint8_t> unreachable_code = {};
    ports udp = {};
    ports tcp = {};
};

/// A firewall's rule; the first that matches decides, what matches none passes. What is empty matches everything.
struct firewall_rule {
    std::optional<std::uint8_t> protocol = {};  ///< 1, 6, 17, 58
    std::optional<std::uint16_t> port = {};     ///< destination port
    std::optional<prefix> source = {};
    std::optional<prefix> destination = {};
    enum class verdict : std::uint8_t { pass, drop, reject } then = verdict::drop;
    std::uint8_t reject_code = 13;  ///< of destination unreachable; 13: administratively prohibited (ICMPv6: 1)
};

struct nat_behaviour {
    std::vector<prefix> inside = {};    ///< sources that are translated, when they leave to elsewhere
    std::optional<ip_address> v4 = {};  ///< what they are translated to
    std::optional<ip_address> v6 = {};
    std::uint32_t mappings = 65536;  ///< at most; then new flows are dropped and counted
    /// How long a mapping lives that nobody inside uses; otherwise what the RFCs ask for its protocol.
    std::optional<duration> idle = {};
    bool translates_quotes = true;  ///< the packet quoted in an error is translated back, as it must be (RFC 5508)
};

/// How a router treats what it forwards.
struct forwarding_behaviour {
    bool decrements_ttl = true;                      ///< false: inside a tunnel that does not show (RFC 3443)
    std::optional<std::uint8_t> traffic_class = {};  ///< TOS or traffic class is rewritten to this
    sim::balance balance = balance::flow;
};

struct interface_address {
    ip_address address;
    std::uint8_t length = 32;  ///< of its prefix in bits
};

struct node {
    std::string name;
    node_kind kind = node_kind::router;
    /// Its own, on no link: what an interface without addresses of its own answers from, too.
    std::vector<interface_address> addresses = {};
    bool anycast = false;  ///< `addresses` may be those of other nodes that say so too: the nearest answers
    error_behaviour errors = {};
    host_behaviour host = {};
    forwarding_behaviour forwarding = {};
    nat_behaviour nat = {};
    std::vector<firewall_rule> rules = {};
    bool down = false;
};

/// What happens to a packet on its way over a link, in each direction. Probabilities from 0 to 1.
struct link_behaviour {
    duration delay{};
    duration jitter{};  ///< the delay is drawn from delay to delay + jitter; packets keep their order nevertheless
    double loss = 0;
    double duplicate = 0;
    double reorder = 0;          ///< such a packet overtakes: it waits for `delay` alone and for no one before it
    double corrupt = 0;          ///< one bit after the IP header is changed
    double bandwidth = 0;        ///< bits a second, 0 for no limit
    std::uint32_t queue = 1000;  ///< packets that wait for a link with `bandwidth`, at most
    std::uint32_t mtu = 1500;
    std::uint32_t cost = 1;  ///< of the shortest path
    bool down = false;
};

struct link_end {
    node_index node = 0;
    std::vector<interface_address> addresses = {};
};

/// Two or more ends: more than two are a LAN, where every end reaches every other.
struct link {
    std::string name;  ///< `a-b`, unless given
    std::vector<link_end> ends;
    link_behaviour behaviour = {};
    /// From the second end to the first, where it differs (two ends only).
    std::optional<link_behaviour> backwards = {};
};

/// A route that is given and not computed; more than one next hop share as `balance` says.
struct route {
    node_index at = 0;
    prefix to;
    std::vector<node_index> via = {};  ///< neighbours by a link; none: destination unreachable (a reject route)
    bool blackhole = false;            ///< dropped without a word
};

/// Thousands of hosts behind one router without a node each. Whether an address of the prefix answers, and how late, is
/// drawn from the seed and the address.
struct population {
    std::string name;
    node_index behind = 0;
    prefix addresses;
    double answering = 1;  ///< the share of addresses that exist
    /// What asks for one that does not exist is dropped, or reported by `behind` as host unreachable.
    bool report_missing = false;
    host_behaviour host = {};
    double loss = 0;
};

/// From `at` on (since the start), something is different.
struct change {
    duration at{};
    std::uint32_t line = 0;  ///< in the file
    struct link_change {
        link_index link = 0;
        link_behaviour behaviour = {};  ///< replaces both directions'
    };
    struct node_change {
        node_index node = 0;
        bool down = false;
        error_behaviour errors = {};
        host_behaviour host = {};
        forwarding_behaviour forwarding = {};
    };
    struct routes_change {
        std::vector<route> routes;  ///< replace those of the same node and prefix
    };
    std::variant<link_change, node_change, routes_change> what;
};

/// A value type.
struct scenario {
    std::string name;
    std::uint64_t seed = 1;
    std::uint32_t events_limit = 1U << 20;  ///< packets on their way at a time, at most; more are dropped and counted
    std::vector<node> nodes;
    std::vector<link> links;
    std::vector<route> routes;
    std::vector<population> populations;
    std::vector<change> changes;  ///< by ascending time

    [[nodiscard]] std::optional<node_index> find_node(std::string_view wanted) const noexcept {
        for (node_index i = 0; i < nodes.size(); ++i) {
            if (nodes[i].name == wanted) return i;
        }
        return std::nullopt;
    }
    /// Calls `visit(node_index, const ip_address&)` for every address: of the nodes themselves, then of their ends of
    /// links.
    template <class Visitor>
    void each_address(Visitor&& visit) const {
        for (node_index n = 0; n < nodes.size(); ++n) {
            for (const interface_address& a : nodes[n].addresses) visit(n, a.address);
        }
        for (const link& l : links) {
            for (const link_end& end : l.ends) {
                for (const interface_address& a : end.addresses) visit(end.node, a.address);
            }
        }
    }
    /// The first node that is outside: where whoever asks sits.
    [[nodiscard]] std::optional<node_index> vantage() const noexcept {
        for (node_index i = 0; i < nodes.size(); ++i) {
            if (nodes[i].kind == node_kind::outside) return i;
        }
        return std::nullopt;
    }
};

}  // namespace sonde::sim
