#include <algorithm>

#include <sonde/wire/number_names.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::wire {

namespace {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view ip_protocol_name(std::uint8_t number) noexcept {
    return name_of(ip_protocol_names, number);
}

std::optional<std::uint8_t> ip_protocol_number(std::string_view name) noexcept {
    const auto same = [name](const value_name& k) { return std::ranges::equal(k.name, name, {}, lower, lower); };
    const auto found = std::ranges::find_if(ip_protocol_names, same);
    if (found == ip_protocol_names.end()) return std::nullopt;
    return static_cast<std::uint8_t>(found->value);
}

std::string_view ethertype_name(std::uint16_t type) noexcept {
    return name_of(ethertype_names, type);
}

}  // namespace sonde::wire
