// What holds for the dissection of any bytes at all: shared by the unit tests and the fuzz target, hence without
// GoogleTest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include <sonde/wire/dissect.hpp>

namespace sonde::wire::rig {

[[nodiscard]] inline bool lies_in(bytes_view outer, bytes_view inner) {
    if (inner.empty()) return true;
    const std::less_equal<const std::byte*> not_after;
    return not_after(outer.data(), inner.data()) && not_after(inner.data() + inner.size(), outer.data() + outer.size());
}

/// Remembers the first law that the fields of one layer break. Without a problem they cover it to the last bit.
class field_laws : public field_sink {
public:
    explicit field_laws(bytes_view layer_bytes) : layer_(layer_bytes) {}

    void field(const shown_field& f) override {
        require(!f.name.empty() && !f.title.empty(), "a field has a name and a title");
        if (open_ == 0) require(fields_.insert(f.name).second || f.listed, "a name that comes again is of a list");
        require(f.offset == next_, "a field begins where the one before it ends");
        next_ = f.offset + f.bits;
        require(next_ <= 8 * layer_.size(), "a field lies in its layer");
        require(lies_in(layer_, f.bytes), "a field's bytes lie in its layer");
        require(f.bytes.empty() || 8 * f.bytes.size() == f.bits, "a field's bytes are as long as it is");
        require(f.bits <= 64 || !f.bytes.empty() || f.bits == 0, "a long field has bytes");
        require(f.bits >= 64 || f.number >> f.bits == 0, "a number has no more bits than its field");
        require(f.kind != field_kind::mac || f.bits == 48, "a MAC address has 48 bits");
        require(f.kind != field_kind::ipv4 || f.bits == 32, "an IPv4 address has 32 bits");
        require(f.kind != field_kind::ipv6 || f.bits == 128, "an IPv6 address has 128 bits");
    }
    void begin_group(std::string_view list, std::string_view, std::string_view title) override {
        require(!list.empty() && !title.empty(), "a group is of a list");
        require(open_ > 0 || !fields_.contains(list), "a list is not called as a field beside it");
        ++open_;
    }
    void end_group() override {
        require(open_ > 0, "a group that ends has begun");
        --open_;
    }
    void problem(parse_error) override { problem_ = true; }

    /// Empty when all hold.
    std::string broken(const layer& l) {
        require(open_ == 0, "a group that begins ends");
        const bool whole = !problem_ && !l.problem && l.id != protocol::payload;
        require(!whole || next_ == 8 * layer_.size(), "the fields cover their layer");
        return broken_;
    }

private:
    void require(bool holds, const char* law) {
        if (!holds && broken_.empty()) broken_ = law;
    }

    bytes_view layer_;
    std::set<std::string_view> fields_;  // beside the groups; the names are the tables'
    std::size_t next_ = 0;
    int open_ = 0;
    bool problem_ = false;
    std::string broken_;
};

[[nodiscard]] inline std::string broken_law_of(const layer& l, bytes_view frame) {
    if (!lies_in(frame, l.bytes)) return "a layer lies in the frame";
    if (l.bytes.empty()) return "a layer has bytes";
    if (l.bytes.data() != frame.data() + l.offset) return "a layer is where its offset says";
    if (l.depth > 1) return "a quote in a quote is not followed";
    const header_layout* layout = layout_of(l.id);
    if ((layout == nullptr) != (l.id == protocol::payload)) return "every header has a layout";
    if (layout != nullptr && !l.problem && l.bytes.size() < layout->size) {
        return "a header that is shorter than its layout has a problem";
    }
    field_laws laws{l.bytes};
    visit_fields(l, laws);
    return laws.broken(l);
}

/// Empty when all laws hold for the frame.
[[nodiscard]] inline std::string broken_law(link_type link, bytes_view frame) {
    const dissection checked = dissect(link, frame);
    const dissection fast = dissect(link, frame, {.checksums = false});
    if (checked.layers().size() != fast.layers().size()) return "checksums do not change the layers";
    if (checked.layers().size() > dissection::capacity) return "there are no more layers than the capacity";
    if (!lies_in(frame, checked.trailer())) return "the trailer lies in the frame";
    std::size_t end = 0;
    for (std::size_t i = 0; i < checked.layers().size(); ++i) {
        const layer& l = checked.layers()[i];
        const layer& same = fast.layers()[i];
        if (same.checksum != checksum_status::none) return "what was not asked for is not judged";
        if (l.id != same.id || l.bytes.data() != same.bytes.data() || l.bytes.size() != same.bytes.size() ||
            l.problem != same.problem || l.depth != same.depth || l.payload_size != same.payload_size) {
            return "checksums do not change a layer";
        }
        if (l.offset < end) return "a layer begins behind the one before it";
        end = l.offset + l.bytes.size();
        if (std::string law = broken_law_of(l, frame); !law.empty()) return law;
    }
    return {};
}

}  // namespace sonde::wire::rig
