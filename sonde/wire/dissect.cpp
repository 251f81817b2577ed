#include <sonde/wire/arp.hpp>
#include <sonde/wire/dissector.hpp>
#include <sonde/wire/ethernet.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t null_loopback_size = 4;
constexpr std::size_t arp_fixed_size = 8;

// Below this the two bytes are the length of an IEEE 802.3 frame (IEEE 802.3 section 3.2.6).
constexpr std::uint16_t first_ethertype = 0x0600;

constexpr std::uint32_t swapped(std::uint32_t value) noexcept {
    return (value << 24) | ((value << 8) & 0xff'0000U) | ((value >> 8) & 0xff00U) | (value >> 24);
}

}  // namespace

const layer* dissection::find(protocol id, std::uint8_t depth) const noexcept {
    const auto all = layers();
    const auto found = std::ranges::find_if(all, [&](const layer& l) { return l.id == id && l.depth == depth; });
    return found == all.end() ? nullptr : std::to_address(found);
}

dissection dissect(link_type link, bytes_view frame, dissect_options options) noexcept {
    dissection out;
    dissector{out, frame, options}.link(link);
    return out;
}

void dissector::link(link_type type) noexcept {
    switch (type) {
        case link_type::ethernet:
            return ethernet();
        case link_type::linux_cooked:
            return cooked(protocol::linux_cooked, 16, 14);
        case link_type::linux_cooked_v2:
            return cooked(protocol::linux_cooked_v2, 20, 0);
        case link_type::null_loopback:
            return null_loopback();
        case link_type::raw_ip: {
            const bool is_v6 = !rest_.empty() && load_be<std::uint8_t>(rest_, 0) >> 4 == 6;
            return internet(is_v6 ? family::v6 : family::v4);
        }
        case link_type::raw_ipv4:
            return internet(family::v4);
        case link_type::raw_ipv6:
            return internet(family::v6);
    }
    payload();
}

void dissector::cooked(protocol id, std::size_t header_size, std::size_t type_offset) noexcept {
    if (rest_.size() < header_size) return give_up(id, parse_error::truncated);
    const auto type = load_be<std::uint16_t>(rest_, type_offset);
    if (!take(id, header_size)) return;
    if (type < first_ethertype) return payload();  // Linux's own ETH_P_ numbers, and no length
    ethertype(type);
}

// The family is in the byte order of the machine that captured: the small number is the right one. AF_INET is 2
// everywhere, AF_INET6 is 24, 28 or 30 on the BSDs and macOS, 10 on Linux.
void dissector::null_loopback() noexcept {
    if (rest_.size() < null_loopback_size) return give_up(protocol::null_loopback, parse_error::truncated);
    const auto big_endian = load_be<std::uint32_t>(rest_, 0);
    const std::uint32_t family_number = std::min(big_endian, swapped(big_endian));
    if (!take(protocol::null_loopback, null_loopback_size)) return;
    switch (family_number) {
        case 2:
            return internet(family::v4);
        case 10:
        case 24:
        case 28:
        case 30:
            return internet(family::v6);
        default:
            return payload();
    }
}

void dissector::ethernet() noexcept {
    if (rest_.size() < ethernet_header_size) return give_up(protocol::ethernet, parse_error::truncated);
    const auto type = load_be<std::uint16_t>(rest_, 12);
    if (take(protocol::ethernet, ethernet_header_size)) ethertype(type);
}

void dissector::ethertype(std::uint16_t type) noexcept {
    while (is_vlan_ethertype(type)) {
        if (rest_.size() < vlan_tag_size) return give_up(protocol::vlan, parse_error::truncated);
        type = load_be<std::uint16_t>(rest_, 2);
        if (!take(protocol::vlan, vlan_tag_size)) return;
    }
    switch (type) {
        case ethertype::ipv4:
            return internet(family::v4);
        case ethertype::ipv6:
            return internet(family::v6);
        case ethertype::arp:
            return arp();
        default:
            break;
    }
    if (type < first_ethertype && type < rest_.size()) {
        out_.trailer_ = rest_.subspan(type);
        limit(type);
    }
    payload();
}

void dissector::arp() noexcept {
    if (rest_.size() < arp_fixed_size) return give_up(protocol::arp, parse_error::truncated);
    const bool usual = load_be<std::uint8_t>(rest_, 4) == 6 && load_be<std::uint8_t>(rest_, 5) == 4;
    if (!usual) {
        // Of another link or network: the addresses are of other sizes.
        if (take(protocol::arp, arp_fixed_size, checksum_status::none, parse_error::wrong_type)) payload();
        return;
    }
    if (rest_.size() < arp_packet_size) return give_up(protocol::arp, parse_error::truncated);
    out_.trailer_ = rest_.subspan(arp_packet_size);
    limit(arp_packet_size);
    take(protocol::arp, arp_packet_size);
}

void dissector::give_up(protocol id, parse_error problem) noexcept {
    if (!rest_.empty()) {
        take(id, rest_.size(), checksum_status::none, problem);
        return;
    }
    if (out_.count_ == 0) return;
    std::optional<parse_error>& above = out_.slots_.layers[out_.count_ - 1].problem;
    if (!above) above = problem;
}

// Also what `take` does in the last place, so it must not ask whether there is one.
void dissector::payload(std::optional<parse_error> problem) noexcept {
    if (rest_.empty()) return;
    if (out_.count_ == dissection::capacity) {
        out_.cut_ = true;
        return;
    }
    const bytes_view bytes = rest_;
    rest_ = {};
    promised_ -= bytes.size();
    append({.id = protocol::payload,
            .depth = depth_,
            .problem = problem,
            .offset = static_cast<std::uint32_t>(bytes.data() - frame_.data()),
            .bytes = bytes});
}

}  // namespace sonde::wire
