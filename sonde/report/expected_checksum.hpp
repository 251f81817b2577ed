// What a checksum that is wrong should have been.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sonde/report/packet_view.hpp>

namespace sonde::report {

/// The value that belongs into the checksum field of layer number `index`. Nothing for protocols without one, for
/// OSPF, and where source routes change what is summed up. The layer's message must have been captured whole.
[[nodiscard]] std::optional<std::uint16_t> expected_checksum(const packet_view& packet, std::size_t index);

}  // namespace sonde::report
