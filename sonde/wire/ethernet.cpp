#include <algorithm>
#include <cstring>

#include <sonde/wire/ethernet.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t first_type_offset = 12;

bool can_be_said(const vlan_tag& tag) noexcept {
    return is_vlan_ethertype(tag.type) && tag.priority <= 7 && tag.id <= 4095;
}

}  // namespace

parsed<ethernet_view> ethernet_view::parse(bytes_view frame) noexcept {
    for (std::size_t tags = 0;; ++tags) {
        const std::size_t type_offset = first_type_offset + vlan_tag_size * tags;
        if (frame.size() < type_offset + 2) return parse_error::truncated;
        if (tags == vlan_tags_max || !is_vlan_ethertype(load_be<std::uint16_t>(frame, type_offset))) {
            return ethernet_view{frame, tags};
        }
    }
}

vlan_tag ethernet_view::tag(std::size_t index) const noexcept {
    const std::size_t offset = first_type_offset + vlan_tag_size * index;
    const auto control = load_be<std::uint16_t>(bytes_, offset + 2);
    return {.type = load_be<std::uint16_t>(bytes_, offset),
            .priority = static_cast<std::uint8_t>(control >> 13),
            .drop_eligible = (control & 0x1000U) != 0,
            .id = static_cast<std::uint16_t>(control & 0x0fffU)};
}

std::size_t ethernet_message::emit(bytes_span out) const noexcept {
    if (tag_count > vlan_tags_max || out.size() < size()) return 0;
    const auto used = std::span{tags}.first(tag_count);
    if (!std::ranges::all_of(used, can_be_said)) return 0;
    if (tag_count < vlan_tags_max && is_vlan_ethertype(ethertype)) return 0;
    out = out.first(size());
    if (!payload.empty()) std::memmove(out.data() + header_size(), payload.data(), payload.size());

    std::ranges::copy(destination.bytes(), out.begin());
    std::ranges::copy(source.bytes(), out.subspan(6).begin());
    std::size_t offset = first_type_offset;
    for (const vlan_tag& tag : used) {
        const unsigned control = (unsigned{tag.priority} << 13) | (tag.drop_eligible ? 0x1000U : 0U) | tag.id;
        store_be(out, offset, tag.type);
        store_be(out, offset + 2, static_cast<std::uint16_t>(control));
        offset += vlan_tag_size;
    }
    store_be(out, offset, ethertype);
    return out.size();
}

ethernet_message ethernet_message::from(const ethernet_view& view) noexcept {
    ethernet_message message{.destination = view.destination(),
                             .source = view.source(),
                             .tag_count = view.tag_count(),
                             .ethertype = view.ethertype(),
                             .payload = view.payload()};
    for (std::size_t i = 0; i < view.tag_count(); ++i) message.tags[i] = view.tag(i);
    return message;
}

bool operator==(const ethernet_message& a, const ethernet_message& b) noexcept {
    const auto used_tags = [](const ethernet_message& m) {
        return std::span{m.tags}.first(std::min(m.tag_count, vlan_tags_max));
    };
    return a.destination == b.destination && a.source == b.source && a.tag_count == b.tag_count &&
           std::ranges::equal(used_tags(a), used_tags(b)) && a.ethertype == b.ethertype &&
           std::ranges::equal(a.payload, b.payload);
}

mac_address multicast_mac(const ip_address& group) noexcept {
    if (!group.is_multicast()) return mac_address::broadcast();
    std::array<std::byte, mac_address::size> octets{};
    const bytes_view address = group.bytes();
    if (group.is_v4()) {
        octets = {std::byte{0x01}, std::byte{0x00}, std::byte{0x5e}};
        std::ranges::copy(address.last(3), octets.begin() + 3);
        octets[3] &= std::byte{0x7f};  // only 23 bits of the group fit
    } else {
        octets = {std::byte{0x33}, std::byte{0x33}};
        std::ranges::copy(address.last(4), octets.begin() + 2);
    }
    return mac_address{octets};
}

}  // namespace sonde::wire
