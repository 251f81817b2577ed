#include <algorithm>
#include <cstring>

#include <sonde/wire/dhcp.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t hardware_address_offset = 28;
constexpr std::size_t server_name_offset = 44;
constexpr std::size_t file_offset = 108;
constexpr std::size_t cookie_offset = 236;
constexpr std::uint32_t magic_cookie = 0x63825363;
constexpr unsigned broadcast_flag = 0x8000;

bytes_view without_trailing_zeros(bytes_view text) noexcept {
    while (!text.empty() && text.back() == std::byte{0}) text = text.first(text.size() - 1);
    return text;
}

}  // namespace

parsed<std::optional<option>> next_dhcp_option(bytes_view& rest) noexcept {
    return next_option(rest, dhcp_option_format);
}

parsed<dhcp_view> dhcp_view::parse(bytes_view message) noexcept {
    if (message.size() < dhcp_header_size) return parse_error::truncated;
    if (load_be<std::uint32_t>(message, cookie_offset) != magic_cookie) return parse_error::wrong_type;
    if (load_be<std::uint8_t>(message, 2) > dhcp_hardware_address_max) return parse_error::bad_header_length;
    const dhcp_view view{message};
    if (!options_are_well_formed(view.options(), dhcp_option_format)) return parse_error::bad_option;
    return view;
}

std::optional<dhcp_message_type> dhcp_view::message_type() const noexcept {
    const auto found = find_option(options(), dhcp_option::message_type, dhcp_option_format);
    if (!found || found->data.size() != 1) return std::nullopt;
    return static_cast<dhcp_message_type>(load_be<std::uint8_t>(found->data, 0));
}

std::size_t dhcp_message::emit(bytes_span out) const noexcept {
    const bool can_be_said = client_address.is_v4() && your_address.is_v4() && server_address.is_v4() &&
                             relay_address.is_v4() && hardware_address.size() <= dhcp_hardware_address_max &&
                             server_name.size() <= dhcp_server_name_size && file.size() <= dhcp_file_size;
    if (!can_be_said || out.size() < size()) return 0;
    out = out.first(size());
    if (!options.empty()) std::memmove(out.data() + dhcp_header_size, options.data(), options.size());
    std::ranges::fill(out.first(dhcp_header_size), std::byte{0});
    store_be(out, 0, static_cast<std::uint8_t>(operation));
    store_be(out, 1, hardware_type);
    store_be(out, 2, static_cast<std::uint8_t>(hardware_address.size()));
    store_be(out, 3, hops);
    store_be(out, 4, transaction_id);
    store_be(out, 8, seconds);
    store_be(out, 10, static_cast<std::uint16_t>(broadcast ? broadcast_flag : 0U));
    std::ranges::copy(client_address.bytes(), out.subspan(12).begin());
    std::ranges::copy(your_address.bytes(), out.subspan(16).begin());
    std::ranges::copy(server_address.bytes(), out.subspan(20).begin());
    std::ranges::copy(relay_address.bytes(), out.subspan(24).begin());
    std::ranges::copy(hardware_address, out.subspan(hardware_address_offset).begin());
    std::ranges::copy(server_name, out.subspan(server_name_offset).begin());
    std::ranges::copy(file, out.subspan(file_offset).begin());
    store_be(out, cookie_offset, magic_cookie);
    return out.size();
}

dhcp_message dhcp_message::from(const dhcp_view& view) noexcept {
    return {.operation = view.operation(),
            .hardware_type = view.hardware_type(),
            .hops = view.hops(),
            .transaction_id = view.transaction_id(),
            .seconds = view.seconds(),
            .broadcast = view.broadcast(),
            .client_address = view.client_address(),
            .your_address = view.your_address(),
            .server_address = view.server_address(),
            .relay_address = view.relay_address(),
            .hardware_address = view.hardware_address(),
            .server_name = view.server_name(),
            .file = view.file(),
            .options = view.options()};
}

bool operator==(const dhcp_message& a, const dhcp_message& b) noexcept {
    const auto same_name = [](bytes_view x, bytes_view y) {
        return std::ranges::equal(without_trailing_zeros(x), without_trailing_zeros(y));
    };
    return a.operation == b.operation && a.hardware_type == b.hardware_type && a.hops == b.hops &&
           a.transaction_id == b.transaction_id && a.seconds == b.seconds && a.broadcast == b.broadcast &&
           a.client_address == b.client_address && a.your_address == b.your_address &&
           a.server_address == b.server_address && a.relay_address == b.relay_address &&
           std::ranges::equal(a.hardware_address, b.hardware_address) && same_name(a.server_name, b.server_name) &&
           same_name(a.file, b.file) && std::ranges::equal(a.options, b.options);
}

}  // namespace sonde::wire
