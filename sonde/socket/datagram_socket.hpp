// What sockets that probe with datagrams have alike: sending in batches with wishes for each datagram, receiving in
// batches, the error queue, timestamps at both ends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/path_mtu.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/descriptor.hpp>
#include <sonde/socket/error_queue.hpp>

namespace sonde::socket {

/// One datagram to send. Borrows its bytes.
struct outgoing {
    bytes_view datagram;
    ip_address destination;
    std::uint16_t port = 0;       ///< of the destination, on sockets that have ports
    ip_address source;            ///< `::` for the kernel's choice
    std::uint32_t interface = 0;  ///< 0 for the routing table's
    sonde::path_mtu mtu = path_mtu::system;
    std::optional<std::uint8_t> hop_limit;
    std::optional<std::uint8_t> traffic_class;
};

/// One datagram that came in. Borrows the batch's buffer.
struct incoming {
    bytes_view bytes;  ///< of an ICMP socket it begins with the IP header where `delivers_ip_header()`
    std::uint32_t full_size =
        0;  ///< more than `bytes` where the buffer was short; a datagram socket does not say how much
    ip_address from;
    std::uint16_t port = 0;  ///< of the sender, on sockets that have ports
    std::optional<std::uint8_t> hop_limit;
    std::optional<wall_time> received_at;  ///< the kernel's stamp
};

/// Buffers for one call that receives many datagrams. Reused; owns its memory.
class receive_batch {
public:
    /// `count` datagrams of up to `bytes_each`.
    receive_batch(std::size_t count, std::size_t bytes_each);
    receive_batch(receive_batch&&) noexcept;
    receive_batch& operator=(receive_batch&&) noexcept;
    ~receive_batch();

    [[nodiscard]] std::size_t bytes_each() const noexcept;
    [[nodiscard]] std::size_t capacity() const noexcept;

private:
    friend class datagram_socket;
    struct buffers;
    std::unique_ptr<buffers> buffers_;
};

/// Owns one non-blocking descriptor and nothing else: it does not parse, retry a lost packet or print. Not thread-safe.
/// What kind of datagrams it carries is its maker's business: `icmp_socket`, `udp_socket`. Source: ip(7), ipv6(7), the
/// kernel's Documentation/networking/timestamping.rst.
class datagram_socket {
public:
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] sonde::family family() const noexcept { return family_; }
    /// Whether transmit timestamps come to the error queue.
    [[nodiscard]] bool stamps_transmits() const noexcept { return stamps_transmits_; }
    /// Bytes that the kernel gave the receive buffer.
    [[nodiscard]] int receive_buffer() const noexcept;

    struct send_result {
        std::size_t sent = 0;  ///< datagrams that left, from the first on
        int error_number = 0;  ///< why the next one did not; EAGAIN when the send buffer is full, 0 when all left
        std::uint32_t first_stamp = 0;  ///< the stamp id of the first datagram; the others follow
    };
    /// At most `send_limit` datagrams in one call. An error that an earlier one left on the socket is not blamed on
    /// this one: what fails is tried again, a few times.
    [[nodiscard]] send_result send(std::span<const outgoing> datagrams);
    static constexpr std::size_t send_limit = 64;

    /// Fills the batch; the number of datagrams, 0 when none waits. Errors of the socket read as 0.
    [[nodiscard]] std::size_t receive(receive_batch& batch);
    [[nodiscard]] incoming datagram(const receive_batch& batch, std::size_t index) const;

    /// The same from the error queue.
    [[nodiscard]] std::size_t receive_errors(receive_batch& batch);
    [[nodiscard]] queued_error error(const receive_batch& batch, std::size_t index) const;

    /// Takes and clears SO_ERROR.
    int take_error() noexcept;
    /// Datagrams that the kernel dropped for want of buffer, since the socket was opened (SO_MEMINFO).
    [[nodiscard]] std::uint32_t dropped() const noexcept;

protected:
    datagram_socket(descriptor fd, sonde::family f) noexcept : fd_(std::move(fd)), family_(f) {}

    struct configuration {
        int receive_buffer = 4 << 20;
        int send_buffer = 4 << 20;
        std::optional<std::uint32_t> mark = {};
        bool broadcast = false;
    };
    [[nodiscard]] result<void> configure(const configuration& wanted);

private:
    void ask_for_buffers(const configuration& wanted) noexcept;
    void ask_for_timestamps() noexcept;
    void set_path_mtu(path_mtu mtu) noexcept;
    [[nodiscard]] std::size_t receive_with(receive_batch& batch, int flags);

    descriptor fd_;
    sonde::family family_;
    bool stamps_transmits_ = false;
    std::uint32_t next_stamp_ = 0;  // mirrors the kernel's counter for SOF_TIMESTAMPING_OPT_ID
    int system_path_mtu_ = 0;       // the option's value before anyone changed it
    path_mtu mtu_ = path_mtu::system;
};

}  // namespace sonde::socket
