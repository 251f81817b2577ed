#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <net/if.h>

#include <fmt/format.h>

#include <sonde/base/ip_address.hpp>

namespace sonde {

namespace {

constexpr std::array<std::byte, 12> mapped_prefix{std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                                  std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                                  std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};

failure bad_address(std::string_view text, std::string_view why) {
    return {fmt::format("'{}' is not an IP address{}{}", text, why.empty() ? "" : ": ", why),
            {},
            std::make_error_code(std::errc::invalid_argument)};
}

result<std::uint32_t> parse_scope(std::string_view address, std::string_view zone) {
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
    if (error == std::errc{} && end == zone.data() + zone.size() && index != 0) return index;
    index = zone.size() < IF_NAMESIZE ? if_nametoindex(std::string(zone).c_str()) : 0;
    if (index == 0) return bad_address(address, fmt::format("there is no interface '{}'", zone));
    return index;
}

}  // namespace

ip_address ip_address::from_bytes(bytes_view bytes, std::uint32_t scope_id) noexcept {
    ip_address address;
    if (bytes.size() == 4) {
        std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.octets_.begin());
        std::copy(bytes.begin(), bytes.end(), address.octets_.begin() + 12);
    } else if (bytes.size() == 16) {
        std::copy(bytes.begin(), bytes.end(), address.octets_.begin());
        address.scope_id_ = scope_id;
    }
    return address;
}

ip_address ip_address::v4(std::uint32_t host_order) noexcept {
    std::array<std::byte, 4> octets{};
    store_be(octets, 0, host_order);
    return from_bytes(octets);
}

result<ip_address> ip_address::parse(std::string_view text) {
    const auto percent = text.find('%');
    const std::string literal(text.substr(0, percent));
    std::array<std::byte, 16> octets{};
    if (text.find('\0') != std::string_view::npos) return bad_address("(text with a zero byte)", {});
    if (inet_pton(AF_INET, literal.c_str(), octets.data()) == 1) {
        if (percent != std::string_view::npos) return bad_address(text, "an IPv4 address has no zone");
        return from_bytes(bytes_view{octets}.first(4));
    }
    if (inet_pton(AF_INET6, literal.c_str(), octets.data()) != 1) return bad_address(text, {});
    if (percent == std::string_view::npos) return from_bytes(octets);
    if (from_bytes(octets).is_v4()) return bad_address(text, "an IPv4 address has no zone");
    const auto scope = parse_scope(text, text.substr(percent + 1));
    if (!scope) return scope.error();
    return from_bytes(octets, *scope);
}

std::optional<ip_address> ip_address::parse_short(std::string_view text) {
    in_addr parsed{};
    if (text.find('\0') != std::string_view::npos || inet_aton(std::string(text).c_str(), &parsed) == 0)
        return std::nullopt;
    return v4(ntohl(parsed.s_addr));
}

bool ip_address::is_unspecified() const noexcept {
    return std::ranges::all_of(bytes(), [](std::byte b) { return b == std::byte{0}; });
}

bool ip_address::is_loopback() const noexcept {
    if (is_v4()) return bytes()[0] == std::byte{127};
    return octets_[15] == std::byte{1} &&
           std::all_of(octets_.begin(), octets_.begin() + 15, [](std::byte b) { return b == std::byte{0}; });
}

bool ip_address::is_multicast() const noexcept {
    return is_v4() ? (bytes()[0] & std::byte{0xf0}) == std::byte{0xe0} : octets_[0] == std::byte{0xff};
}

bool ip_address::is_link_local() const noexcept {
    if (is_v4()) return bytes()[0] == std::byte{169} && bytes()[1] == std::byte{254};
    return octets_[0] == std::byte{0xfe} && (octets_[1] & std::byte{0xc0}) == std::byte{0x80};
}

bool ip_address::needs_scope() const noexcept {
    if (is_v4()) return false;
    const std::byte scope = octets_[1] & std::byte{0x0f};
    return is_link_local() || (is_multicast() && (scope == std::byte{1} || scope == std::byte{2}));
}

bool ip_address::is_limited_broadcast() const noexcept {
    return is_v4() && std::ranges::all_of(bytes(), [](std::byte b) { return b == std::byte{0xff}; });
}

std::string ip_address::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes().data(), text.data(), text.size());
    std::string out(text.data());
    if (scope_id_ != 0) {
        std::array<char, IF_NAMESIZE> name{};
        out += '%';
        out += if_indextoname(scope_id_, name.data()) != nullptr ? std::string(name.data()) : std::to_string(scope_id_);
    }
    return out;
}

}  // namespace sonde

std::size_t std::hash<sonde::ip_address>::operator()(const sonde::ip_address& address) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, address.mapped_bytes().data(), sizeof halves);
    const std::uint64_t mixed = (halves[0] ^ address.scope_id()) * 0x9e3779b97f4a7c15ULL + halves[1];
    return static_cast<std::size_t>((mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9ULL);
}
