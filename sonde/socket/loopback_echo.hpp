// The proof that an ICMP socket works: one echo to this machine's own loopback address, and its reply.
#pragma once

#include <cstdint>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/icmp_socket.hpp>

namespace sonde::socket {

inline constexpr duration loopback_patience = std::chrono::milliseconds{500};

/// What became of it, step by step; the errors are errno values, 0 where that step went well. A value type.
struct loopback_echo {
    int open_error = 0;
    int send_error = 0;          ///< of bind or send
    bool answered = false;       ///< our own bytes came back in an echo reply in time
    bool tx_stamp = false;       ///< the kernel delivered its timestamp of our send, with our send's number (OPT_ID)
    bool rx_stamp = false;       ///< the reply carried a kernel timestamp
    std::uint32_t truesize = 0;  ///< what the unread reply took of the receive buffer, bytes; 0 when unknown

    [[nodiscard]] bool opened() const noexcept { return open_error == 0; }
};

/// Opens a socket (CAP_NET_RAW is raised for a raw one when it is permitted), asks 127.0.0.1 or ::1, waits at most
/// `loopback_patience`, and closes it. No packet leaves the machine.
[[nodiscard]] loopback_echo try_loopback_echo(family version, icmp_socket_kind kind);

/// All four, tried one after the other: 2 s when every one of them opens and none is answered.
struct loopback_echoes {
    loopback_echo datagram_v4;
    loopback_echo datagram_v6;
    loopback_echo raw_v4;
    loopback_echo raw_v6;

    /// The best proof there is: unprivileged first; null when none was answered.
    [[nodiscard]] const loopback_echo* first_answered() const noexcept;
};

[[nodiscard]] loopback_echoes try_loopback_echoes();

}  // namespace sonde::socket
