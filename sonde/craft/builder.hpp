// From words to bytes: fields that are given stay as given, wrong ones too; all others are filled in, and of each field
// it is known who wrote it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/base/mac_address.hpp>
#include <sonde/craft/description.hpp>

namespace sonde::craft {

/// Who wrote a field.
enum class author : std::uint8_t {
    user,      ///< the description gives it
    preset,    ///< sonde, its usual value
    computed,  ///< sonde, from the rest of the packet and from what this machine is
    kernel,    ///< left zero for the kernel
};

/// What the packet's words do not say. All of it may be unknown.
struct surroundings {
    ip_address source = {};       ///< of this machine towards the destination; `::` unknown
    ip_address destination = {};  ///< where the packet goes that names no destination; `::` unknown
    mac_address link_source = {};
    std::optional<mac_address> link_destination = {};  ///< of the next hop; groups are mapped without it
};

/// What the kernel writes into an outermost IPv4 header (IP_HDRINCL): left zero unless given.
struct kernel_share {
    bool total_length = false;
    bool identification = false;
    bool checksum = false;
    /// The source address: left to it only where no checksum of ours covers the address.
    bool source = false;
};

struct built_field {
    const wire::header_field* field;
    author by = author::preset;
};

struct built_layer {
    const wire::header_layout* layout = nullptr;    ///< null for bytes
    const wire::header_variant* variant = nullptr;  ///< of its form
    std::size_t offset = 0;                         ///< of the header in the packet
    std::size_t size = 0;                           ///< of the header with its options; of all bytes without a layout
    std::vector<built_field> fields = {};           ///< in the order of the tables
    bool has_given_options = false;

    [[nodiscard]] std::optional<author> author_of(std::string_view field) const noexcept;
    [[nodiscard]] bool is(wire::protocol id) const noexcept { return layout != nullptr && layout->id == id; }
};

/// Bytes and where they come from. A value type.
struct packet {
    std::vector<std::byte> bytes;
    std::vector<built_layer> layers;

    [[nodiscard]] bytes_view header(const built_layer& layer) const noexcept {
        return bytes_view{bytes}.subspan(layer.offset, layer.size);
    }
    /// The outermost layer of that protocol; null when there is none.
    [[nodiscard]] const built_layer* find(wire::protocol id) const noexcept;
};

/// The error is about options that do not fit, or a packet longer than a length field can say.
[[nodiscard]] described<packet> build(const description& words, const surroundings& around = {},
                                      kernel_share kernel = {});

/// A packet that came as bytes: taken apart as far as it can be, every field the user's.
[[nodiscard]] packet packet_of_bytes(link_type link, bytes_view bytes);

/// Where a description's packet goes: what it says itself, or what its contents imply (RFC 4861: a neighbour
/// solicitation goes to the target's solicited-node group, a router solicitation to all routers).
[[nodiscard]] std::optional<ip_address> destination_of(const description& words);

/// The Ethernet address of a multicast or broadcast address (RFC 1112 section 6.4, RFC 2464 section 7); nothing for
/// others.
[[nodiscard]] std::optional<mac_address> group_address(const ip_address& destination) noexcept;

}  // namespace sonde::craft
