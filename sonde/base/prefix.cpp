#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include <sonde/base/prefix.hpp>

namespace sonde {

namespace {

ip_address keep_bits(const ip_address& address, unsigned length) {
    std::array<std::byte, 16> octets{};
    const bytes_view from = address.bytes();
    for (std::size_t i = 0; i < from.size(); ++i) {
        const int kept = std::clamp(static_cast<int>(length) - static_cast<int>(8 * i), 0, 8);
        octets[i] = from[i] & static_cast<std::byte>(0xff00U >> kept);
    }
    return ip_address::from_bytes(bytes_view{octets}.first(from.size()), address.scope_id());
}

}  // namespace

result<prefix> prefix::parse(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return failure{
            fmt::format("'{}' is not a prefix: {}", text, why), {}, std::make_error_code(std::errc::invalid_argument)};
    };
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return bad("there is no '/'");
    const auto address = ip_address::parse(text.substr(0, slash));
    if (!address) return bad(address.error().what);

    const std::string_view digits = text.substr(slash + 1);
    const unsigned longest = address->is_v4() ? 32 : 128;
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() || length > longest) {
        return bad(fmt::format("the length '{}' is not a number from 0 to {}", digits, longest));
    }
    prefix parsed;
    parsed.network_ = keep_bits(*address, length);
    parsed.length_ = length;
    return parsed;
}

unsigned prefix::host_bits() const noexcept {
    return (network_.is_v4() ? 32 : 128) - length_;
}

unsigned prefix::skipped_first() const noexcept {
    return host_bits() > 1 ? 1 : 0;
}

std::uint64_t prefix::host_count() const noexcept {
    const unsigned bits = host_bits();
    if (bits >= 64) return std::numeric_limits<std::uint64_t>::max();
    const unsigned skipped_last = network_.is_v4() ? skipped_first() : 0;
    return (std::uint64_t{1} << bits) - skipped_first() - skipped_last;
}

ip_address prefix::host(std::uint64_t index) const noexcept {
    std::array<std::byte, 16> octets{};
    const bytes_view base = network_.bytes();
    std::copy(base.begin(), base.end(), octets.begin());
    std::uint64_t carry = index + skipped_first();
    for (std::size_t i = base.size(); i-- > 0 && carry != 0;) {
        octets[i] |= static_cast<std::byte>(carry & 0xff);
        carry >>= 8;
    }
    return ip_address::from_bytes(bytes_view{octets}.first(base.size()), network_.scope_id());
}

bool prefix::contains(const ip_address& address) const noexcept {
    return address.family() == network_.family() && keep_bits(address, length_).same_octets(network_);
}

}  // namespace sonde
