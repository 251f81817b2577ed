// libpcap's numbers of link types (DLT_*) differ from those of capture files (LINKTYPE_*) where systems disagreed
// before the files' were settled: https://www.tcpdump.org/linktypes.html.
#pragma once

#include <sonde/base/link_type.hpp>

namespace sonde::socket {

/// The number that libpcap's functions take on this system.
[[nodiscard]] int data_link_type(link_type link) noexcept;

/// The other way; numbers without an own one are the same.
[[nodiscard]] link_type link_of_data_link_type(int data_link_type) noexcept;

}  // namespace sonde::socket
