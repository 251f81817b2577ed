// The error queue of a socket (IP_RECVERR, IPV6_RECVERR: ip(7)): ICMP errors with what they quote, and transmit stamps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <sys/socket.h>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>

namespace sonde::socket {

/// One entry. Borrows the buffer that it was read into.
struct queued_error {
    enum class origin : std::uint8_t {
        local,               ///< the send call has reported it already
        icmp,                ///< an ICMP error that quotes one of our datagrams
        transmit_timestamp,  ///< `stamp_id` entered the device layer at `at`, or, in a second entry, reached the device
    };
    origin from = origin::local;
    int error_number = 0;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;
    std::uint32_t stamp_id = 0;
    ip_address destination;              ///< of the quoted datagram
    std::uint16_t destination_port = 0;  ///< the same
    ip_address offender;
    std::optional<std::uint8_t> hop_limit = {};  ///< of the ICMP error, when it arrived
    std::optional<wall_time> at;
    /// What the error quotes: of an ICMP socket from the ICMP header on, of a UDP socket the payload, of a TCP socket
    /// the segment. It may end with what an old router put behind it.
    bytes_view quoted;
    /// RFC 4884's structure, where the error's length field says that there is one and the kernel (Linux 5.9) tells.
    /// Nobody has looked into it.
    bytes_view extension = {};
};

/// Room for the control messages of one entry, or of one datagram.
inline constexpr std::size_t receive_control_size = 256;

/// Errors come to the socket's queue from now on, with their hop limit and extension. False: the system refused, and
/// `errno` says why.
[[nodiscard]] bool ask_for_errors(int fd, family f) noexcept;

/// From what `recvmsg` with MSG_ERRQUEUE filled in; `data` is what it wrote into the buffer.
[[nodiscard]] queued_error read_queued_error(const msghdr& message, bytes_view data, family f) noexcept;

}  // namespace sonde::socket
