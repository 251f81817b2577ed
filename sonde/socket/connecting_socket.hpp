// A TCP connection that is begun and given up as soon as somebody has answered: how an unprivileged process sends a SYN
// with a hop limit of its own and sees who stopped it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/error_queue.hpp>

namespace sonde::socket {

struct connection_request {
    ip_address destination = {};
    std::uint16_t port = 80;
    ip_address source = {};       ///< `::` for the kernel's choice
    std::uint32_t interface = 0;  ///< index, 0 for the routing table's
    std::optional<std::uint8_t> hop_limit = {};
    std::optional<std::uint8_t> traffic_class = {};
};

/// Owns one non-blocking descriptor. One thread at a time. The kernel sends the SYN again after a second
/// (`retransmits_after`): who wants one SYN for each probe destroys it before that. A connection that was made is reset
/// when this goes (SO_LINGER 0). Source: tcp(7), ip(7).
class connecting_socket {
public:
    static constexpr duration retransmits_after = std::chrono::seconds{1};

    /// The SYN has left when this returns, or failed to: the code says why (EMFILE, ENETUNREACH, EADDRNOTAVAIL, ...).
    [[nodiscard]] static result<connecting_socket> begin(const connection_request& request);

    /// Readable, writable or in error when `look` has something to tell.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    enum class state : std::uint8_t {
        under_way,
        connected,
        refused,     ///< a reset
        icmp_error,  ///< `error`
        failed,      ///< `error_number`
    };
    struct report {
        state what = state::under_way;
        int error_number = 0;
        /// Of an ICMP error. Borrows the socket's own buffer, until the next call.
        queued_error error = {};
    };
    [[nodiscard]] report look() noexcept;

private:
    connecting_socket(descriptor fd, sonde::family f) noexcept : fd_(std::move(fd)), family_(f) {}
    [[nodiscard]] std::optional<queued_error> next_error() noexcept;

    descriptor fd_;
    sonde::family family_;
    int failed_at_once_ = 0;  // of connect(2), which on loopback may know the end
    std::array<std::byte, 1500> quoted_{};
};

}  // namespace sonde::socket
