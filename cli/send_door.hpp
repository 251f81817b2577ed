// The open door: the sockets that a run sends through.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <cli/send_preparation.hpp>

#include <sonde/base/error.hpp>
#include <sonde/socket/packet_socket.hpp>
#include <sonde/socket/raw_socket.hpp>

namespace sonde::cli {

/// Owns its descriptors. One thread at a time.
class send_door {
public:
    /// For packets like this one; `both_families` for those of a file, which may be IPv4 and IPv6.
    [[nodiscard]] static result<send_door> open(const prepared_packet& like, bool both_families);

    /// One packet, or the same several times: how many left, and why the next did not (`full`: try again later).
    struct outcome {
        std::size_t sent = 0;
        bool full = false;
        std::optional<failure> why = {};
    };
    [[nodiscard]] outcome send(const prepared_packet& packet, std::size_t times);

    /// To wait for until there is room again.
    [[nodiscard]] int fd() const noexcept;

private:
    send_door() = default;
    [[nodiscard]] outcome send_frames(const prepared_packet& packet, std::size_t times);

    door through_ = door::network;
    std::uint8_t protocol_ = 0;
    std::optional<socket::packet_socket> link_;
    std::optional<socket::raw_socket> v4_;
    std::optional<socket::raw_socket> v6_;
};

}  // namespace sonde::cli
