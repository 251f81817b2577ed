// The header that `link_type::linux_cooked_v2` begins with, for packet sockets that deliver none.
#pragma once

#include <cstddef>
#include <vector>

#include <sonde/base/bytes.hpp>
#include <sonde/socket/packet_socket.hpp>

namespace sonde::socket {

/// A frame from a cooked socket with the header that libpcap gives it, in `into`, whose room is used again. A VLAN tag
/// that the kernel took out is back behind the header. `full_size` is that of the whole on the wire, header included.
/// Source: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html. Pure.
struct cooked_frame {
    bytes_view bytes;  ///< valid while `into` is left alone
    std::uint32_t full_size = 0;
};
[[nodiscard]] cooked_frame cook(bytes_view payload, const frame_meta& meta, std::vector<std::byte>& into);

}  // namespace sonde::socket
