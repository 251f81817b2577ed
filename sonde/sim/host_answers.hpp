// What a host answers to a packet that is for it: echo, UDP and TCP ports, protocols that it does not know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/sim/network.hpp>
#include <sonde/sim/packet_facts.hpp>
#include <sonde/sim/scenario.hpp>

namespace sonde::sim {

struct answering_host {
    const host_behaviour& behaviour;
    ip_address own;  ///< what answers come from: the address that was asked, unless that is a broadcast
    bool to_broadcast = false;
    std::uint8_t ttl = 64;             ///< of answers
    std::uint16_t identification = 0;  ///< of IPv4 answers
    std::uint64_t key = 0;             ///< of TCP's sequence numbers
};

struct host_answer {
    fate ended = fate::absorbed;
    std::size_t size = 0;  ///< of the packet that was written; 0: none
    /// An ICMP error is the answer, which the caller makes or holds back.
    struct error {
        std::uint8_t type = 0;
        std::uint8_t code = 0;
        std::uint32_t rest = 0;
    };
    std::optional<error> report = {};
};

/// The largest packet that an answer may be, IPv6 header included.
inline constexpr std::size_t answer_max = 65535 + 40;

/// `packet` is whole. `out` has `answer_max` bytes.
[[nodiscard]] host_answer answer_at_host(const answering_host& host, bytes_view packet, const packet_facts& facts,
                                         bytes_span out) noexcept;

}  // namespace sonde::sim
