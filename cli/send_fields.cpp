#include <algorithm>

#include <cli/send_fields.hpp>
#include <fmt/format.h>

#include <sonde/report/field_text.hpp>
#include <sonde/report/hexdump.hpp>
#include <sonde/wire/dissect.hpp>

namespace sonde::cli {

namespace {

using craft::author;

struct bit_range {
    std::size_t offset;
    std::size_t bits;
};

bool bit_at(bytes_view bytes, std::size_t bit) noexcept {
    return bit / 8 < bytes.size() && (std::to_integer<unsigned>(bytes[bit / 8]) >> (7 - bit % 8) & 1U) != 0;
}

std::string bits_text(bytes_view bytes, bit_range range) {
    std::string out;
    if (range.offset % 8 == 0 && range.bits % 8 == 0) {
        constexpr std::size_t most = 16;
        const std::size_t size = std::min(range.bits / 8, most);
        if (range.offset / 8 + size > bytes.size()) return out;
        report::append_hex_bytes(out, bytes.subspan(range.offset / 8, size));
        return range.bits / 8 > most ? out + " ..." : out;
    }
    const std::size_t step = range.offset % 4 == 0 && range.bits % 4 == 0 ? 4 : 1;
    if (step == 1) out = "0b";
    for (std::size_t at = range.offset; at < range.offset + range.bits; at += step) {
        unsigned digit = 0;
        for (std::size_t i = 0; i < step; ++i) digit = digit << 1U | static_cast<unsigned>(bit_at(bytes, at + i));
        out += fmt::format("{:x}", digit);
    }
    return out;
}

bool same_bits(bytes_view a, bytes_view b, bit_range range) noexcept {
    for (std::size_t bit = range.offset; bit < range.offset + range.bits; ++bit) {
        if (bit_at(a, bit) != bit_at(b, bit)) return false;
    }
    return true;
}

/// The fields of one layer.
class field_reader : public wire::field_sink {
public:
    /// `header` is shown, `written` is what it was compared with; empty where it was not written.
    field_reader(const craft::built_layer& layer, bytes_view header, bytes_view written)
        : layer_(layer), header_(header), written_(written) {}

    void field(const wire::shown_field& f) override {
        explained_field out;
        const bit_range range{f.offset, f.bits};
        out.name = group_.empty() ? std::string(f.name) : fmt::format("{}.{}", group_, f.name);
        out.value = report::field_text(f);
        out.bytes = bits_text(header_, range);
        out.by = author_of(f);
        if (!written_.empty() && out.by != author::kernel && !same_bits(header_, written_, range)) {
            out.overwritten = bits_text(written_, range);
        }
        fields.push_back(std::move(out));
    }
    void begin_group(std::string_view list, std::string_view name, std::string_view /*title*/) override {
        group_ = name.empty() ? list : name;
    }
    void end_group() override { group_.clear(); }
    void problem(wire::parse_error error) override {
        fields.push_back({"", fmt::format("({})", wire::to_string(error)), "", author::user, {}});
    }

    std::vector<explained_field> fields;

private:
    [[nodiscard]] author author_of(const wire::shown_field& f) const {
        if (group_.empty()) {
            if (const auto known = layer_.author_of(f.name)) return *known;
            return f.name == "padding" ? author::computed : author::user;
        }
        const bool added = group_ == "end" || group_ == "eol" || group_ == "padn" || group_ == "pad1";
        if (!layer_.has_given_options && layer_.layout != nullptr && options_are_ours()) return author::computed;
        return added && layer_.has_given_options ? author::computed : author::user;
    }
    /// A description without options, whose options sonde added; in bytes that came whole all are the user's.
    [[nodiscard]] bool options_are_ours() const {
        return std::ranges::any_of(layer_.fields, [](const craft::built_field& f) { return f.by != author::user; });
    }

    const craft::built_layer& layer_;
    bytes_view header_;
    bytes_view written_;
    std::string group_;
};

bytes_view part(bytes_view all, std::size_t at, std::size_t size) noexcept {
    if (at >= all.size()) return {};
    return all.subspan(at, std::min(size, all.size() - at));
}

std::string title_of(const craft::built_layer& layer) {
    if (layer.variant == nullptr) return std::string(layer.layout->title);
    return fmt::format("{}, {}", layer.layout->title, layer.variant->title);
}

}  // namespace

std::string_view author_name(craft::author by) noexcept {
    switch (by) {
        case author::user:
            return "you";
        case author::preset:
        case author::computed:
            return "sonde";
        case author::kernel:
            return "kernel";
    }
    return "sonde";
}

std::vector<explained_layer> explain_fields(const prepared_packet& packet, bytes_view left) {
    std::vector<explained_layer> out;
    const bytes_view shape{packet.shape.bytes};
    const bool caught = left.size() == shape.size();
    for (const auto& layer : packet.shape.layers) {
        explained_layer explained;
        const bytes_view ours = part(shape, layer.offset, layer.size);
        explained.bytes = caught ? part(left, layer.offset, layer.size) : ours;
        explained.offset = layer.offset;
        explained.layout = layer.layout;
        if (layer.layout == nullptr) {
            explained.name = "payload";
            explained.title = "payload";
        } else {
            explained.name = std::string(layer.layout->name);
            explained.title = title_of(layer);
            const bool was_written = layer.offset >= packet.written_at;
            field_reader reader(layer, explained.bytes, was_written ? ours : bytes_view{});
            wire::layer view;
            view.id = layer.layout->id;
            view.bytes = explained.bytes;
            wire::visit_fields(view, reader);
            explained.fields = std::move(reader.fields);
        }
        out.push_back(std::move(explained));
    }
    return out;
}

}  // namespace sonde::cli
