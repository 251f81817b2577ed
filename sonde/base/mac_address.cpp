#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <sonde/base/mac_address.hpp>

namespace sonde {

namespace {

failure bad_address(std::string_view text, std::string_view why) {
    return {
        fmt::format("'{}' is not a MAC address: {}", text, why), {}, std::make_error_code(std::errc::invalid_argument)};
}

}  // namespace

mac_address mac_address::from_bytes(bytes_view bytes) noexcept {
    mac_address address;
    if (bytes.size() == size) std::ranges::copy(bytes, address.octets_.begin());
    return address;
}

result<mac_address> mac_address::parse(std::string_view text) {
    constexpr std::size_t longest = 3 * size - 1;
    if (text.size() > longest) return bad_address(text.substr(0, longest), "it is too long");
    const char separator = text.find('-') == std::string_view::npos ? ':' : '-';
    mac_address address;
    std::string_view rest = text;
    for (std::size_t i = 0; i < size; ++i) {
        const std::string_view octet = rest.substr(0, rest.find(separator));
        unsigned value = 0;
        const auto [end, error] = std::from_chars(octet.data(), octet.data() + octet.size(), value, 16);
        if (error != std::errc{} || end != octet.data() + octet.size() || octet.size() > 2) {
            return bad_address(text, "it is six numbers of one or two hexadecimal digits, joined by ':' or '-'");
        }
        address.octets_[i] = static_cast<std::byte>(value);
        rest.remove_prefix(octet.size());
        const bool last = i + 1 == size;
        if (rest.empty() != last) return bad_address(text, "it has six numbers");
        if (!last) rest.remove_prefix(1);
    }
    return address;
}

std::string mac_address::to_string() const {
    return fmt::format("{:02x}", fmt::join(octets_.begin(), octets_.end(), ":"));
}

}  // namespace sonde
