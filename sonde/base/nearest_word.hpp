// The known word nearest to one that is not known: what somebody who mistyped it meant.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonde {

/// Insertions, deletions, substitutions and swaps of neighbours between the two (optimal string alignment).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known`, the first of several; nothing when none is near enough to be meant. A word that one of
/// them begins with is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace sonde
