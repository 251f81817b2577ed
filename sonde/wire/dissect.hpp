// A frame taken apart into layers, without allocation, and the fields of each layer told one by one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sonde/base/bytes.hpp>
#include <sonde/base/link_type.hpp>
#include <sonde/wire/header_layout.hpp>
#include <sonde/wire/parse_error.hpp>
#include <sonde/wire/protocol.hpp>

namespace sonde::wire {

/// What is known of a layer's checksum.
enum class checksum_status : std::uint8_t {
    none,  ///< the protocol has none, it says that it has none (UDP over IPv4: zero), or it was not asked for
    right,
    wrong,
    partial,  ///< not to be judged: a fragment, a quote cut short, a capture cut short
};

/// One layer. `bytes` is its header with options, for `payload` everything; borrowed from the frame. It has at least
/// the bytes of the fixed header, unless `problem` is set.
struct layer {
    protocol id = protocol::payload;
    std::uint8_t depth = 0;  ///< 1 in the packet that an ICMP error quotes
    checksum_status checksum = checksum_status::none;
    std::optional<parse_error> problem = {};  ///< why the frame could not be understood from here on
    std::uint32_t offset = 0;                 ///< of `bytes` in the frame
    /// What the headers up to this one say of what follows it, in bytes, which may be more than was captured.
    std::uint32_t payload_size = 0;
    bytes_view bytes = {};
};

struct dissect_options {
    bool checksums = true;  ///< verify them; off for speed, or where the kernel left them unfinished
};

/// The layers of one frame, outermost first. A value type of fixed size, any thread; borrows the frame.
class dissection {
public:
    /// As many as the deepest frame worth showing: link, two tags, IPv6 with extensions, ICMP, quote, extension,
    /// payload.
    static constexpr std::size_t capacity = 24;

    [[nodiscard]] std::span<const layer> layers() const noexcept { return {slots_.layers.data(), count_}; }
    /// There were more layers than `capacity`: the last one is payload with all the rest.
    [[nodiscard]] bool cut() const noexcept { return cut_; }
    /// The first layer of that protocol at that depth; null when there is none.
    [[nodiscard]] const layer* find(protocol id, std::uint8_t depth = 0) const noexcept;
    /// The captured bytes beyond what the headers say the packet has: Ethernet's padding.
    [[nodiscard]] bytes_view trailer() const noexcept { return trailer_; }

private:
    friend class dissector;

    // Not initialised, for that would cost more than to dissect a frame; `count_` says how many are alive.
    union slots {
        slots() noexcept {}  // NOLINT(modernize-use-equals-default): a defaulted one would be deleted
        std::array<layer, capacity> layers;
    };

    slots slots_;
    std::size_t count_ = 0;
    bytes_view trailer_{};
    bool cut_ = false;
};

/// Never fails: what is not understood is payload, with the reason in `problem`, of the layer before it where nothing
/// is left to show. `frame` may be cut short by the capture, and is then shorter than IP's length fields say.
[[nodiscard]] dissection dissect(link_type link, bytes_view frame, dissect_options options = {}) noexcept;

/// One field as it stands in a layer. Everything is borrowed.
struct shown_field {
    std::string_view name;
    std::string_view title;
    std::uint32_t offset = 0;  ///< in bits from the layer's first
    std::uint32_t bits = 0;
    field_kind kind = field_kind::number;
    std::uint64_t number = 0;                ///< where `bits` is at most 64
    bytes_view bytes = {};                   ///< where the field begins and ends on byte boundaries
    std::string_view value_text = {};        ///< the name of a `named` field's value
    std::span<const value_name> names = {};  ///< of a `flags` field's bits
    bool listed = false;                     ///< one of a list, also where it has only one
};

/// Takes the fields of a layer in their order on the wire. A group is a list's element (an option, an object, a
/// record); groups may lie in groups. A list of plain values (the addresses of `rdnss`) is a field of the same name for
/// each, `listed`.
class field_sink {
public:
    virtual ~field_sink() = default;
    virtual void field(const shown_field& f) = 0;
    /// `list` is the list's name (`options`, `objects`, `group_records`, `labels`), `name` what this element is (`mss`,
    /// `mpls`), empty for an option without a name here: its `code` tells it.
    virtual void begin_group(std::string_view list, std::string_view name, std::string_view title) = 0;
    virtual void end_group() = 0;
    /// Options, objects or records that are malformed from here on.
    virtual void problem(parse_error error) = 0;
};

/// Every field that the layer's bytes have room for: fixed header, variant, options, records. An option is shown as its
/// `code`, its `length` where it has one, the fields that it has names for, and `value`. Calls nothing for `payload`.
void visit_fields(const layer& l, field_sink& sink);

}  // namespace sonde::wire
