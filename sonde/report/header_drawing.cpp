#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <sonde/report/field_text.hpp>
#include <sonde/report/header_drawing.hpp>

namespace sonde::report {

namespace {

constexpr std::size_t row_bits = 32;
constexpr std::size_t most_rows = 6;
constexpr std::size_t tallest_name = 3;

/// One box. `drawn` bits are fewer than `bits` where the field is drawn shorter.
struct box {
    std::size_t offset = 0;
    std::size_t bits = 0;
    std::vector<std::string> names;  ///< the first that fits is written
    std::string value;
    std::size_t begin = 0;  ///< in drawn bits
    std::size_t drawn = 0;
};

/// `Type of Service (DSCP, ECN)` without what stands in parentheses.
std::string without_remark(std::string_view title) {
    const std::size_t at = title.ends_with(')') ? title.find(" (") : std::string_view::npos;
    return std::string(title.substr(0, at));
}

/// The fields of a layer as boxes, those of options too.
class box_collector : public wire::field_sink {
public:
    void field(const wire::shown_field& f) override {
        if (f.bits == 0) return;
        if (f.kind == wire::field_kind::flags && f.bits <= 2 * f.names.size()) {
            add_flags(f);
            return;
        }
        const std::string title = without_remark(f.title);
        // In an option, `Maximum Segment Size` says more than `value`.
        std::vector<std::string> names{title};
        if (title == "Reserved") names.insert(names.end(), {"Rsrvd", "Res"});  // as RFC 9293 abbreviates it
        names.emplace_back(f.name);
        if (!group_.empty() && f.name == "value") names.insert(names.begin(), group_);
        boxes.push_back({f.offset, f.bits, std::move(names), short_field_text(f)});
    }
    void begin_group(std::string_view /*list*/, std::string_view name, std::string_view title) override {
        group_ = without_remark(title.empty() ? name : title);
    }
    void end_group() override { group_.clear(); }
    void problem(wire::parse_error /*error*/) override {}

    std::vector<box> boxes;

private:
    void add_flags(const wire::shown_field& f) {
        for (std::size_t i = 0; i < f.bits; ++i) {
            const std::uint64_t mask = std::uint64_t{1} << (f.bits - 1 - i);
            const auto named = std::ranges::find_if(f.names, [&](const auto& n) { return n.value == mask; });
            const std::string name = named == f.names.end() ? std::string{} : std::string(named->name);
            boxes.push_back({f.offset + i, 1, {name}, (f.number & mask) != 0 ? "1" : "0"});
        }
    }

    std::string group_;
};

// In the order of their bits, what no field covers included, each with its place in the drawing.
std::vector<box> arranged(std::vector<box> given, std::size_t total) {
    std::ranges::stable_sort(given, {}, &box::offset);
    std::vector<box> out;
    std::size_t at = 0;
    const auto fill_to = [&](std::size_t end) {
        // Byte by byte: what is not a field of its own are an option's kind, length and padding.
        while (at < end) {
            const std::size_t bits = std::min(end - at, 8 - at % 8);
            out.push_back({at, bits, {}, {}});
            at += bits;
        }
    };
    for (auto& b : given) {
        if (b.offset < at || b.offset + b.bits > total) continue;  // a second view of the same bits
        fill_to(b.offset);
        at = b.offset + b.bits;
        out.push_back(std::move(b));
    }
    fill_to(total);
    std::size_t drawn = 0;
    for (auto& b : out) {
        b.begin = drawn;
        b.drawn = b.bits;
        if (b.bits > most_rows * row_bits) {
            b.drawn = 2 * row_bits + b.bits % row_bits;
            b.names.insert(b.names.begin(),
                           fmt::format("{} ({} bytes)", b.names.empty() ? "" : b.names.front(), b.bits / 8));
        }
        drawn += b.drawn;
    }
    return out;
}

/// What a row holds of a box.
struct segment {
    const box* of;
    std::size_t first;  ///< bit in the row
    std::size_t bits;
    bool labelled;  ///< the name stands in this row
};

std::vector<segment> segments_of(const std::vector<box>& boxes, std::size_t row) {
    const std::size_t begin = row * row_bits;
    const std::size_t end = begin + row_bits;
    std::vector<segment> out;
    for (const auto& b : boxes) {
        const std::size_t b_end = b.begin + b.drawn;
        if (b.begin >= end || b_end <= begin) continue;
        const std::size_t first = std::max(b.begin, begin);
        const std::size_t last = std::min(b_end, end);
        // In the middle of the rows that it fills, or in the larger of two parts.
        const std::size_t first_full = b.begin % row_bits == 0 ? b.begin / row_bits : b.begin / row_bits + 1;
        const std::size_t end_full = b_end / row_bits;
        std::size_t label = b.begin / row_bits;
        if (end_full > first_full) {
            label = first_full + (end_full - first_full - 1) / 2;
        } else if (b_end > (label + 1) * row_bits && b_end % row_bits > row_bits - b.begin % row_bits) {
            ++label;
        }
        out.push_back({&b, first - begin, last - first, label == row});
    }
    return out;
}

std::string centred(std::string_view text, std::size_t width) {
    const std::size_t room = width - std::min(width, text.size());
    return std::string(room / 2, ' ') + std::string(text.substr(0, width)) + std::string(room - room / 2, ' ');
}

std::string_view fitting(const std::vector<std::string>& names, std::size_t width) {
    for (const auto& name : names) {
        if (name.size() <= width) return name;
    }
    return names.empty() ? std::string_view{} : std::string_view(names.back()).substr(0, width);
}

/// The name of a one-bit field from top to bottom: that of three letters, else the first letter.
std::string_view upright(const box& b) {
    for (const auto& name : b.names) {
        if (!name.empty() && name.size() <= tallest_name) return name;
    }
    return b.names.empty() ? std::string_view{} : std::string_view(b.names.front()).substr(0, 1);
}

std::size_t height_of(const std::vector<segment>& row) {
    std::size_t height = 1;
    for (const auto& s : row) {
        if (s.of->drawn == 1) height = std::max(height, upright(*s.of).size());
    }
    return height;
}

void append_text_row(std::string& out, std::string_view indent, const std::vector<segment>& row, std::size_t line,
                     std::size_t height) {
    out += indent;
    out += '|';
    for (const auto& s : row) {
        const std::size_t width = 2 * s.bits - 1;
        std::string_view text;
        if (s.of->drawn == 1) {
            const std::string_view name = upright(*s.of);
            const std::size_t top = (height - name.size()) / 2;
            if (line >= top && line - top < name.size()) text = name.substr(line - top, 1);
        } else if (s.labelled && line == (height - 1) / 2) {
            text = fitting(s.of->names, width);
        }
        out += centred(text, width);
        out += '|';
    }
    out += '\n';
}

void append_value_row(std::string& out, std::string_view indent, const std::vector<segment>& row) {
    const bool any = std::ranges::any_of(row, [](const segment& s) { return s.labelled && !s.of->value.empty(); });
    if (!any) return;
    out += indent;
    out += '|';
    for (const auto& s : row) {
        const std::size_t width = 2 * s.bits - 1;
        const bool fits = s.labelled && s.of->value.size() <= width;
        out += centred(fits ? std::string_view(s.of->value) : std::string_view{}, width);
        out += '|';
    }
    out += '\n';
}

/// Which box each bit of a row belongs to; null past the end.
std::vector<const box*> owners(const std::vector<segment>& row) {
    std::vector<const box*> out(row_bits, nullptr);
    for (const auto& s : row) std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(s.first), s.bits, s.of);
    return out;
}

// No line where a field goes on in the next row.
void append_border(std::string& out, std::string_view indent, const std::vector<const box*>& above,
                   const std::vector<const box*>& below) {
    const auto drawn = [&](std::size_t bit) {
        return bit < row_bits && above[bit] != below[bit] && (above[bit] != nullptr || below[bit] != nullptr);
    };
    const auto there = [&](std::size_t bit) {
        return bit < row_bits && (above[bit] != nullptr || below[bit] != nullptr);
    };
    out += indent;
    out += '+';
    for (std::size_t bit = 0; bit < row_bits && there(bit); ++bit) {
        out += drawn(bit) ? '-' : ' ';
        out += drawn(bit) || drawn(bit + 1) || !there(bit + 1) ? '+' : ' ';
    }
    out += '\n';
}

void append_ruler(std::string& out, std::string_view indent, std::size_t columns) {
    for (const bool tens : {true, false}) {
        std::string line(indent);
        for (std::size_t bit = 0; bit < columns; ++bit) {
            line += ' ';
            line += tens && bit % 10 != 0 ? ' ' : static_cast<char>('0' + (tens ? bit / 10 : bit % 10));
        }
        while (line.ends_with(' ')) line.pop_back();
        out += line + '\n';
    }
}

}  // namespace

void draw_header(std::string& out, const wire::layer& layer, const drawing_options& options) {
    box_collector collector;
    wire::visit_fields(layer, collector);
    if (collector.boxes.empty()) return;
    const auto boxes = arranged(std::move(collector.boxes), 8 * layer.bytes.size());
    const std::size_t total = boxes.back().begin + boxes.back().drawn;
    const std::size_t rows = (total + row_bits - 1) / row_bits;
    append_ruler(out, options.indent, std::min(total, row_bits));
    std::vector<const box*> above(row_bits, nullptr);
    for (std::size_t r = 0; r < rows; ++r) {
        const auto row = segments_of(boxes, r);
        auto here = owners(row);
        append_border(out, options.indent, above, here);
        const std::size_t height = height_of(row);
        for (std::size_t line = 0; line < height; ++line) append_text_row(out, options.indent, row, line, height);
        if (options.values) append_value_row(out, options.indent, row);
        above = std::move(here);
    }
    append_border(out, options.indent, above, std::vector<const box*>(row_bits, nullptr));
}

}  // namespace sonde::report
