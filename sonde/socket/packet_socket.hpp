// A packet socket (packet(7)): frames below the network layer, beside the kernel's own stack and its firewall.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

/// For whom a frame was (PACKET_HOST, ...), or that it left.
enum class packet_type : std::uint8_t { host = 0, broadcast = 1, multicast = 2, other_host = 3, outgoing = 4 };

/// A VLAN tag that the kernel took out of the frame.
struct vlan_tag {
    std::uint16_t tpid = 0x8100;
    std::uint16_t tci = 0;  ///< priority, DEI, identifier
    friend bool operator==(const vlan_tag&, const vlan_tag&) = default;
};

/// What the kernel says of a frame. A value type.
struct frame_meta {
    std::optional<wall_time> at = {};  ///< the kernel's stamp
    std::uint32_t interface = 0;       ///< index
    packet_type type = packet_type::host;
    std::uint16_t protocol = 0;       ///< ethertype
    std::uint16_t hardware_type = 0;  ///< ARPHRD_* of the interface
    std::uint8_t address_size = 0;    ///< of the link address that follows, at most 8 bytes kept
    std::array<std::byte, 8> address{};
    std::optional<vlan_tag> tag = {};
    std::uint32_t full_size = 0;  ///< on the wire; more than was captured where the snap length cut it
    bool checksum_unfinished =
        false;  ///< TP_STATUS_CSUMNOTREADY: local traffic whose transport checksum is not there yet
    bool checksum_verified = false;  ///< TP_STATUS_CSUM_VALID
};

struct packet_socket_options {
    std::uint32_t interface = 0;  ///< index; 0: all
    /// Without the link header (SOCK_DGRAM): the only common ground of different interfaces.
    bool cooked = false;
    /// Receives nothing: for sending alone, at no cost to the receive path.
    bool send_only = false;
    bool promiscuous = false;  ///< on that interface
    bool all_multicast = false;
    int receive_buffer = 4 << 20;  ///< without a ring
    int send_buffer = 4 << 20;
};

/// Owns one non-blocking descriptor and nothing else. One thread at a time. Needs CAP_NET_RAW, which is raised around
/// the opening alone; everything after that needs none. It never receives what it sent itself; other sockets on the
/// interface do, as `packet_type::outgoing`.
class packet_socket {
public:
    /// Opens, and captures nothing yet: `start` does. The failure names the capability and the commands that grant it.
    [[nodiscard]] static result<packet_socket> open(const packet_socket_options& options);

    /// Attaches the filter and begins to receive: not one frame that the filter refuses is delivered, also not one that
    /// came between opening and attaching. Also changes the filter of a socket that receives already: `receive` gives
    /// none then that the former one let in, but a ring keeps those that lie in it (`bpf_filter::nothing()` so ends a
    /// capture: what came before is still there to read). Fails with ENETDOWN when the interface is down: all else is
    /// done then, and it hears when it is up.
    [[nodiscard]] result<void> start(const bpf_filter& filter);

    /// Binds to an interface again: after the one it was bound to was deleted (`take_error` says ENETDOWN, `send`
    /// ENXIO) and made anew. Filter and memberships go along. Needs no privilege. One that merely went down and up
    /// again needs no call. Fails with ENETDOWN when the interface is down: it is bound then, and hears when it is up.
    [[nodiscard]] result<void> rebind(std::uint32_t interface);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] std::uint32_t interface() const noexcept { return options_.interface; }
    [[nodiscard]] bool cooked() const noexcept { return options_.cooked; }

    struct send_result {
        std::size_t sent = 0;  ///< frames that left, from the first on
        int error_number = 0;  ///< why the next one did not; EAGAIN when the send buffer is full, 0 when all left
        /// No fault of the frame: EAGAIN (wait for POLLOUT), or ENOBUFS (the device's queue is full; the frame is lost,
        /// and no event tells when there is room).
        [[nodiscard]] bool full() const noexcept;
    };
    /// Frames with their link headers, through the interface that the socket is bound to; sendmmsg in batches. EMSGSIZE
    /// says that the frame is too large for the interface.
    [[nodiscard]] send_result send(std::span<const bytes_view> frames);
    /// One frame in pieces (vectored), through `interface` (0: the bound one). The failure names the interface, and
    /// what it takes when the frame is too large for it.
    [[nodiscard]] result<void> send_pieces(std::span<const bytes_view> pieces, std::uint32_t interface = 0);

    struct received {
        bytes_view bytes;  ///< in the caller's buffer
        frame_meta meta;
    };
    /// One frame without a ring, for a handful of frames; nothing when none waits. `buffer` bounds what is kept. A VLAN
    /// tag is in `meta` alone.
    [[nodiscard]] std::optional<received> receive(bytes_span buffer);

    /// Takes and clears the socket's error, also one that `receive` came across: ENETDOWN after the interface went down
    /// or away.
    int take_error() noexcept;

    struct statistics {
        std::uint64_t passed = 0;   ///< frames that passed the filter, dropped ones included
        std::uint64_t dropped = 0;  ///< for want of room
    };
    /// Since the socket was opened: the kernel's counters, which reading clears, added up.
    [[nodiscard]] statistics read_statistics() noexcept;

private:
    friend class packet_ring;
    packet_socket(descriptor fd, const packet_socket_options& options) noexcept;

    [[nodiscard]] result<void> configure();
    [[nodiscard]] bool attach(const bpf_filter& filter) const;
    [[nodiscard]] result<void> bind_to(std::uint16_t protocol);
    [[nodiscard]] result<void> join_memberships() const;
    [[nodiscard]] result<void> join(int membership) const;
    void drain() const noexcept;

    struct send_batch;
    struct send_batch_release {
        void operator()(send_batch* batch) const noexcept;
    };
    descriptor fd_;
    packet_socket_options options_;
    std::uint32_t snap_length_ = 262144;  // what an accepted frame is cut to at most
    bool started_ = false;
    int error_ = 0;  // of a receive call, until it is taken
    statistics total_;
    std::unique_ptr<send_batch, send_batch_release> batch_;  // made by the first `send`
};

}  // namespace sonde::socket
