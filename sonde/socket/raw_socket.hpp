// A raw socket (raw(7), ipv6(7)): datagrams of one protocol number, with or without an IP header of one's own.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <sonde/base/bytes.hpp>
#include <sonde/base/error.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/socket/bpf_filter.hpp>
#include <sonde/socket/descriptor.hpp>

namespace sonde::socket {

struct raw_socket_options {
    sonde::family family = family::v4;
    std::uint8_t protocol = 255;   ///< IPPROTO_RAW: send only
    bool header_included = false;  ///< IP_HDRINCL, IPV6_HDRINCL: what is sent begins with the IP header
    std::uint32_t interface = 0;   ///< index: sends and receives through it alone
    ip_address source = {};        ///< bound to, unless `::`: only datagrams to it are received
    bool broadcast = false;        ///< SO_BROADCAST
    int receive_buffer = 4 << 20;
};

/// Owns one non-blocking descriptor and nothing else. One thread at a time. Needs CAP_NET_RAW, raised around the
/// opening alone.
class raw_socket {
public:
    /// What came in before all the options held (from another interface, to another address) is never delivered.
    [[nodiscard]] static result<raw_socket> open(const raw_socket_options& options);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] sonde::family family() const noexcept { return options_.family; }
    /// IPv4 raw sockets deliver it, IPv6's never do.
    [[nodiscard]] bool delivers_ip_header() const noexcept { return options_.family == family::v4; }

    /// What the kernel writes into a header that it makes itself.
    struct header_wishes {
        std::optional<std::uint8_t> hop_limit = {};
        std::optional<std::uint8_t> traffic_class = {};
        ip_address source = {};  ///< `::` for the kernel's choice
        /// DF is set, and what is too large for the path fails; else as the system is set. IPv6 has no such bit: there
        /// it forbids this machine to fragment.
        bool dont_fragment = false;
    };
    /// Sends one datagram in pieces (vectored). With `header_included` the pieces begin with the IP header, in network
    /// order whatever the system wants, and `wishes` count for nothing. The failure names the destination.
    [[nodiscard]] result<void> send(std::span<const bytes_view> pieces, const ip_address& destination,
                                    const header_wishes& wishes);
    [[nodiscard]] result<void> send(std::span<const bytes_view> pieces, const ip_address& destination) {
        return send(pieces, destination, header_wishes{});
    }

    struct received {
        bytes_view
            bytes;  ///< with the IP header where `delivers_ip_header()`, in network order; in the caller's buffer
        std::size_t full_size = 0;
        ip_address from;
        std::optional<ip_address> destination;  ///< of IPv6, whose header is not delivered
        std::optional<std::uint8_t> hop_limit = {};
        std::uint32_t interface = 0;
        std::optional<wall_time> at;
    };
    /// Nothing when none waits. What was sent in fragments comes whole.
    [[nodiscard]] std::optional<received> receive(bytes_span buffer);

    /// From now on only these ICMP or ICMPv6 types are delivered (ICMP_FILTER, ICMP6_FILTER; since Linux's filter of
    /// ICMP knows the types below 32 alone, a BPF filter does the rest); empty: all. What waits to be received then is
    /// dropped, whatever its type. Fails on sockets of other protocols.
    [[nodiscard]] result<void> accept_types(std::span<const std::uint8_t> types);

    /// From now on only what the filter accepts is delivered, seen as `received::bytes` begins. What waits to be
    /// received then is dropped.
    [[nodiscard]] result<void> accept_only(const bpf_filter& filter);

    /// Makes this machine a member of a multicast group on an interface (index; 0: the group's scope, or else the
    /// routing table's choice) for as long as the socket lives: its datagrams come in then, and the routers of the link
    /// are told (IGMP, MLD). It adds, and never narrows: groups that others on this machine have joined are received as
    /// before (IP_MULTICAST_ALL). To be a member already is no failure. Needs no privilege. Fails for an address that
    /// is no group of the socket's family (EINVAL), and where there is no such interface (ENODEV).
    [[nodiscard]] result<void> join(const ip_address& group, std::uint32_t interface);

    /// Takes and clears the socket's error, also one that `receive` came across.
    int take_error() noexcept;
    /// Datagrams that the kernel dropped for want of buffer (SO_MEMINFO).
    [[nodiscard]] std::uint32_t dropped() const noexcept;

private:
    raw_socket(descriptor fd, const raw_socket_options& options) noexcept : fd_(std::move(fd)), options_(options) {}
    [[nodiscard]] result<void> configure();
    void set_dont_fragment(bool wanted) noexcept;
    [[nodiscard]] std::optional<received> receive_any(bytes_span buffer);
    [[nodiscard]] bool is_foreign(const received& in) const noexcept;

    descriptor fd_;
    raw_socket_options options_;
    bool dont_fragment_ = false;
    int system_path_mtu_ = 0;                            // the option's value before `dont_fragment_` changed it
    int error_ = 0;                                      // of a receive call, until it is taken
    std::bitset<256> types_ = std::bitset<256>{}.set();  // of ICMP, accepted
};

}  // namespace sonde::socket
