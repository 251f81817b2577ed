// What a renderer knows of a target, and of one event of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sonde/base/ip_address.hpp>
#include <sonde/base/time.hpp>
#include <sonde/probe/event.hpp>

namespace sonde::report {

/// Borrows its texts, which nobody has escaped yet: the renderers do.
struct target_view {
    std::string_view label;             ///< as the user wrote it, or the address made from a prefix
    std::optional<ip_address> address;  ///< nothing when the name did not resolve
};

/// Borrows all it points to.
struct event_view {
    const target_view& target;
    const probe::event& event;
    wall_time time{};                 ///< when it happened
    std::string_view from_name = {};  ///< the reverse name of `event.from`; empty when unknown or not wanted
};

/// The number of a ping as people count: a series counts from 1 without wrapping, else it is the number on the wire.
[[nodiscard]] constexpr std::uint32_t shown_sequence(const probe::event& event) noexcept {
    return event.series ? probe::series_ordinal(event.id) : event.sequence;
}

/// Whether an answer of that kind carries a round-trip time.
[[nodiscard]] constexpr bool has_round_trip(probe::event_kind kind) noexcept {
    using probe::event_kind;
    return kind == event_kind::reply || kind == event_kind::duplicate || kind == event_kind::late;
}

}  // namespace sonde::report
