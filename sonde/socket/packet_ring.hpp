// Frames through memory shared with the kernel (PACKET_RX_RING): no system call per frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <sonde/socket/packet_socket.hpp>

namespace sonde::socket {

/// When the kernel hands frames over.
enum class ring_wake : std::uint8_t {
    per_frame,  ///< TPACKET_V2: at once, for answering
    per_block,  ///< TPACKET_V3: when a block is full or `block_timeout` old, for capturing at high rates
};

struct packet_ring_options {
    packet_socket_options socket = {};
    ring_wake wake = ring_wake::per_block;
    std::size_t memory = 32 << 20;       ///< bytes of ring, rounded up to whole blocks
    std::uint32_t snap_length = 262144;  ///< bytes kept of a frame; a V2 ring has a slot of this size for each frame
    /// Of V3: a block that is not full is handed over after this time, in whole milliseconds, at least one. What came
    /// last is there so long after it came: wait for it once more before closing.
    duration block_timeout = std::chrono::milliseconds{50};
};

/// A frame in the ring. Writable: the kernel does not read it again. At least `headroom` bytes before it are free too.
struct ring_frame {
    bytes_span bytes;
    frame_meta meta;
    static constexpr std::size_t headroom = 4;

    /// The frame with its VLAN tag put back where it was, in place: 4 bytes longer, beginning 4 bytes earlier. Only for
    /// frames with an Ethernet header, once. Without a tag the frame as it is.
    [[nodiscard]] bytes_span with_tag() const noexcept;
};

/// Owns a packet socket and its ring. One thread at a time. Opened, it captures nothing yet: `socket().start(filter)`.
/// Its descriptor is readable (poll) when frames wait.
/// Source: packet(7), the kernel's Documentation/networking/packet_mmap.rst.
class packet_ring {
public:
    /// As `packet_socket::open`. The ring shrinks to what the system gives (RLIMIT, memory): `memory()` says. A
    /// `send_only` socket gets none.
    [[nodiscard]] static result<packet_ring> open(const packet_ring_options& options);
    packet_ring(packet_ring&&) noexcept;
    packet_ring& operator=(packet_ring&&) noexcept;
    ~packet_ring();

    [[nodiscard]] packet_socket& socket() noexcept;
    [[nodiscard]] int fd() const noexcept;
    [[nodiscard]] std::size_t memory() const noexcept;

    /// The frames that are there, at most `out.size()`; does not wait, makes no system call, allocates nothing. They
    /// stay in the ring until `release`, which must come before the next `receive`.
    [[nodiscard]] std::size_t receive(std::span<ring_frame> out);
    /// Gives back what `receive` handed out.
    void release() noexcept;

    /// As `packet_socket`'s.
    [[nodiscard]] packet_socket::send_result send(std::span<const bytes_view> frames) { return socket().send(frames); }
    [[nodiscard]] packet_socket::statistics read_statistics() noexcept { return socket().read_statistics(); }

private:
    struct state;
    explicit packet_ring(std::unique_ptr<state> s) noexcept;
    std::unique_ptr<state> state_;
};

}  // namespace sonde::socket
