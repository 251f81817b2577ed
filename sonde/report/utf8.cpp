#include <algorithm>
#include <array>
#include <span>

#include <sonde/report/utf8.hpp>

namespace sonde::report {
namespace {

struct range {
    char32_t first;
    char32_t last;
};

// Sorted, from Unicode 15: ranges that matter on a terminal, not every code point.
constexpr std::array<range, 15> unprintable{{
    {0x0000, 0x001f},
    {0x007f, 0x009f},
    {0x00ad, 0x00ad},
    {0x061c, 0x061c},
    {0x115f, 0x1160},
    {0x180e, 0x180e},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0x3164, 0x3164},
    {0xfdd0, 0xfdef},
    {0xfeff, 0xfeff},
    {0xfff0, 0xfffb},
    {0xfffe, 0xffff},
    {0xe0000, 0xe007f},
}};

constexpr std::array<range, 17> combining{{
    {0x0300, 0x036f},
    {0x0483, 0x0489},
    {0x0591, 0x05bd},
    {0x0610, 0x061a},
    {0x064b, 0x065f},
    {0x06d6, 0x06dc},
    {0x093c, 0x093c},
    {0x0941, 0x0948},
    {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e},
    {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},
    {0x20d0, 0x20f0},
    {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f},
    {0xe0100, 0xe01ef},
}};

constexpr std::array<range, 11> wide{{
    {0x1100, 0x115e},
    {0x2e80, 0x303e},
    {0x3041, 0xa4cf},
    {0xa960, 0xa97c},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},
    {0xff00, 0xff60},
    {0xffe0, 0xffe6},
    {0x1f300, 0x1faff},
    {0x20000, 0x3fffd},
}};

bool contains(std::span<const range> ranges, char32_t value) noexcept {
    const auto after =
        std::upper_bound(ranges.begin(), ranges.end(), value, [](char32_t v, const range& r) { return v < r.first; });
    return after != ranges.begin() && value <= std::prev(after)->last;
}

std::size_t width_of(char32_t value) noexcept {
    if (value < 0x300) return 1;
    if (contains(combining, value)) return 0;
    return contains(wide, value) ? 2 : 1;
}

}  // namespace

code_point decode_utf8(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    const code_point invalid{lead, 1, false};
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return invalid;

    char32_t value = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return invalid;
        value = (value << 6) | (byte(i) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> shortest{0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < shortest[length] || surrogate || value > 0x10ffff) return invalid;
    return {value, length, true};
}

bool is_unprintable(char32_t value) noexcept {
    return contains(unprintable, value) || (value & 0xfffe) == 0xfffe;
}

std::string_view fit_width(std::string_view text, std::size_t columns) noexcept {
    std::size_t used = 0;
    std::size_t taken = 0;
    while (taken < text.size()) {
        const code_point next = decode_utf8(text.substr(taken));
        used += width_of(next.value);
        if (used > columns) break;
        taken += next.length;
    }
    return text.substr(0, taken);
}

std::size_t display_width(std::string_view text) noexcept {
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size();) {
        const code_point next = decode_utf8(text.substr(i));
        width += width_of(next.value);
        i += next.length;
    }
    return width;
}

}  // namespace sonde::report
