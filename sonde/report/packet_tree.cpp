#include <algorithm>

#include <fmt/format.h>

#include <sonde/report/expected_checksum.hpp>
#include <sonde/report/field_text.hpp>
#include <sonde/report/hexdump.hpp>
#include <sonde/report/packet_tree.hpp>

namespace sonde::report {

namespace {

constexpr std::size_t step = 4;

class tree_writer final : public wire::field_sink {
public:
    /// `note` stands behind the checksum.
    tree_writer(std::string& out, std::string note) noexcept : out_(out), note_(std::move(note)) {}

    void field(const wire::shown_field& f) override {
        indent();
        out_ += f.title;
        out_ += ": ";
        out_ += field_text(f);
        if (f.name == "chksum" && depth_ == 2) out_ += note_;
        out_ += '\n';
    }
    void begin_group(std::string_view list, std::string_view name, std::string_view title) override {
        (void)list;
        (void)name;
        indent();
        out_ += title;
        out_ += '\n';
        ++depth_;
    }
    void end_group() override { --depth_; }
    void problem(wire::parse_error error) override {
        indent();
        fmt::format_to(std::back_inserter(out_), "[malformed from here on: {}]\n", to_string(error));
    }

private:
    void indent() { out_.append(depth_ * step, ' '); }

    std::string& out_;
    std::string note_;
    std::size_t depth_ = 2;
};

std::string checksum_note(const packet_view& packet, std::size_t index) {
    switch (packet.dissection.layers()[index].checksum) {
        case wire::checksum_status::right:
            return " [right]";
        case wire::checksum_status::wrong: {
            const auto expected = expected_checksum(packet, index);
            return expected ? fmt::format(" [wrong, should be 0x{:04x}]", *expected) : " [wrong]";
        }
        case wire::checksum_status::partial:
            return " [cannot be judged here]";
        case wire::checksum_status::none:
            break;
    }
    return packet.checksum_unfinished ? " [left to the device]" : "";
}

void append_bytes(std::string& out, bytes_view bytes, const packet_tree_options& options) {
    constexpr std::size_t row = 16;
    const std::size_t shown = std::min(bytes.size(), row * options.payload_rows);
    hexdump(out, bytes.first(shown), {.ascii = true, .indent = "        "});
    if (shown < bytes.size()) {
        fmt::format_to(std::back_inserter(out), "        ... {} more bytes\n", bytes.size() - shown);
    }
}

void append_layer(std::string& out, const packet_view& packet, std::size_t index, const packet_tree_options& options) {
    const wire::layer& l = packet.dissection.layers()[index];
    const wire::header_layout* layout = wire::layout_of(l.id);
    const auto into = std::back_inserter(out);
    fmt::format_to(into, "    {}{}", l.depth > 0 ? "quoted: " : "", layout == nullptr ? "Payload" : layout->title);
    if (layout != nullptr) {
        if (const auto* variant = wire::variant_of(*layout, l.bytes)) fmt::format_to(into, ", {}", variant->title);
    }
    fmt::format_to(into, ", {} bytes", l.bytes.size());
    if (l.problem) fmt::format_to(into, " [{}]", to_string(*l.problem));
    out += '\n';
    if (layout == nullptr) return append_bytes(out, l.bytes, options);
    tree_writer writer(out, checksum_note(packet, index));
    visit_fields(l, writer);
}

}  // namespace

void append_packet_tree(std::string& out, const packet_view& packet, const packet_tree_options& options) {
    for (std::size_t i = 0; i < packet.dissection.layers().size(); ++i) append_layer(out, packet, i, options);
    if (const bytes_view trailer = packet.dissection.trailer(); !trailer.empty()) {
        fmt::format_to(std::back_inserter(out), "    Trailer, {} bytes\n", trailer.size());
        append_bytes(out, trailer, options);
    }
    if (packet.full_size > packet.frame.size()) {
        fmt::format_to(std::back_inserter(out), "    [{} of {} bytes were captured]\n", packet.frame.size(),
                       packet.full_size);
    }
}

}  // namespace sonde::report
