#include <algorithm>

#include <sonde/wire/option.hpp>

namespace sonde::wire {

namespace {

constexpr std::size_t option_header_size = 2;
constexpr std::size_t length_max = 255;

bool is_single_byte(std::uint8_t kind, const option_format& format) noexcept {
    return format.pad == kind || format.end == kind;
}

}  // namespace

parsed<std::optional<option>> next_option(bytes_view& rest, const option_format& format) noexcept {
    const bytes_view all = rest;
    rest = {};
    if (all.empty()) return std::nullopt;
    const auto kind = load_be<std::uint8_t>(all, 0);
    if (format.end == kind) return std::nullopt;
    if (format.pad == kind) {
        rest = all.subspan(1);
        return option{kind, {}};
    }
    if (all.size() < option_header_size) return parse_error::bad_option;
    const std::size_t counted = std::size_t{format.length_unit} * load_be<std::uint8_t>(all, 1);
    const std::size_t size = counted + (format.length_covers_header ? 0 : option_header_size);
    if (size < option_header_size || size > all.size()) return parse_error::bad_option;
    rest = all.subspan(size);
    return option{kind, all.subspan(option_header_size, size - option_header_size)};
}

bool options_are_well_formed(bytes_view options, const option_format& format) noexcept {
    while (!options.empty()) {
        if (!next_option(options, format)) return false;
    }
    return true;
}

std::optional<option> find_option(bytes_view options, std::uint8_t kind, const option_format& format) noexcept {
    while (!options.empty()) {
        const auto o = next_option(options, format);
        if (!o) return std::nullopt;
        if (*o && (*o)->kind == kind) return *o;
    }
    return std::nullopt;
}

std::size_t option_size(const option& o, const option_format& format) noexcept {
    if (is_single_byte(o.kind, format)) return o.data.empty() ? 1 : 0;
    const std::size_t size = option_header_size + o.data.size();
    const std::size_t counted = format.length_covers_header ? size : o.data.size();
    return counted % format.length_unit == 0 && counted / format.length_unit <= length_max ? size : 0;
}

std::size_t emit_option(const option& o, const option_format& format, bytes_span out) noexcept {
    const std::size_t size = option_size(o, format);
    if (size == 0 || out.size() < size) return 0;
    store_be(out, 0, o.kind);
    if (size == 1) return size;
    const std::size_t counted = format.length_covers_header ? size : o.data.size();
    store_be(out, 1, static_cast<std::uint8_t>(counted / format.length_unit));
    std::ranges::copy(o.data, out.subspan(option_header_size).begin());
    return size;
}

}  // namespace sonde::wire
