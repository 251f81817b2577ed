// `sonde send --layers`: what a packet can be described with.
#pragma once

#include <string>

namespace sonde::cli {

/// All layers with their fields, forms and options, in the order of the stack.
[[nodiscard]] std::string layer_listing();

}  // namespace sonde::cli
