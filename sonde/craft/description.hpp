// A packet in words: `ip(dst=127.0.0.1, ttl=64)/icmp(echo, id=7, seq=1)/"hello"`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sonde/base/ip_address.hpp>
#include <sonde/craft/description_error.hpp>
#include <sonde/craft/field_value.hpp>
#include <sonde/wire/header_layout.hpp>

namespace sonde::craft {

/// A field that the description gives. The table is static storage.
struct given_field {
    const wire::header_field* field;
    field_value value;
    std::size_t column = 1;
};

/// An option that the description gives, or the bytes of all of them.
struct given_option {
    const wire::option_layout* option = nullptr;  ///< null for `options=hex(...)` and a number that has no name
    std::uint8_t code = 0;
    std::vector<std::byte> data;  ///< without kind and length
    bool raw = false;             ///< `data` is written as it is
    std::size_t column = 1;
};

struct described_layer {
    const wire::header_layout* layout = nullptr;    ///< null for bytes
    const wire::header_variant* variant = nullptr;  ///< null where the header has but one form, or none with that value
    std::vector<given_field> fields = {};
    std::vector<given_option> options = {};
    std::vector<std::byte> bytes = {};  ///< of a layer without a layout
    std::size_t column = 1;

    [[nodiscard]] const given_field* find(std::string_view field) const noexcept;
    [[nodiscard]] bool is(wire::protocol id) const noexcept { return layout != nullptr && layout->id == id; }
};

/// A packet as it was described: which fields are given, and nothing yet of the others. A value type.
struct description {
    std::vector<described_layer> layers;

    /// Layers are separated by `/`: a name of `all_layouts()` with its arguments, `"text"`, `hex(00ff)` or `zeros(N)`.
    /// An argument is a form of the header (`icmp(echo)`), `field=value`, the name of a one-bit field, or an option.
    [[nodiscard]] static described<description> parse(std::string_view text);

    /// Where the outermost IP header goes, or whom an ARP request asks for; nothing when the description does not say.
    [[nodiscard]] std::optional<ip_address> destination() const;
};

/// How options follow a header of that form.
[[nodiscard]] wire::option_style options_of(const wire::header_layout& layout,
                                            const wire::header_variant* variant) noexcept;

}  // namespace sonde::craft
