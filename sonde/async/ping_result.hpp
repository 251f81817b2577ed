// What `async_ping` is asked and what it completes with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/echo_profile.hpp>
#include <sonde/probe/event.hpp>

namespace sonde {

/// Options of one ping, for designated initialisers: `{.timeout = 500ms, .hop_limit = 3}`. What can be set per datagram
/// is, so that pings with different options share a socket.
struct ping_options {
    duration timeout = std::chrono::seconds{1};  ///< from the send on
    std::uint16_t payload_size = 56;             ///< bytes, at most `probe::echo_profile::largest_payload`
    probe::payload_pattern pattern = {};
    std::optional<std::uint8_t> hop_limit = {};      ///< TTL or hop limit
    std::optional<std::uint8_t> traffic_class = {};  ///< TOS or traffic class: DSCP and ECN
    ip_address source = {};                          ///< `::` for the kernel's choice
    std::uint32_t interface = 0;                     ///< index, 0 for the routing table's
    path_mtu mtu = path_mtu::system;                 ///< don't-fragment
    bool broadcast = false;  ///< the address may be a broadcast one; the listener must allow it too
    duration linger = {};    ///< after the reply: how long to count duplicates before completing

    [[nodiscard]] probe::echo_profile profile() const;
};

/// The address answered.
struct ping_reply {
    duration rtt{};
    clock_source clock = clock_source::user;  ///< which clocks bracket `rtt`
    ip_address from;
    std::optional<std::uint8_t> hop_limit;  ///< of the reply when it arrived
    std::uint32_t size = 0;                 ///< bytes of the ICMP message, header included
    probe::answer_kind answer = probe::answer_kind::unicast;
    bool truncated = false;        ///< shorter than what was sent
    bool unverified = false;       ///< matched by address and sequence; the token was missing or changed
    std::uint32_t duplicates = 0;  ///< further answers during `ping_options::linger`
    std::optional<probe::corruption> corrupt;
};

/// Somebody on the way reported that the ping did not get through.
struct icmp_error {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;  ///< next-hop MTU, pointer or gateway; 0 when unknown
    ip_address from;
    std::string name;  ///< `host_unreachable`, `time_exceeded_in_transit`, ...
    duration rtt{};
};

struct timed_out {
    bool uncertain = false;  ///< the kernel dropped something of ours meanwhile, perhaps the reply
};

/// The send call failed: nothing was asked.
struct send_failed {
    std::error_code why;
};

struct local_drop {};  ///< a queue of this machine was full
struct cancelled {};
struct closed {};  ///< the listener was destroyed

using ping_outcome = std::variant<ping_reply, icmp_error, timed_out, send_failed, local_drop, cancelled, closed>;

/// A value type. Silence is an outcome, not an error: nothing here throws for want of a reply.
struct ping_result {
    ip_address target;
    std::uint16_t sequence = 0;  ///< ICMP sequence number on the wire
    ping_outcome outcome = closed{};

    /// Null unless the address answered.
    [[nodiscard]] const ping_reply* reply() const noexcept { return std::get_if<ping_reply>(&outcome); }
    explicit operator bool() const noexcept { return reply() != nullptr; }

    /// From an outcome event of a prober, which is used up.
    [[nodiscard]] static ping_result from(probe::event&& e);
};

}  // namespace sonde
