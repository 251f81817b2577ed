// Between a device and a scenario: takes packets out of what a TUN or TAP device gives, wraps those that go back, and
// answers for every address that the scenario has. No I/O.
#pragma once

#include <cstdint>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/base/prefix.hpp>
#include <sonde/respond/address_book.hpp>
#include <sonde/socket/tun_tap.hpp>

namespace sonde::cli {

struct lab_door_options {
    socket::tun_kind kind = socket::tun_kind::tun;
    mac_address station = {};           ///< of this machine on a TAP device
    std::vector<ip_address> own = {};   ///< this machine's addresses there
    std::vector<prefix> answered = {};  ///< whose addresses are resolved (ARP, neighbour discovery)
};

/// One thread at a time.
class lab_door {
public:
    /// The station that every address of a scenario has: locally administered, made up.
    static constexpr mac_address lab_station{
        {std::byte{0x02}, std::byte{0x5e}, std::byte{0x1a}, std::byte{0xb0}, std::byte{0x00}, std::byte{0x01}}};
    /// Bytes in front of a packet, at most; an answer is that much longer than what it answers.
    static constexpr std::size_t growth = 16;

    explicit lab_door(lab_door_options options);

    enum class matter : std::uint8_t {
        packet,     ///< for the scenario: `bytes` is the IP packet
        neighbour,  ///< a question that was answered: `bytes` goes back to the device
        ignored,    ///< the kernel's own chatter (multicast, link-local), or nothing that carries IP
    };
    struct entry {
        matter what = matter::ignored;
        bytes_view bytes = {};
    };
    /// What the device gave; `out` has room for `growth` bytes more than `frame`. The result borrows one of them.
    [[nodiscard]] entry take(bytes_view frame, bytes_span out);

    /// What the device is to be given for a packet; `out` has room for `growth` bytes more. Borrows one of them.
    [[nodiscard]] bytes_view wrap(bytes_view packet, bytes_span out) const;

private:
    [[nodiscard]] static entry take_packet(bytes_view packet);
    [[nodiscard]] entry take_frame(bytes_view frame, bytes_span out);
    void learn(bytes_view packet, const mac_address& station);

    struct host {
        ip_address address;
        mac_address station;
    };
    socket::tun_kind kind_;
    mac_address station_;
    std::vector<host> own_;
    respond::address_book answered_;
};

}  // namespace sonde::cli
