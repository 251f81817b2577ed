// The extension structure of ICMP errors (RFC 4884): where it begins, and its objects: MPLS label stacks (RFC 4950) and
// interface information (RFC 5837).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/base/bytes.hpp>
#include <sonde/base/ip_address.hpp>
#include <sonde/wire/checksum.hpp>
#include <sonde/wire/parse_error.hpp>

namespace sonde::wire {

inline constexpr std::size_t icmp_extension_header_size = 4;

/// An ICMP error's body: the datagram that it quotes (with the zeros that pad it) and the extension structure, which is
/// empty when there is none. Both are borrowed from the message.
struct icmp_error_parts {
    bytes_view quote = {};
    bytes_view extension = {};
};

/// Divides an ICMP error (from its type on; at least 8 bytes, or everything is empty). The structure is where the
/// length field says (RFC 4884 section 4: in 32-bit words for ICMP, in 64-bit words for ICMPv6), if a version 2 stands
/// there. Routers from before that field leave it zero: then it is at byte 128 of the body (section 5.5), if its
/// version is 2 and its checksum, which must not be zero, right. Only the types that may have one are looked at:
/// destination unreachable, time exceeded, and of ICMP parameter problem.
[[nodiscard]] icmp_error_parts split_icmp_error(family f, bytes_view message) noexcept;

/// One object (RFC 4884 section 8). `data` excludes its header, and is borrowed.
struct icmp_object {
    std::uint8_t class_number = 0;
    std::uint8_t c_type = 0;
    bytes_view data = {};

    [[nodiscard]] std::size_t size() const noexcept { return 4 + data.size(); }
    /// Writes header and data and returns their bytes; nothing is written and the result is 0 when `out` is too short
    /// or 16 bits cannot say the length. The data may stand in `out` at their place already.
    std::size_t emit(bytes_span out) const noexcept;

    friend bool operator==(const icmp_object& a, const icmp_object& b) noexcept;

    [[nodiscard]] bool is_mpls_label_stack() const noexcept { return class_number == 1 && c_type == 1; }
    /// The C-Type says what the object holds.
    [[nodiscard]] bool is_interface_information() const noexcept { return class_number == 2; }
};

/// Takes the first object off `rest`; nothing at the end of the bytes. Fails with `bad_option` on a length below the
/// object header's or past the end, and empties `rest` then too: a walk always ends.
[[nodiscard]] parsed<std::optional<icmp_object>> next_icmp_object(bytes_view& rest) noexcept;

/// An extension structure. Does not own the bytes, which must outlive it.
class icmp_extension_view {
public:
    /// Fails with `truncated`, `bad_version` or, asked to verify, `bad_checksum`. A checksum of zero says that there is
    /// none (RFC 4884 section 7). The objects may be malformed.
    [[nodiscard]] static parsed<icmp_extension_view> parse(bytes_view structure, checksum_check check) noexcept;

    [[nodiscard]] std::uint8_t version() const noexcept {
        return static_cast<std::uint8_t>(load_be<std::uint8_t>(bytes_, 0) >> 4);
    }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be<std::uint16_t>(bytes_, 2); }
    /// For `next_icmp_object`.
    [[nodiscard]] bytes_view objects() const noexcept { return bytes_.subspan(icmp_extension_header_size); }
    [[nodiscard]] bytes_view bytes() const noexcept { return bytes_; }

private:
    explicit icmp_extension_view(bytes_view bytes) noexcept : bytes_(bytes) {}
    bytes_view bytes_;
};

/// What an extension structure means. The objects are borrowed.
struct icmp_extension_message {
    bytes_view objects = {};

    [[nodiscard]] std::size_t size() const noexcept { return icmp_extension_header_size + objects.size(); }
    /// Writes the structure and returns its bytes; nothing is written and the result is 0 when `out` is too short. The
    /// objects may stand in `out` at their place already. `parse(emit(m)) == m`.
    std::size_t emit(bytes_span out, checksum_fill fill) const noexcept;

    [[nodiscard]] static icmp_extension_message from(const icmp_extension_view& view) noexcept {
        return {.objects = view.objects()};
    }
    /// The same meaning, byte for byte, wherever the objects stand.
    friend bool operator==(const icmp_extension_message& a, const icmp_extension_message& b) noexcept;
};

/// One entry of an MPLS label stack (RFC 3032 section 2.1).
struct mpls_label {
    std::uint32_t label = 0;         ///< 20 bits
    std::uint8_t traffic_class = 0;  ///< 3 bits (RFC 5462)
    bool bottom_of_stack = false;
    std::uint8_t ttl = 0;

    [[nodiscard]] std::size_t size() const noexcept { return 4; }
    /// Writes the entry and returns its 4 bytes; nothing is written and the result is 0 when `out` is too short, the
    /// label has more than 20 bits or the traffic class more than 3. `next_mpls_label(emit(m)) == m`.
    std::size_t emit(bytes_span out) const noexcept;

    friend bool operator==(const mpls_label&, const mpls_label&) noexcept = default;
};

/// Takes the first entry off a label stack object's data; nothing when fewer than 4 bytes are left. The bottom-of-stack
/// bit does not end the walk: some routers leave it out, and what follows it is shown.
[[nodiscard]] std::optional<mpls_label> next_mpls_label(bytes_view& rest) noexcept;

/// What an interface is to the datagram that the error is about (RFC 5837 section 4.1).
enum class interface_role : std::uint8_t {
    incoming = 0,  ///< the interface it arrived on
    sub_ip = 1,    ///< the sub-IP component of that
    outgoing = 2,  ///< the interface it would have left by
    next_hop = 3,  ///< the next hop that it would have been sent to
};

/// The interface information object (RFC 5837 section 4). What it does not hold is empty. `name` is borrowed, of the
/// network's choice, and without its padding.
struct interface_information {
    interface_role role = interface_role::incoming;
    std::optional<std::uint32_t> index = {};
    std::optional<ip_address> address = {};
    bytes_view name = {};
    std::optional<std::uint32_t> mtu = {};  ///< in bytes

    /// `wrong_type` for another object, `truncated` when its C-Type promises more than there is, `bad_option` for an
    /// address family other than IPv4 and IPv6 or a name whose length is wrong.
    [[nodiscard]] static parsed<interface_information> from(const icmp_object& object) noexcept;

    /// Of the whole object.
    [[nodiscard]] std::size_t size() const noexcept;
    /// Writes the object with its header and returns its bytes; nothing is written and the result is 0 when `out` is
    /// too short or the name longer than 63 bytes. `from(emit(m)) == m` where the name holds no zero byte.
    std::size_t emit(bytes_span out) const noexcept;

    /// The same meaning, byte for byte, wherever the name stands.
    friend bool operator==(const interface_information& a, const interface_information& b) noexcept;
};

}  // namespace sonde::wire
