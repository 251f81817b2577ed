#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include <sonde/report/hexdump.hpp>

namespace sonde::report {

namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t row_size = 16;
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view plain = "\x1b[0m";

void append_byte(std::string& out, std::byte byte) {
    const auto value = std::to_integer<std::uint8_t>(byte);
    out += digits[value >> 4U];
    out += digits[value & 0x0fU];
}

char shown(std::byte byte) {
    const auto value = std::to_integer<std::uint8_t>(byte);
    return value > 0x20 && value < 0x7f ? static_cast<char>(value) : '.';  // a blank too, as tcpdump
}

std::optional<std::byte> byte_at(const compared_bytes& row, std::size_t place) {
    if (place < row.at || place - row.at >= row.bytes.size()) return std::nullopt;
    return row.bytes[place - row.at];
}

void trim_right(std::string& out, std::size_t from) {
    while (out.size() > from && out.back() == ' ') out.pop_back();
}

struct row_range {
    std::size_t begin;
    std::size_t end;
};

void append_compared(std::string& out, const compared_bytes& row, const compared_bytes& other, row_range range,
                     bool colour) {
    for (std::size_t place = range.begin; place < range.end; ++place) {
        const auto byte = byte_at(row, place);
        const bool marked = colour && byte && byte != byte_at(other, place);
        out += place == range.begin ? "" : " ";
        if (marked) out += bold;
        if (byte)
            append_byte(out, *byte);
        else
            out += "  ";
        if (marked) out += plain;
    }
    trim_right(out, 0);
    out += '\n';
}

}  // namespace

void hexdump(std::string& out, bytes_view bytes, const hexdump_options& options) {
    const std::size_t per_row = options.bytes_per_row == 0 ? row_size : options.bytes_per_row;
    const std::size_t width = options.pairs ? (per_row + 1) / 2 * 5 : per_row * 3;
    for (std::size_t at = 0; at < bytes.size(); at += per_row) {
        const bytes_view row = bytes.subspan(at, std::min(per_row, bytes.size() - at));
        out += options.indent;
        if (options.offsets) fmt::format_to(std::back_inserter(out), "0x{:04x}: ", options.first_offset + at);
        const std::size_t start = out.size();
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (!options.pairs || i % 2 == 0) out += ' ';
            append_byte(out, row[i]);
        }
        if (options.ascii) {
            out.append(width - (out.size() - start) + 2, ' ');
            std::ranges::transform(row, std::back_inserter(out), shown);
        }
        out += '\n';
    }
}

void append_hex_bytes(std::string& out, bytes_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i > 0) out += ' ';
        append_byte(out, bytes[i]);
    }
}

void append_hex_digits(std::string& out, bytes_view bytes) {
    for (const std::byte byte : bytes) append_byte(out, byte);
}

std::size_t hex_compare(std::string& out, const compared_bytes& upper, const compared_bytes& lower,
                        const compare_options& options) {
    const std::size_t label = std::max(upper.label.size(), lower.label.size());
    const std::size_t total = std::max(upper.at + upper.bytes.size(), lower.at + lower.bytes.size());
    std::size_t differences = 0;
    for (std::size_t at = 0; at < total; at += row_size) {
        const row_range range{at, std::min(at + row_size, total)};
        auto into = std::back_inserter(out);
        fmt::format_to(into, "{}0x{:04x}  {:<{}}  ", options.indent, at, upper.label, label);
        append_compared(out, upper, lower, range, options.colour);
        fmt::format_to(into, "{}        {:<{}}  ", options.indent, lower.label, label);
        append_compared(out, lower, upper, range, options.colour);
        std::string marks;
        for (std::size_t place = range.begin; place < range.end; ++place) {
            const bool differs = byte_at(upper, place) != byte_at(lower, place);
            differences += differs ? 1 : 0;
            marks += differs ? "^^ " : "   ";
        }
        trim_right(marks, 0);
        if (!marks.empty()) fmt::format_to(into, "{}        {:<{}}  {}\n", options.indent, "", label, marks);
    }
    return differences;
}

}  // namespace sonde::report
