// What a frame asks of whoever answers: its layers found and checked, down to the ICMP message.
#pragma once

#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/respond/echo_responder.hpp>

namespace sonde::respond {

/// The link layer of a frame: nothing for raw IP. Borrows the frame.
struct link_part {
    bytes_view destination = {};  ///< 6 bytes, or none
    bytes_view source = {};
    bytes_view tags = {};  ///< VLAN tags that stand in the frame, 4 bytes each
    std::uint16_t ethertype = 0;
    bytes_view network = {};  ///< what follows, padding included

    /// Fails with `malformed` where not even the header is there.
    [[nodiscard]] static std::optional<link_part> read(link_type link, bytes_view frame) noexcept;

    /// Bytes of the reply's link header; `tag`: one more that the kernel took out.
    [[nodiscard]] std::size_t reply_size(bool tag) const noexcept {
        return destination.empty() ? 0 : 14 + tags.size() + (tag ? 4U : 0U);
    }
    /// Writes the reply's link header and returns its size: to `to`, from `from`, with the same tags.
    std::size_t write_reply(bytes_span out, bytes_view to, const mac_address& from,
                            std::optional<std::uint32_t> tag) const noexcept;
};

/// A datagram that carries ICMP or ICMPv6, whole and with its lengths right. Borrows the frame.
struct icmp_datagram {
    sonde::family family = family::v4;
    bytes_view header = {};       ///< the IP header, of IPv4 with its options, of IPv6 the 40 fixed bytes
    bytes_view source = {};       ///< 4 or 16 bytes
    bytes_view destination = {};  ///< the same
    bytes_view message = {};      ///< the ICMP message
    std::uint8_t hop_limit = 0;
    bool fragment = false;
    bool source_route = false;

    [[nodiscard]] bytes_view options() const noexcept {
        return family == family::v4 ? header.subspan(20) : bytes_view{};
    }
    /// The sum of ICMPv6's pseudo-header (RFC 8200 section 8.1) over a message of `size` bytes; 0 for IPv4. The same
    /// with source and destination exchanged.
    [[nodiscard]] std::uint16_t pseudo_sum(std::size_t size) const noexcept;
    [[nodiscard]] bool checksum_right() const noexcept;
};

/// The datagram, or why there is none: `not_asked` (another protocol), `truncated`, `malformed`, `bad_checksum` (of the
/// IPv4 header). IPv6 extension headers are stepped over (hop-by-hop and destination options, an atomic fragment, a
/// routing header that has no segments left).
class icmp_reading {
public:
    /// `cut`: bytes of the frame are missing at the end.
    [[nodiscard]] static icmp_reading read(const link_part& link, link_type type, bool cut) noexcept;

    [[nodiscard]] const icmp_datagram* get() const noexcept { return found_ ? &datagram_ : nullptr; }
    [[nodiscard]] disposition why() const noexcept { return why_; }

private:
    explicit icmp_reading(disposition why) noexcept : why_(why) {}
    explicit icmp_reading(const icmp_datagram& d) noexcept : datagram_(d), found_(true) {}
    static icmp_reading read_v4(bytes_view packet, bool cut) noexcept;
    static icmp_reading read_v6(bytes_view packet, bool cut) noexcept;

    icmp_datagram datagram_;
    disposition why_ = disposition::answered;
    bool found_ = false;
};

}  // namespace sonde::respond
