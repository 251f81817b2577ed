// Neighbor discovery for IPv6 (RFC 4861): router and neighbor solicitations and advertisements, redirects, and their
// options. They are ICMPv6 messages; what their rules ask of the IPv6 header (hop limit 255, addresses) the caller
// checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/icmp.hpp>
#include <sonde/wire/option.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

/// Every message arrives with it, or came through a router and is to be dropped (RFC 4861 section 7.1.1).
inline constexpr std::uint8_t nd_hop_limit = 255;

/// ICMPv6 types (RFC 4861 section 4).
enum class nd_type : std::uint8_t {
    router_solicitation = 133,
    router_advertisement = 134,
    neighbor_solicitation = 135,
    neighbor_advertisement = 136,
    redirect = 137,
};

[[nodiscard]] constexpr bool is_nd_type(std::uint8_t icmpv6_type) noexcept {
    return icmpv6_type >= 133 && icmpv6_type <= 137;
}

/// Option types (RFC 4861 section 4.6).
namespace nd_option {
inline constexpr std::uint8_t source_link_layer_address = 1;
inline constexpr std::uint8_t target_link_layer_address = 2;
inline constexpr std::uint8_t prefix_information = 3;
inline constexpr std::uint8_t redirected_header = 4;
inline constexpr std::uint8_t mtu = 5;
}  // namespace nd_option

/// `next_option` in neighbor discovery's format: lengths in units of 8 bytes, and none is 0.
[[nodiscard]] parsed<std::optional<option>> next_nd_option(bytes_view& rest) noexcept;

/// The Ethernet address in the first option of that type; nothing when there is none, or it is no Ethernet address.
[[nodiscard]] std::optional<mac_address> find_link_layer_address(bytes_view options, std::uint8_t type) noexcept;

/// Writes a source or target link-layer address option; returns its 8 bytes, or 0 where there is no room.
std::size_t emit_link_layer_address(std::uint8_t type, const mac_address& address, bytes_span out) noexcept;
inline constexpr std::size_t link_layer_address_option_size = 8;

/// A neighbor discovery message. Does not own the bytes, which must outlive it.
class nd_view {
public:
    /// `sum` is ICMPv6's. Fails with `truncated`, `wrong_type` (another ICMPv6 type, or a code that is not 0),
    /// `bad_address` (a target or redirect destination that is multicast, a redirect's target that is neither
    /// link-local nor the destination), `bad_option` or, asked to verify, `bad_checksum`: what RFC 4861
    /// sections 6.1, 7.1 and 8.1 ask of the message itself.
    [[nodiscard]] static parsed<nd_view> parse(bytes_view message, checksum_check check,
                                               icmp_checksum sum = {}) noexcept;

    [[nodiscard]] nd_type type() const noexcept { return static_cast<nd_type>(load_be<std::uint8_t>(bytes_, 0)); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    [[nodiscard]] std::size_t header_size() const noexcept;
    /// For `next_nd_option`.
    [[nodiscard]] bytes_view options() const noexcept { return bytes_.subspan(header_size()); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit nd_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// RFC 4861 section 4.1: it says nothing beyond its type.
struct router_solicitation {
    friend bool operator==(const router_solicitation&, const router_solicitation&) noexcept = default;
};

/// RFC 4861 section 4.2.
struct router_advertisement {
    std::uint8_t hop_limit = 0;             ///< that hosts shall use; 0: not said
    bool managed = false;                   ///< addresses come by DHCPv6
    bool other = false;                     ///< other configuration comes by DHCPv6
    bool home_agent = false;                ///< RFC 6275 section 7.1
    std::uint8_t preference = 0;            ///< two bits, RFC 4191: 0 medium, 1 high, 3 low, 2 is reserved
    std::uint16_t router_lifetime = 0;      ///< seconds; 0: no default router
    std::uint32_t reachable_time = 0;       ///< milliseconds; 0: not said
    std::uint32_t retransmission_time = 0;  ///< milliseconds; 0: not said

    friend bool operator==(const router_advertisement&, const router_advertisement&) noexcept = default;
};

/// RFC 4861 section 4.3.
struct neighbor_solicitation {
    ip_address target = {};

    friend bool operator==(const neighbor_solicitation&, const neighbor_solicitation&) noexcept = default;
};

/// RFC 4861 section 4.4.
struct neighbor_advertisement {
    bool router = false;          ///< the R flag: the sender is one
    bool solicited = false;       ///< the S flag: in answer to a solicitation from the destination address
    bool override_cache = false;  ///< the O flag: replaces a link-layer address that is known already
    ip_address target = {};

    friend bool operator==(const neighbor_advertisement&, const neighbor_advertisement&) noexcept = default;
};

/// RFC 4861 section 4.5.
struct nd_redirect {
    ip_address target = {};       ///< the better first hop; equal to `destination` where that is a neighbor
    ip_address destination = {};  ///< of the packets that shall go there

    friend bool operator==(const nd_redirect&, const nd_redirect&) noexcept = default;
};

/// What a neighbor discovery message means. The options are borrowed.
struct nd_message {
    std::variant<router_solicitation, router_advertisement, neighbor_solicitation, neighbor_advertisement, nd_redirect>
        body = {};
    bytes_view options = {};

    [[nodiscard]] nd_type type() const noexcept;
    [[nodiscard]] std::size_t header_size() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return header_size() + options.size(); }

    /// Writes the message and returns the bytes written. Nothing is written and the result is 0 when `out` has fewer
    /// than `size()` bytes, an address may not stand where it is or a preference has more than two bits. The options
    /// may stand in `out` at their place already. `parse(emit(m)) == m` where they are well-formed, and the addresses
    /// have no scope.
    std::size_t emit(bytes_span out, checksum_fill fill, icmp_checksum sum = {}) const noexcept;

    [[nodiscard]] static nd_message from(const nd_view& view) noexcept;

    /// The same meaning, byte for byte, wherever the options stand.
    friend bool operator==(const nd_message& a, const nd_message& b) noexcept;
};

/// RFC 4861 section 4.6.2. A value type, 32 bytes on the wire.
struct nd_prefix_information {
    std::uint8_t prefix_length = 0;
    bool on_link = false;
    bool autonomous = false;               ///< hosts may form addresses from it (RFC 4862)
    std::uint32_t valid_lifetime = 0;      ///< seconds; all ones: for ever
    std::uint32_t preferred_lifetime = 0;  ///< seconds; all ones: for ever
    ip_address prefix = {};

    static constexpr std::size_t size = 32;
    /// Writes the option; 0 where there is no room. `from(emit(p)) == p` where the prefix has no scope.
    std::size_t emit(bytes_span out) const noexcept;
    /// `wrong_type` when it is another option, `bad_option` when its length is wrong.
    [[nodiscard]] static parsed<nd_prefix_information> from(const option& o) noexcept;

    friend bool operator==(const nd_prefix_information&, const nd_prefix_information&) noexcept = default;
};

/// The group that a solicitation for `target` is sent to: ff02::1:ffXX:XXXX (RFC 4291 section 2.7.1).
[[nodiscard]] ip_address solicited_node_multicast(const ip_address& target) noexcept;

}  // namespace sonde::wire
