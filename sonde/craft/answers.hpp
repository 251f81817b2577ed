// Which received packets answer one that was sent: replies to it, and ICMP errors that quote it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::craft {

enum class answer_kind : std::uint8_t {
    none,
    reply,
    error,  ///< an ICMP error that quotes what was sent
};

/// Where the questions are to be looked for that a received packet may answer: it answers none that has none of these
/// keys. Questions of the same key need not be the same.
class answer_keys {
public:
    [[nodiscard]] std::span<const std::uint64_t> all() const noexcept { return std::span{keys_}.first(size_); }
    void add(std::uint64_t key) noexcept { keys_[size_++] = key; }

private:
    std::array<std::uint64_t, 6> keys_{};
    std::size_t size_ = 0;
};

/// `frame` is what `received` was made of.
[[nodiscard]] answer_keys keys_of(const wire::dissection& received, bytes_view frame) noexcept;

/// What was sent, as far as an answer can be told by it. A value type; owns what it keeps. Equal ones have the same
/// answers.
class question {
public:
    /// From a whole packet, lengths and checksums filled in; nothing when it asks nothing that could be answered (an
    /// ARP reply) and no ICMP error could quote it. `sent` begins with the header of `link`.
    [[nodiscard]] static std::optional<question> of(link_type link, bytes_view sent);

    /// `any_source`: sent to a broadcast address that cannot be told by itself, so that the answers come from others.
    /// `frame` is what `received` was made of. Replies: echo, timestamp, address mask and information replies with the
    /// same identifier and sequence number; UDP with ports swapped, DHCP by transaction; TCP with ports swapped that
    /// acknowledges or resets; ARP and neighbour advertisements for the address asked for; router advertisements;
    /// reports to IGMP and MLD queries.
    [[nodiscard]] answer_kind answered_by(const wire::dissection& received, bytes_view frame,
                                          bool any_source = false) const noexcept;

    /// Under which a reply finds it, and under which an ICMP error does.
    [[nodiscard]] std::uint64_t reply_key(bool any_source = false) const noexcept;
    [[nodiscard]] std::uint64_t error_key() const noexcept;

    [[nodiscard]] bool operator==(const question&) const = default;

    [[nodiscard]] const ip_address& destination() const noexcept { return destination_; }

private:
    [[nodiscard]] bool quoted_by(const wire::dissection& received, bytes_view frame) const noexcept;
    [[nodiscard]] bool replied_by(const wire::dissection& received, bytes_view frame, bool any_source) const noexcept;
    [[nodiscard]] bool icmp_replied_by(bytes_view theirs) const noexcept;
    [[nodiscard]] bool tcp_replied_by(bytes_view theirs) const noexcept;
    [[nodiscard]] bool dhcp_replied_by(bytes_view theirs) const noexcept;
    [[nodiscard]] bool arp_replied_by(const wire::dissection& received) const noexcept;
    [[nodiscard]] bool addressed_back(const ip_address& from, const ip_address& to, bool any_source) const noexcept;

    wire::protocol ip_ = wire::protocol::payload;     // ipv4, ipv6, or arp
    wire::protocol upper_ = wire::protocol::payload;  // icmp, icmpv6, igmp, udp, tcp; payload for others
    ip_address source_;
    ip_address destination_;
    std::uint8_t number_ = 0;      // of the protocol
    std::vector<std::byte> head_;  // of the upper layer as far as answers depend on it, or the ARP packet
    std::uint32_t segment_ = 0;    // what TCP's acknowledgement counts: data, SYN and FIN
};

}  // namespace sonde::craft
