// The options of one header as bytes, with the padding that its protocol asks for.
#pragma once

#include <cstddef>
#include <vector>

#include <sonde/craft/description.hpp>

namespace sonde::craft {

/// Everything behind the fixed header of `layer`. The error names the option that does not fit.
[[nodiscard]] described<std::vector<std::byte>> option_bytes(const described_layer& layer);

}  // namespace sonde::craft
