// What leaves and what comes in while `sonde send` sends: a packet socket beside the door.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <cli/send_preparation.hpp>

#include <sonde/base/error.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/packet_socket.hpp>

namespace sonde::cli {

/// A frame that passed by. Borrowed until the next one.
struct watched_frame {
    bytes_view bytes;
    link_type link = link_type::raw_ip;
    std::optional<wall_time> at;
    bool outgoing = false;
    std::uint32_t interface = 0;
};

/// Owns its descriptor. Through the link door the frames are seen whole, on its interface; through the others without
/// their link header, on all interfaces, because the route decides.
class send_watch {
public:
    /// For packets like this one.
    [[nodiscard]] static result<send_watch> open(const prepared_packet& like, bool both_families);

    [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
    [[nodiscard]] std::optional<watched_frame> next();
    [[nodiscard]] std::uint64_t dropped() noexcept { return socket_.read_statistics().dropped; }

private:
    send_watch(socket::packet_socket s, link_type link) : socket_(std::move(s)), link_(link), buffer_(buffer_size) {}
    static constexpr std::size_t buffer_size = (1 << 16) + 256;

    socket::packet_socket socket_;
    link_type link_;
    std::vector<std::byte> buffer_;
    std::vector<std::byte> tagged_;
};

/// Whether a frame that left is this packet, whatever the kernel wrote into the fields that are its own.
[[nodiscard]] bool is_departure_of(const prepared_packet& packet, bytes_view left) noexcept;

/// A packet's, and what left's: where they differ, it is not that packet that left.
[[nodiscard]] std::uint64_t departure_key(const prepared_packet& packet) noexcept;
[[nodiscard]] std::uint64_t departure_key(door through, bytes_view left) noexcept;

}  // namespace sonde::cli
