// What is known of an address beside its digits: its name, who announces it, where.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <sonde/base/ip_address.hpp>

namespace sonde::report {

/// A value type. The texts are others' (the resolver's, a database's): renderers escape them.
struct address_note {
    std::string name = {};                ///< empty when there is none, or none is wanted
    std::uint32_t autonomous_system = 0;  ///< the number, 0 when unknown
    std::string organization = {};        ///< whose it is
    std::string country = {};             ///< ISO 3166-1, two letters
};

/// Of an address; null when nothing is known. What it points to lives until the next call.
using address_notes = std::function<const address_note*(const ip_address&)>;

/// The name, or an empty text.
[[nodiscard]] inline std::string_view name_in(const address_notes& notes, const ip_address& address) {
    const address_note* note = notes ? notes(address) : nullptr;
    return note == nullptr ? std::string_view{} : std::string_view(note->name);
}

}  // namespace sonde::report
