#include <algorithm>
#include <array>

#include <sonde/wire/layout_tables.hpp>

namespace sonde::wire {

namespace {

// One per `protocol` but `payload`, in that order.
const auto& layouts() noexcept {
    static const std::array<header_layout, protocol_count - 1> all{
        null_loopback_layout, linux_cooked_layout,  linux_cooked_v2_layout,
        ethernet_layout,      vlan_layout,          arp_layout,
        ipv4_layout,          ipv6_layout,          ipv6_hop_by_hop_layout,
        ipv6_routing_layout,  ipv6_fragment_layout, ipv6_destination_layout,
        icmp_layout,          icmpv6_layout,        icmp_extension_layout,
        igmp_layout,          ospf_layout,          udp_layout,
        tcp_layout,           dhcp_layout,
    };
    return all;
}

template <class Named>
const Named* find_named(std::span<const Named> all, std::string_view name) noexcept {
    const auto found = std::ranges::find(all, name, &Named::name);
    return found == all.end() ? nullptr : std::to_address(found);
}

// The bytes that the field touches, at most nine: 64 bits that begin in the middle of a byte.
struct field_window {
    std::size_t first;
    std::size_t last;
    unsigned below;  // bits of the last byte that come after the field
};

constexpr field_window window_of(const header_field& field) noexcept {
    const std::size_t end = std::size_t{field.offset} + field.bits;
    return {field.offset / 8U, (end + 7) / 8, static_cast<unsigned>((8 - end % 8) % 8)};
}

constexpr std::uint64_t mask_of(unsigned bits) noexcept {
    return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

}  // namespace

std::span<const header_layout> all_layouts() noexcept {
    return layouts();
}

const header_layout* layout_of(protocol id) noexcept {
    return id >= protocol::payload ? nullptr : &layouts()[static_cast<std::size_t>(id)];
}

const header_layout* find_layout(std::string_view name) noexcept {
    return find_named(all_layouts(), name);
}

const header_field* find_field(const header_layout& layout, const header_variant* variant,
                               std::string_view name) noexcept {
    const header_field* found = find_named(layout.fields, name);
    if (found != nullptr || variant == nullptr) return found;
    return find_named(variant->fields, name);
}

const header_variant* find_variant(const header_layout& layout, std::string_view name) noexcept {
    return find_named(layout.variants, name);
}

const header_variant* variant_of(const header_layout& layout, bytes_view header) noexcept {
    if (layout.variants.empty()) return nullptr;
    const header_field* selector = find_field(layout, nullptr, layout.selector);
    const auto value = selector == nullptr ? std::nullopt : read_field(header, *selector);
    if (!value) return nullptr;
    const header_variant* found = nullptr;
    for (const header_variant& variant : layout.variants) {
        if (variant.value != *value) continue;
        if (found == nullptr || (variant.size <= header.size() && variant.size > found->size)) found = &variant;
    }
    return found;
}

std::optional<std::uint64_t> read_field(bytes_view header, const header_field& field) noexcept {
    const field_window window = window_of(field);
    if (field.bits > 64 || window.last > header.size()) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = window.first; i < window.last; ++i) {
        const auto byte = load_be<std::uint8_t>(header, i);
        const bool is_last = i + 1 == window.last;
        value = is_last ? (value << (8 - window.below)) | (byte >> window.below) : (value << 8) | byte;
    }
    return value & mask_of(field.bits);
}

bytes_view field_bytes(bytes_view header, const header_field& field) noexcept {
    const field_window window = window_of(field);
    if (field.offset % 8 != 0 || window.below != 0 || window.last > header.size()) return {};
    return header.subspan(window.first, window.last - window.first);
}

bool write_field(bytes_span header, const header_field& field, std::uint64_t value) noexcept {
    const field_window window = window_of(field);
    if (field.bits > 64 || window.last > header.size() || (value & ~mask_of(field.bits)) != 0) return false;
    // From the last byte up, each time the bits of the field that lie in it.
    unsigned left = field.bits;
    for (std::size_t i = window.last; left > 0; --i) {
        const unsigned below = i == window.last ? window.below : 0;
        const unsigned here = std::min(left, 8 - below);
        const auto mask = static_cast<std::uint8_t>(mask_of(here) << below);
        const auto kept = static_cast<std::uint8_t>(load_be<std::uint8_t>(header, i - 1) & ~mask);
        store_be(header, i - 1, static_cast<std::uint8_t>(kept | ((value << below) & mask)));
        value >>= here;
        left -= here;
    }
    return true;
}

std::string_view name_of(std::span<const value_name> names, std::uint64_t value) noexcept {
    const auto found = std::ranges::find(names, value, &value_name::value);
    return found == names.end() ? std::string_view{} : found->name;
}

}  // namespace sonde::wire
