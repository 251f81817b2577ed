// What an ICMP error quotes, read as far as it goes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/probe/trace_event.hpp>

namespace sonde::probe {

/// A quoted packet. Borrows the error's bytes.
struct probe_quote {
    sonde::family family = sonde::family::v4;
    ip_address source = {};
    ip_address destination = {};
    std::uint8_t hop_limit = 0;
    std::uint8_t traffic_class = 0;
    std::uint8_t protocol = 0;
    bytes_view transport = {};  ///< from the protocol's header on, at least 8 bytes

    /// Nothing where there is no such header: a quote that is too short, of another family or of a later fragment, or
    /// with an IP header that cannot be.
    [[nodiscard]] static std::optional<probe_quote> read(sonde::family f, bytes_view quoted) noexcept;

    /// What a UDP checksum says of the payload's sum; nothing where there is no checksum.
    [[nodiscard]] std::optional<std::uint16_t> udp_payload_sum() const noexcept;
    /// The UDP checksum is one that the device was to finish: Linux quotes such from virtual links.
    [[nodiscard]] bool unfinished_udp_checksum() const noexcept;
    /// The one's-complement sum that a quoted echo request's checksum stands for, its field and pseudo-header left out,
    /// if it had `size` bytes.
    [[nodiscard]] std::uint16_t icmp_message_sum(std::size_t size) const noexcept;
};

/// An extension structure (RFC 4884) as a value; null when there is none. Of each kind of object 16 are kept at most.
[[nodiscard]] std::shared_ptr<const hop_extensions> read_hop_extensions(bytes_view structure);

}  // namespace sonde::probe
