// A socket that carries ICMP echo messages: an unprivileged datagram socket, or a raw one where those are forbidden.
#pragma once

#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <span>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/path_mtu.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

enum class icmp_socket_kind : std::uint8_t {
    datagram,  ///< SOCK_DGRAM: the kernel chooses the identifier and computes the checksum
    raw,       ///< SOCK_RAW with the kernel's ICMP type filter: echo replies and errors only
};

struct icmp_socket_options {
    int receive_buffer = 4 << 20;       ///< bytes to ask for; the system may give less
    int send_buffer = 4 << 20;          ///< the same; pings that wait for ARP or ND stay in it
    std::optional<std::uint32_t> mark;  ///< SO_MARK, needs CAP_NET_ADMIN or CAP_NET_RAW
    bool broadcast = false;             ///< SO_BROADCAST
    /// Source of all that is sent, where messages cannot carry their own (`messages_carry_source`). `::` and IPv4
    /// addresses leave the socket unbound.
    ip_address source = {};
};

/// One message to send. Borrows the datagram.
struct outgoing {
    bytes_view datagram;
    ip_address destination;
    ip_address source;            ///< `::` for the kernel's choice
    std::uint32_t interface = 0;  ///< 0 for the routing table's
    sonde::path_mtu mtu = path_mtu::system;
    std::optional<std::uint8_t> hop_limit;
    std::optional<std::uint8_t> traffic_class;
};

/// One datagram that came in. Borrows the batch's buffer.
struct incoming {
    bytes_view bytes;  ///< begins with the IP header where `delivers_ip_header()`
    std::uint32_t full_size =
        0;  ///< more than `bytes` where the buffer was short; a datagram socket does not say how much
    ip_address from;
    std::optional<std::uint8_t> hop_limit;
    std::optional<wall_time> received_at;  ///< the kernel's stamp
};

/// One entry of the error queue. Borrows the batch's buffer.
struct queued_error {
    enum class origin : std::uint8_t {
        local,               ///< the send call has reported it already
        icmp,                ///< an ICMP error that quotes one of our datagrams
        transmit_timestamp,  ///< `stamp_id` entered the device layer at `at`, or, in a second entry, reached the device
    };
    origin from = origin::local;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;
    std::uint32_t stamp_id = 0;
    ip_address destination;  ///< of the quoted datagram
    ip_address offender;
    std::optional<wall_time> at;
    bytes_view quoted;  ///< from the ICMP header of the quoted datagram on
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
    friend class icmp_socket;
    struct buffers;
    std::unique_ptr<buffers> buffers_;
};

/// Owns one non-blocking descriptor and nothing else: it does not parse, retry a lost packet or print. Not thread-safe.
/// Source: icmp(7), raw(7), ip(7), the kernel's Documentation/networking/timestamping.rst.
class icmp_socket {
public:
    /// A datagram socket, or a raw one when those are forbidden and CAP_NET_RAW is permitted. The failure names the
    /// mechanism and the commands that grant it; code EAFNOSUPPORT where the system lacks the family.
    [[nodiscard]] static result<icmp_socket> open(family f, const icmp_socket_options& options);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] sonde::family family() const noexcept { return family_; }
    [[nodiscard]] icmp_socket_kind kind() const noexcept { return kind_; }
    /// Of every message that leaves: a datagram socket's "port"; on a raw socket drawn at random, for the caller to
    /// write.
    [[nodiscard]] std::uint16_t identifier() const noexcept { return identifier_; }
    [[nodiscard]] bool delivers_ip_header() const noexcept {
        return kind_ == icmp_socket_kind::raw && family_ == family::v4;
    }
    /// Whether `outgoing::source` has an effect. On an IPv6 datagram socket the kernel ignores it (seen): there the
    /// source is `icmp_socket_options::source`, for all messages.
    [[nodiscard]] bool messages_carry_source() const noexcept {
        return family_ == family::v4 || kind_ == icmp_socket_kind::raw;
    }
    /// Whether transmit timestamps come to the error queue.
    [[nodiscard]] bool stamps_transmits() const noexcept { return stamps_transmits_; }
    /// Bytes that the kernel gave the receive buffer.
    [[nodiscard]] int receive_buffer() const noexcept;

    struct send_result {
        std::size_t sent = 0;  ///< messages that left, from the first on
        int error_number = 0;  ///< why the next one did not; EAGAIN when the send buffer is full, 0 when all left
        std::uint32_t first_stamp = 0;  ///< the stamp id of the first message; the others follow
    };
    /// At most `send_limit` messages in one call. An error that an earlier message left on the socket is not blamed on
    /// this one: each failure is tried once more.
    [[nodiscard]] send_result send(std::span<const outgoing> messages);
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

private:
    icmp_socket(descriptor fd, sonde::family f, icmp_socket_kind kind) noexcept;

    [[nodiscard]] result<void> configure(const icmp_socket_options& options);
    [[nodiscard]] result<void> choose_identifier(const ip_address& source);
    void ask_for_buffers(const icmp_socket_options& options) noexcept;
    void ask_for_timestamps() noexcept;
    void set_path_mtu(path_mtu mtu) noexcept;
    [[nodiscard]] std::size_t receive_with(receive_batch& batch, int flags);

    descriptor fd_;
    sonde::family family_;
    icmp_socket_kind kind_;
    bool stamps_transmits_ = false;
    std::uint16_t identifier_ = 0;
    std::uint32_t next_stamp_ = 0;  // mirrors the kernel's counter for SOF_TIMESTAMPING_OPT_ID
    int system_path_mtu_ = 0;       // the option's value before anyone changed it
    path_mtu mtu_ = path_mtu::system;
};

}  // namespace sonde::socket
