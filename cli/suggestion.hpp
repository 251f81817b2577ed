// "Did you mean": the known word nearest to one that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sonde/base/nearest_word.hpp>

namespace sonde::cli {

using sonde::edit_distance;
using sonde::nearest;

/// `; did you mean '--count'?`, or `otherwise`.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string>& known,
                                       std::string_view otherwise = {});

}  // namespace sonde::cli
