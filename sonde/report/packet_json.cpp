#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <sonde/report/escape.hpp>
#include <sonde/report/hexdump.hpp>
#include <sonde/report/json_line.hpp>
#include <sonde/report/line_writer.hpp>
#include <sonde/report/packet_json.hpp>

namespace sonde::report {

namespace {

// What a double holds exactly: a reader's numbers may be no better.
constexpr unsigned widest_number = 53;

void append_number(std::string& out, std::uint64_t value) {
    out += fmt::format_int(value).c_str();
}

// What comes from the network is escaped for people first, and then for JSON.
void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : escape_text(text)) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void append_hex_string(std::string& out, bytes_view bytes) {
    out += '"';
    append_hex_digits(out, bytes);
    out += '"';
}

std::string_view text_of(bytes_view bytes) {
    const auto end = std::ranges::find(bytes, std::byte{0});
    // Characters are the one type that may look at any other's bytes.
    return {static_cast<const char*>(static_cast<const void*>(bytes.data())),
            static_cast<std::size_t>(end - bytes.begin())};
}

/// Writes members one after another, and knows which list is open.
class layer_writer final : public wire::field_sink {
public:
    explicit layer_writer(std::string& out) noexcept : out_(out) {}

    void key(std::string_view name) {
        close_list();
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }
    void member(std::string_view name, std::string_view text) {
        key(name);
        append_string(out_, text);
    }
    void field(const wire::shown_field& f) override {
        if (f.listed) {
            element(f.name);
        } else {
            key(f.name);
        }
        value(f);
        if (!f.value_text.empty() && !f.listed) member(named(f.name, "_name"), f.value_text);
        if (!f.names.empty()) names(f);
    }
    void begin_group(std::string_view list, std::string_view name, std::string_view title) override {
        (void)title;
        element(list);
        out_ += '{';
        levels_.push_back(std::exchange(open_list_, {}));
        first_ = true;
        if (!name.empty()) member("kind", name);
    }
    void end_group() override {
        close_list();
        out_ += '}';
        open_list_ = levels_.back();
        levels_.pop_back();
        first_ = false;
    }
    void problem(wire::parse_error error) override { member("malformed", to_string(error)); }
    void close_list() {
        if (open_list_.empty()) return;
        out_ += ']';
        open_list_ = {};
    }

private:
    void element(std::string_view list) {
        if (open_list_ == list) {
            out_ += ',';
            return;
        }
        key(list);
        out_ += '[';
        open_list_ = list;
    }
    std::string_view named(std::string_view name, std::string_view ending) {
        scratch_.assign(name);
        scratch_ += ending;
        return scratch_;
    }
    void names(const wire::shown_field& f) {
        key(named(f.name, "_names"));
        out_ += '[';
        bool first = true;
        for (const wire::value_name& bit : f.names) {
            if ((f.number & bit.value) == 0) continue;
            if (!std::exchange(first, false)) out_ += ',';
            append_string(out_, bit.name);
        }
        out_ += ']';
    }
    void value(const wire::shown_field& f) {
        using wire::field_kind;
        using enum field_kind;
        written_.clear();
        switch (f.kind) {
            case flag:
                out_ += f.number != 0 ? "true" : "false";
                return;
            case mac:
                return append_string(out_, written_.mac(f.bytes).text());
            case ipv4:
                return append_string(out_, written_.ipv4(f.bytes).text());
            case ipv6:
                return append_string(out_, written_.ipv6(f.bytes).text());
            case text:
                return append_string(out_, text_of(f.bytes));
            case bytes:
                return append_hex_string(out_, f.bytes);
            case number:
            case hexadecimal:
            case flags:
            case field_kind::named:
                break;
        }
        if (f.bits > widest_number) return append_hex_string(out_, f.bytes);
        append_number(out_, f.number);
    }

    std::string& out_;
    bool first_ = true;
    std::string_view open_list_;
    std::vector<std::string_view> levels_;  // the lists that are open around the group
    std::string scratch_;
    line_writer written_;
};

std::string_view status_name(wire::checksum_status status) noexcept {
    switch (status) {
        case wire::checksum_status::right:
            return "right";
        case wire::checksum_status::wrong:
            return "wrong";
        case wire::checksum_status::partial:
            return "partial";
        case wire::checksum_status::none:
            break;
    }
    return {};
}

void append_layer(std::string& out, const wire::layer& l, const packet_json_options& options) {
    const wire::header_layout* layout = wire::layout_of(l.id);
    layer_writer w(out);
    out += '{';
    w.member("layer", layout == nullptr ? "payload" : layout->name);
    if (l.depth > 0) {
        w.key("quoted");
        out += "true";
    }
    if (layout == nullptr) {
        w.key("size");
        append_number(out, l.bytes.size());
        w.key("bytes");
        append_hex_string(out, l.bytes.first(std::min(l.bytes.size(), options.payload_bytes)));
    } else {
        if (const auto* variant = wire::variant_of(*layout, l.bytes)) w.member("form", variant->name);
        visit_fields(l, w);
    }
    if (l.checksum != wire::checksum_status::none) w.member("checksum", status_name(l.checksum));
    if (l.problem) w.member("problem", to_string(*l.problem));
    w.close_list();
    out += '}';
}

void append_event(std::string& out, std::string_view event, wall_time time) {
    fmt::format_to(std::back_inserter(out), R"({{"schema":{},"event":"{}","time":"{}")", json_schema_version, event,
                   to_rfc3339(time));
}

}  // namespace

void append_packet_json(std::string& out, const packet_view& packet, const packet_json_options& options) {
    append_event(out, "packet", packet.time);
    if (!packet.interface.empty()) {
        out += R"(,"interface":)";
        append_string(out, packet.interface);
    }
    if (packet.direction != packet_direction::unknown) {
        out += R"(,"direction":)";
        append_string(out, to_string(packet.direction));
    }
    out += R"(,"length":)";
    append_number(out, packet.full_size);
    out += R"(,"captured":)";
    append_number(out, packet.frame.size());
    if (packet.checksum_unfinished) out += R"(,"checksum_unfinished":true)";
    out += R"(,"layers":[)";
    bool first = true;
    for (const wire::layer& l : packet.dissection.layers()) {
        if (!std::exchange(first, false)) out += ',';
        append_layer(out, l, options);
    }
    out += ']';
    if (const bytes_view trailer = packet.dissection.trailer(); !trailer.empty()) {
        out += R"(,"trailer":)";
        append_hex_string(out, trailer.first(std::min(trailer.size(), options.payload_bytes)));
    }
    if (options.frame) {
        out += R"(,"frame":)";
        append_hex_string(out, packet.frame);
    }
    out += "}\n";
}

void append_capture_summary_json(std::string& out, const capture_totals& totals, wall_time time) {
    append_event(out, "summary", time);
    const std::array<std::pair<std::string_view, std::uint64_t>, 7> counts{{{"received", totals.received},
                                                                            {"dropped", totals.dropped},
                                                                            {"loopback_copies", totals.loopback_copies},
                                                                            {"filtered", totals.filtered},
                                                                            {"captured", totals.captured},
                                                                            {"unread", totals.unread},
                                                                            {"written", totals.written}}};
    for (const auto& [name, count] : counts) fmt::format_to(std::back_inserter(out), R"(,"{}":{})", name, count);
    out += "}\n";
}

}  // namespace sonde::report
