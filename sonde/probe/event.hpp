// What an echo prober reports: one event per outcome, and one per frame that changes nothing but is worth knowing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>

namespace sonde::probe {

enum class event_kind : std::uint8_t {
    // Outcomes: exactly one per ping.
    reply,
    icmp_error,
    timed_out,
    send_failed,  ///< `error_number` says why
    local_drop,   ///< a queue of this machine was full (ENOBUFS)
    cancelled,
    closed,
    // Notices: the ping has its outcome already, or keeps waiting for it.
    duplicate,     ///< a further answer to a ping that was answered
    late,          ///< an answer to a ping that had timed out
    advice,        ///< source quench or redirect: the ping goes on
    wrong_source,  ///< our token came back from an address that was not asked
    damaged,       ///< an answer whose ICMP checksum is wrong
    settled,       ///< the ping's `linger` is over: no further duplicate will be credited to it
    sent,          ///< handed over for sending; only when `echo_prober_options::announce_sends` asks for it
};

[[nodiscard]] constexpr bool is_outcome(event_kind kind) noexcept {
    return kind <= event_kind::closed;
}

/// Whose answer it is, judged by the destination of the request (RFC 1122 section 3.2.2.6, RFC 4443 section 4.2).
enum class answer_kind : std::uint8_t {
    unicast,
    broadcast,
    multicast,
    anycast,  ///< IPv6: our token came back from another unicast address than the one asked
};

/// The payload came back changed.
struct corruption {
    std::size_t offset = 0;  ///< first byte of the payload that differs
    std::uint8_t expected = 0;
    std::uint8_t actual = 0;
    std::vector<std::byte> payload;  ///< all of it, as it came
};

/// A value type, moved out of the prober by `poll_event`.
struct event {
    event_kind kind = event_kind::reply;
    clock_source clock = clock_source::user;
    answer_kind answer = answer_kind::unicast;
    bool has_hop_limit = false;
    std::uint8_t hop_limit = 0;
    std::uint8_t icmp_type = 0;  ///< icmp_error and advice
    std::uint8_t icmp_code = 0;
    bool series = false;     ///< of a target added with `add_target`: `id` is made by `series_id`
    bool truncated = false;  ///< shorter than what was sent
    bool bad_checksum = false;
    bool uncertain = false;      ///< timed_out, and the kernel dropped something of ours meanwhile
    bool unverified = false;     ///< matched by address and sequence only: the token was missing or changed
    std::uint16_t sequence = 0;  ///< the ICMP sequence number on the wire
    std::uint32_t size = 0;      ///< bytes of the ICMP message that came back, header included
    std::uint32_t info = 0;      ///< next-hop MTU, pointer or gateway of an ICMP error; 0 when unknown
    int error_number = 0;        ///< send_failed and local_drop: errno
    std::uint64_t id = 0;        ///< the caller's
    ip_address target = {};      ///< who was asked
    ip_address from = {};        ///< who answered, or reported the error
    time_point at{};             ///< when it was decided
    duration rtt{};              ///< reply, duplicate, late and icmp_error only
    std::unique_ptr<corruption> corrupt = {};
};

/// The id of a series' ping: which target (in the order they were added), and its number from 1 on.
[[nodiscard]] constexpr std::uint64_t series_id(std::uint32_t target, std::uint32_t ordinal) noexcept {
    return (std::uint64_t{target} << 32) | ordinal;
}
[[nodiscard]] constexpr std::uint32_t series_target(std::uint64_t id) noexcept {
    return static_cast<std::uint32_t>(id >> 32);
}
[[nodiscard]] constexpr std::uint32_t series_ordinal(std::uint64_t id) noexcept {
    return static_cast<std::uint32_t>(id);
}

}  // namespace sonde::probe
