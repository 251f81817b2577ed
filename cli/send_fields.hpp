// Every field of a packet with its value, its bytes and who wrote it: what --explain and --json show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/send_preparation.hpp>

namespace sonde::cli {

struct explained_field {
    std::string name;   ///< an option's with its name in front: `mss.value`
    std::string value;  ///< as it left, or, when that is not known, as it was written
    std::string bytes;  ///< `00 1c`; digits of a nibble; `0b010` of what is no whole nibbles
    craft::author by = craft::author::preset;
    /// Set when the kernel wrote another value than it was given: that value's bytes, and `by` gave it.
    std::optional<std::string> overwritten;
};

struct explained_layer {
    const wire::header_layout* layout = nullptr;  ///< null for bytes
    std::string name;                             ///< `ip`, or `payload`
    std::string title;                            ///< with its form: `Internet Control Message Protocol, Echo`
    bytes_view bytes;                             ///< of the header with options, borrowed
    std::size_t offset = 0;
    std::vector<explained_field> fields;
    craft::author by = craft::author::user;  ///< of bytes without a header
};

/// `left`: the packet as it left, empty when that is not known; it has as many bytes as the packet. The result borrows
/// both.
[[nodiscard]] std::vector<explained_layer> explain_fields(const prepared_packet& packet, bytes_view left);

/// `you`, `sonde`, `kernel`.
[[nodiscard]] std::string_view author_name(craft::author by) noexcept;

}  // namespace sonde::cli
