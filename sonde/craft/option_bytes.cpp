#include <fmt/format.h>

#include <sonde/craft/option_bytes.hpp>
#include <sonde/wire/option.hpp>

namespace sonde::craft {

namespace {

using wire::option_style;

constexpr std::size_t most_option_bytes = 40;  // RFC 791 and 9293: a header has at most 60
constexpr std::size_t extension_unit = 8;
constexpr std::size_t longest_extension = 256 * extension_unit;
constexpr std::uint8_t dhcp_end = 255;

const wire::option_format& format_of(option_style style) noexcept {
    switch (style) {
        case option_style::nd:
            return wire::nd_option_format;
        case option_style::dhcp:
            return wire::dhcp_option_format;
        case option_style::ipv6:
            return wire::ipv6_option_format;
        case option_style::none:
        case option_style::tcp:
            break;
    }
    return wire::ip_and_tcp_option_format;
}

std::string name_of(const given_option& option) {
    return option.option == nullptr ? fmt::format("option {}", option.code) : std::string(option.option->name);
}

described<void> append(std::vector<std::byte>& out, const given_option& given, option_style style) {
    if (given.raw) {
        out.insert(out.end(), given.data.begin(), given.data.end());
        return {};
    }
    const wire::option_format& format = format_of(style);
    std::vector<std::byte> data = given.data;
    if (style == option_style::nd) {
        while ((data.size() + 2) % extension_unit != 0) data.emplace_back();
    }
    const wire::option option{given.code, data};
    const std::size_t size = wire::option_size(option, format);
    if (size == 0) {
        return description_error{given.column, fmt::format("{} cannot carry {} bytes", name_of(given), data.size())};
    }
    const std::size_t at = out.size();
    out.resize(at + size);
    (void)wire::emit_option(option, format, bytes_span{out}.subspan(at));
    return {};
}

// RFC 8200 section 4.2: Pad1 for one byte, PadN for more.
void pad_extension(std::vector<std::byte>& out, std::size_t fixed) {
    const std::size_t missing = (extension_unit - (fixed + out.size()) % extension_unit) % extension_unit;
    if (missing == 0) return;
    if (missing > 1) {
        out.push_back(std::byte{1});
        out.push_back(static_cast<std::byte>(missing - 2));
    }
    out.resize(out.size() + (missing > 1 ? missing - 2 : 1));
}

bool ends_dhcp(const std::vector<given_option>& options) noexcept {
    return !options.empty() && (options.back().raw || options.back().code == dhcp_end);
}

}  // namespace

described<std::vector<std::byte>> option_bytes(const described_layer& layer) {
    std::vector<std::byte> out;
    if (layer.layout == nullptr) return out;
    const option_style style = options_of(*layer.layout, layer.variant);
    for (const auto& given : layer.options) {
        if (auto added = append(out, given, style); !added) return added.error();
        const std::size_t most = style == option_style::tcp ? most_option_bytes : longest_extension;
        if (style != option_style::dhcp && out.size() > most) {
            return description_error{given.column, fmt::format("{} has room for {} bytes of options, and these are {}",
                                                               layer.layout->name, most, out.size())};
        }
    }
    if (style == option_style::tcp) out.resize((out.size() + 3) / 4 * 4);
    if (style == option_style::ipv6) pad_extension(out, wire::fixed_size(*layer.layout, layer.variant));
    if (style == option_style::dhcp && !ends_dhcp(layer.options)) out.push_back(std::byte{dhcp_end});
    return out;
}

}  // namespace sonde::craft
